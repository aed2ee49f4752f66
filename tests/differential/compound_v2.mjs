#!/usr/bin/env node
// The differential run on Compound V2 contracts, see run.mjs and ../devnet/compound_market.mjs.
//
//   node tests/differential/compound_v2.mjs --release venus --seed 7 --steps 25 --accounts 200
//        [--release justlend] half-up products, JustLend's events, prices in the native coin
//        [--release tron]    the same with TRX for the coin; tron27: with its other scale
//        [--prices 8]        positions per step whose liquidation prices are certified
//        [--depth 5]         blocks replaced by the reorganisation
//        [--port P]          the chain's port, where a proxy must know it beforehand
//        [--proxy URL]       the daemon reads through this endpoint instead of the chain's own
//        [--chain-kind tron] the daemon reads through the gateway to which the chain is a TRON node
//        [--keep]            keep the folder with configuration, log and state
// Binary: PLIMSOLL_BIN, or build/plimsoll. All numbers of all accounts are compared at each step.

import { fileURLToPath } from 'node:url';

import { RELEASES, SCALE } from '../devnet/compound_market.mjs';
import { assertAllCompoundBorrowersKnown } from '../devnet/compound_reader.mjs';
import { compoundStep, reorganiseCompound } from '../devnet/compound_step.mjs';
import { buildCompoundWorld } from '../devnet/compound_world.mjs';
import { CompoundCertifier } from './certify_compound.mjs';
import { compareCompoundLiquidations, compareCompoundMarkets, compareCompoundPositions, compareCompoundStatus, compareCompoundTvl } from './compare_compound.mjs';
import { CHAIN, PAGE } from './daemon.mjs';
import { Run, readRunArguments, runDifferential, say } from './run.mjs';

const PROTOCOL = 'compound-devnet';
const GENESIS = 1_769_299_200;
const ZERO = '0x' + '0'.repeat(40);

const BANDS = { 'eth-upper': ['ETH', 1900, 2100], 'eth-lower': ['ETH', 1500, 1700], btc: ['WBTC', 50000, 60000] };

const subject = ({ market }, options) => ({
    name: PROTOCOL,
    kind: 'compound-v2',
    chainKind: options['chain-kind'],
    groups: market.groups,
    bands: market.groups.TRX ? { ...BANDS, trx: ['TRX', '"0.25"', '"0.30"'] } : BANDS,
});

class CompoundRun extends Run {
    step(options) {
        return compoundStep(this.world, options);
    }

    reorganiseWorld(options) {
        return reorganiseCompound(this.world, options);
    }

    /** What must have been found out; the rounding only once some account shows it. */
    findings() {
        const { isJustLend, coin, exponent } = this.world.market;
        return [isJustLend ? `prices in ${coin.symbol} (10^${exponent})` : 'prices in USD'];
    }

    async compareAt(status) {
        const { tally, world, rng, front } = this;
        const reading = await world.read();
        assertAllCompoundBorrowersKnown(reading);
        const shown = { ...reading, block: front.shown(reading.block) };
        compareCompoundStatus(tally, status, { chainName: CHAIN, protocolName: PROTOCOL }, shown, this.findings());
        const rows = await this.rows('positions', { limit: PAGE });
        compareCompoundPositions(tally, rows, shown);
        compareCompoundMarkets(tally, await this.rows('markets'), shown);
        compareCompoundTvl(tally, await this.rows('tvl'), shown);
        const certifier = new CompoundCertifier({ market: world.market, reading, tally, rng });
        for (const row of this.sample(rows, this.options.prices)) certifier.add(row);
        this.certified += await certifier.run();
        const liquidatable = rows.filter(({ liquidatable: is }) => is === true).length;
        return { positions: rows.length, liquidatable, accounts: reading.accounts.length };
    }

    async liquidations() {
        const { world, tally } = this;
        const events = await liquidationEvents(world);
        const before = tally.mismatches.length;
        compareCompoundLiquidations(tally, await this.rows('liquidations', { since: 0 }), events, this.front);
        this.report('liquidations', before);
        say(`liquidations: ${events.length} on chain`);
    }

    /** The Comptroller begins to round otherwise: found out again, nothing believed meanwhile. */
    async lastActs() {
        const { market } = this.world;
        market.setLens(market.rounding === 'truncate' ? 'HalfUpLens' : 'ComptrollerLens');
        await this.world.mine();
        await this.compare('after the rounding changed');
        await this.step({ blocks: 2 });
        await this.compare('with the other rounding');
    }
}

/** Null where the local EVM has dropped the state of that block. */
async function rateAt(cToken, block) {
    try {
        return await cToken.read('exchangeRateStored', [], block);
    } catch (error) {
        if (!error.message.includes('BlockOutOfRange')) throw error;
        return null;
    }
}

/** Amounts of the collateral's underlying by the exchange rate at the end of the block. */
async function liquidationEvents({ market, chain }) {
    const { iface } = market.cToken('USDT');
    const topic = iface.getEvent('LiquidateBorrow').topicHash;
    const addresses = market.markets.map(({ cToken }) => cToken);
    const logs = await chain.rpc.call('eth_getLogs', [{ address: addresses, topics: [topic], fromBlock: '0x0', toBlock: 'latest' }]);
    const byAddress = new Map(market.markets.map((entry) => [entry.cToken.toLowerCase(), entry]));
    const out = [];
    for (const log of logs) {
        const { args } = iface.parseLog(log);
        const [liquidator, borrower, repaid, seized, tokens] = args;
        const collateral = byAddress.get(seized.toLowerCase());
        const debt = byAddress.get(log.address.toLowerCase());
        const rate = await rateAt(market.cToken(collateral.symbol), log.blockNumber);
        out.push({
            tx: log.transactionHash,
            log_index: Number(log.logIndex),
            account: borrower,
            liquidator,
            collateral_token: collateral.underlying ?? ZERO,
            debt_token: debt.underlying ?? ZERO,
            debt_raw: repaid,
            seized_shares_raw: tokens,
            collateral_raw: rate === null ? null : (tokens * rate) / SCALE,
        });
    }
    return out;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
    process.exitCode = await runDifferential({
        options: readRunArguments(process.argv.slice(2), { releases: RELEASES, fallback: 'venus' }),
        genesis: GENESIS,
        buildWorld: buildCompoundWorld,
        daemonParts: (world, options) => ({ provider: world.market.comptroller.address, subject: subject(world, options) }),
        events: ({ market }) => [market.cToken('USDT').iface, market.comptroller.iface],
        makeRun: (parts) => new CompoundRun(parts),
    });
}
