// What happens on one chain of the demonstration: prices, people, liquidators, and the means to
// take it back.

import { MAX } from './market.mjs';
import { aggregate, words } from './multicall.mjs';
import { WAD, isBorrowing, isCollateral, readAccounts, readBalances } from './reader.mjs';
import { WEIGHTS, step } from './step.mjs';

/** Of those who can be liquidated most are, but not all at once. */
const TAKES_PERCENT = 75;
const TAKES_MOST = 12;

/** Ordinary life: nobody breaks a feed or changes the market. */
const ORDINARY = {
    ...Object.fromEntries(Object.keys(WEIGHTS).map((name) => [name, 0])),
    ...{ supply: 5, withdraw: 3, borrow: 4, repay: 4, transferAToken: 1, flashLoanDebt: 1, borrowForAnother: 1 },
};

/**
 * One block, `seconds` after the last: WETH at `price`, the liquidators at work on what the last
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

/** The rival comes last: without him every other liquidation is the same transaction again. */
async function liquidateSome(world, isRescued) {
    const { market, chain, rng, rescued, liquidator, rival } = world;
    const unhealthy = await unhealthyAccounts(world);
    const others = unhealthy.filter((address) => address !== rescued && rng.chance(TAKES_PERCENT));
    const isLost = !isRescued && unhealthy.includes(rescued);
    const targets = [...rng.shuffle(others).slice(0, TAKES_MOST), ...(isLost ? [rescued] : [])];
    const [users, balances] = await Promise.all([
        readAccounts(market, targets, chain.hash),
        readBalances(market, targets, chain.hash),
    ]);
    for (const user of users) {
        const who = user.address === rescued ? rival : liquidator;
        liquidateLargest(market, who, user, balances.get(user.address));
    }
}

/** Those below 1 by the contract's own health factor who still have collateral. */
async function unhealthyAccounts(world) {
    const { pool, chain } = world.market;
    const borrowers = world.borrowers();
    const questions = borrowers.map((address) => [pool.address, pool.data('getUserAccountData', [address])]);
    const views = await aggregate(chain.rpc, questions, chain.hash);
    return borrowers.filter((_, i) => {
        if (views[i] === null) return false;
        const [collateral, , , , , healthFactor] = words(views[i]);
        return collateral > 0n && healthFactor < WAD;
    });
}

/** The largest debt is repaid with the largest collateral, as far as the contract allows. */
function liquidateLargest(market, liquidator, { address, bitmap }, balances) {
    const value = (symbol, amount) => (amount * market.price(symbol)) / 10n ** BigInt(market.reserve(symbol).decimals);
    const largest = (isOne, side) =>
        market.reserves
            .filter(({ id }) => isOne(bitmap, id))
            .map(({ symbol }) => ({ symbol, value: value(symbol, balances[symbol][side]) }))
            .sort((a, b) => (a.value < b.value ? 1 : -1))[0];
    const collateral = largest(isCollateral, 'supplied');
    const debt = largest(isBorrowing, 'debt');
    if (collateral && debt) market.liquidate(liquidator, collateral.symbol, debt.symbol, address, MAX);
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
        account: iface.parseLog(log).args.user,
    }));
}
