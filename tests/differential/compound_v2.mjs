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

import { ACTIONS, RELEASES, SCALE } from '../devnet/compound_market.mjs';
import { assertAllCompoundBorrowersKnown } from '../devnet/compound_reader.mjs';
import { compoundStep, reorganiseCompound } from '../devnet/compound_step.mjs';
import { buildCompoundWorld } from '../devnet/compound_world.mjs';
import { CompoundCertifier } from './certify_compound.mjs';
import { compareCompoundLiquidations, compareCompoundMarkets, compareCompoundPositions, compareCompoundStatus, compareCompoundTvl } from './compare_compound.mjs';
import { Dollars, compareBands, compareMarketDollars, compareTotalDollars } from './compound_dollars.mjs';
import { CHAIN, PAGE } from './daemon.mjs';
import { Run, readRunArguments, runDifferential, say } from './run.mjs';

const PROTOCOL = 'compound-devnet';
const GENESIS = 1_769_299_200;
const ZERO = '0x' + '0'.repeat(40);

const BANDS = { 'eth-upper': ['ETH', 1900, 2100], 'eth-lower': ['ETH', 1500, 1700], btc: ['WBTC', 50000, 60000] };

const bandsOf = ({ market }) => (market.groups.TRX ? { ...BANDS, trx: ['TRX', '"0.25"', '"0.30"'] } : BANDS);

const subject = (world, options) => ({
    name: PROTOCOL,
    kind: 'compound-v2',
    chainKind: options['chain-kind'],
    groups: world.market.groups,
    bands: bandsOf(world),
});

const protocolOf = (status) => status.protocols.find(({ name }) => name === PROTOCOL);
const keyOf = (log) => `${log.blockHash} ${log.logIndex}`;

class CompoundRun extends Run {
    constructor(parts) {
        super(parts);
        // Asked while it makes many blocks at once, the chain answers for another one than it was asked about.
        this.world.unwatched = (act) => this.daemon.unwatched(act);
    }

    liquidationsAt = new Map();
    undecided = 0;

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

    liquidationFilter() {
        const { market } = this.world;
        const { topicHash } = market.cToken('USDT').iface.getEvent('LiquidateBorrow');
        return { address: market.markets.map(({ cToken }) => cToken), topics: [topicHash] };
    }

    /** The chain forgets old states: what liquidations need of theirs is read while it is there. */
    async rememberLiquidations() {
        const { market, chain } = this.world;
        const logs = await chain.rpc.call('eth_getLogs', [{ ...this.liquidationFilter(), fromBlock: '0x0', toBlock: 'latest' }]);
        for (const log of logs) {
            const key = keyOf(log);
            if (!this.liquidationsAt.has(key)) this.liquidationsAt.set(key, await liquidationEvent(market, log));
        }
    }

    /** So few accounts may all be of one mind about the rounding: then the daemon has to say so. */
    isUndecided(status) {
        const { state, reason } = protocolOf(status);
        return state === 'unverified' && reason.startsWith('the rounding of mantissas is not known yet');
    }

    async compareAt(status) {
        const { tally, world, rng, front } = this;
        await this.rememberLiquidations();
        if (this.isUndecided(status)) {
            this.undecided += 1;
            return { positions: protocolOf(status).positions, liquidatable: 'an unknown number of', accounts: 0 };
        }
        const reading = await world.read();
        assertAllCompoundBorrowersKnown(reading);
        const shown = { ...reading, block: front.shown(reading.block) };
        compareCompoundStatus(tally, status, { chainName: CHAIN, protocolName: PROTOCOL }, shown, this.findings());
        const rows = await this.rows('positions', { limit: PAGE });
        compareCompoundPositions(tally, rows, shown);
        const [markets, totals, bands] = [await this.rows('markets'), await this.rows('tvl'), await this.rows('bands')];
        compareCompoundMarkets(tally, markets, shown);
        compareCompoundTvl(tally, totals, shown);
        const dollars = new Dollars(reading, world.market);
        compareMarketDollars(tally, markets, reading, dollars);
        compareTotalDollars(tally, totals[0], reading, dollars);
        compareBands(tally, bands, reading, world.market, dollars, bandsOf(world));
        const certifier = new CompoundCertifier({ market: world.market, reading, tally, rng });
        for (const row of this.sample(rows, this.options.prices)) certifier.add(row);
        this.certified += await certifier.run();
        const liquidatable = rows.filter(({ liquidatable: is }) => is === true).length;
        return { positions: rows.length, liquidatable, accounts: reading.accounts.length };
    }

    async liquidations() {
        const { world, tally } = this;
        const logs = await world.chain.rpc.call('eth_getLogs', [{ ...this.liquidationFilter(), fromBlock: '0x0', toBlock: 'latest' }]);
        const events = logs.map((log) => this.liquidationsAt.get(keyOf(log)));
        const before = tally.mismatches.length;
        const rows = await this.rows('liquidations', { since: 0 });
        compareCompoundLiquidations(tally, rows, events);
        // Only a chain that keeps no state may have left some without.
        const unpriced = rows.filter(({ price_source: source }) => source === null).length;
        if (this.options['chain-kind'] === 'evm') tally.equal('/v1/liquidations', 'without a price', 0, unpriced);
        this.report('liquidations', before);
        say(`liquidations: ${events.length} on chain, ${unpriced} without a price`);
    }

    async lastActs() {
        await this.pauseActions();
        await this.changeRounding();
    }

    /** Single actions of a market, then all there are of all markets; and another close factor. */
    async pauseActions() {
        const { market, chain } = this.world;
        for (const action of ACTIONS) market.pause('SUN', action, true);
        for (const action of ['transfer', 'exit_market']) market.pause('NFT', action, true);
        for (const action of ['mint', 'borrow', 'seize']) market.pause('GUSD', action, true);
        market.setCloseFactor(SCALE / 3n);
        await chain.mineAll({ seconds: 3 });
        await this.compare('with actions paused');
        market.pauseProtocol(true);
        await chain.mineAll({ seconds: 3 });
        await this.compare('with everything paused');
        market.pauseProtocol(false);
        for (const action of ACTIONS) market.pause('SUN', action, false);
        await chain.mineAll({ seconds: 3 });
        await this.compare('with less paused');
    }

    /** The Comptroller begins to round otherwise: found out again, nothing believed meanwhile. */
    async changeRounding() {
        const { market } = this.world;
        market.setLens(market.rounding === 'truncate' ? 'HalfUpLens' : 'ComptrollerLens');
        await this.world.mine();
        await this.compare('after the rounding changed');
        await this.step({ blocks: 2 });
        await this.compare('with the other rounding');
        this.tally.isTrue('rounding', `known at most blocks (not at ${this.undecided} of ${this.blocks})`, this.undecided * 4 <= this.blocks);
    }
}

/** Amounts of the collateral's underlying by the exchange rate at the end of the block. */
async function liquidationEvent(market, log) {
    const byAddress = new Map(market.markets.map((entry) => [entry.cToken.toLowerCase(), entry]));
    const [liquidator, borrower, repaid, seized, tokens] = market.cToken('USDT').iface.parseLog(log).args;
    const collateral = byAddress.get(seized.toLowerCase());
    const debt = byAddress.get(log.address.toLowerCase());
    const rate = await market.cToken(collateral.symbol).read('exchangeRateStored', [], log.blockNumber);
    return {
        tx: log.transactionHash,
        log_index: Number(log.logIndex),
        account: borrower,
        liquidator,
        collateral_token: collateral.underlying ?? ZERO,
        debt_token: debt.underlying ?? ZERO,
        debt_raw: repaid,
        seized_shares_raw: tokens,
        collateral_raw: (tokens * rate) / SCALE,
    };
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
