// What happens on one chain of the demonstration: prices, people, liquidators, and the means to
// take it back.

import { liquidateSome } from './demo_liquidator.mjs';
import { readBalances } from './reader.mjs';
import { WEIGHTS, step } from './step.mjs';

/** Ordinary life: nobody breaks a feed or changes the market. */
const ORDINARY = {
    ...Object.fromEntries(Object.keys(WEIGHTS).map((name) => [name, 0])),
    ...{ supply: 5, withdraw: 3, borrow: 4, repay: 4, transferAToken: 1, flashLoanDebt: 1, borrowForAnother: 1 },
};

/**
 * One block of an Aave market, `seconds` after the last: WETH at `price`, the liquidators at work on what the last
 * block left, a little ordinary life. `isRescued`: nobody touches the account that can be rescued,
 * and in the block where that is due it pays back.
 */
export async function playBlock(world, { seconds, price, isRescued = false, isRescueDue = false }) {
    world.queueEthPrice(price);
    await liquidateSome(world, isRescued);
    if (isRescueDue) await payBack(world);
    world.gap = seconds;
    const block = await step(world, { blocks: 1, weights: ORDINARY, most: 2 });
    world.gap = null;
    return block;
}

/** More than half of what the rescued account owes. */
async function payBack({ market, chain, rescued }) {
    const balances = await readBalances(market, [rescued], chain.hash);
    for (const [symbol, { debt }] of Object.entries(balances.get(rescued))) {
        if (debt > 0n) market.repay(rescued, symbol, (debt * 3n) / 5n);
    }
}

/** A point to which the chain can be taken back, once. */
export async function mark(world) {
    const { chain, rng } = world;
    return { saved: world.save(), drawn: [...rng.state], snapshot: await chain.snapshot(), number: chain.number };
}

/** Orphans every block above the mark; what was drawn since then will be drawn again. */
export async function takeBack(world, { saved, drawn, snapshot }) {
    await world.chain.revert(snapshot);
    world.restore(saved);
    world.rng.state = [...drawn];
}

/** LiquidationCall events of the canonical chain. */
export async function liquidationEvents({ market, chain }) {
    const { iface, address } = market.pool;
    const topic = iface.getEvent('LiquidationCall').topicHash;
    const logs = await chain.rpc.call('eth_getLogs', [{ address, topics: [topic], fromBlock: '0x0', toBlock: 'latest' }]);
    return logs.map((log) => ({
        tx: log.transactionHash,
        logIndex: Number(log.logIndex),
        block: Number(log.blockNumber),
        account: iface.parseLog(log).args.user,
    }));
}
