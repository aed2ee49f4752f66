#!/usr/bin/env node
// The differential run on Compound V2 contracts, see run.mjs and ../devnet/compound_market.mjs.
//
//   node tests/differential/compound_v2.mjs --release venus --seed 7 --steps 25 --accounts 200
//        [--release justlend] half-up products, JustLend's events, prices in the native coin
//        [--prices 8]        positions per step whose liquidation prices are certified
//        [--depth 5]         blocks replaced by the reorganisation
//        [--port P]          the chain's port, where a proxy must know it beforehand
//        [--proxy URL]       the daemon reads through this endpoint instead of the chain's own
//        [--chain-kind K]    the chain's kind in the daemon's configuration
//        [--keep]            keep the folder with configuration, log and state
// Binary: PLIMSOLL_BIN, or build/plimsoll. All numbers of all accounts are compared at each step.

import { fileURLToPath } from 'node:url';

import { ETH_GROUP, SCALE } from '../devnet/compound_market.mjs';
import { assertAllCompoundBorrowersKnown } from '../devnet/compound_reader.mjs';
import { compoundStep, reorganiseCompound } from '../devnet/compound_step.mjs';
import { buildCompoundWorld } from '../devnet/compound_world.mjs';
import { CompoundCertifier } from './certify_compound.mjs';
import { compareCompoundLiquidations, compareCompoundMarkets, compareCompoundPositions, compareCompoundStatus, compareCompoundTvl } from './compare_compound.mjs';
import { CHAIN } from './daemon.mjs';
import { Run, readRunArguments, runDifferential, say } from './run.mjs';

const PROTOCOL = 'compound-devnet';
const GENESIS = 1_769_299_200;
const ZERO = '0x' + '0'.repeat(40);

const subject = (options) => ({
    name: PROTOCOL,
    kind: 'compound-v2',
    chainKind: options['chain-kind'],
    groups: { ETH: ETH_GROUP },
    bands: { 'eth-upper': ['ETH', 1900, 2100], 'eth-lower': ['ETH', 1500, 1700], btc: ['WBTC', 50000, 60000] },
});

const protocolOf = (status) => status.protocols.find(({ name }) => name === PROTOCOL);
const keyOf = (log) => `${log.blockHash} ${log.logIndex}`;

class CompoundRun extends Run {
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
        const { release } = this.world;
        return [release === 'justlend' ? 'prices in ETH (10^18)' : 'prices in USD'];
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
        const { daemon, tally, world, rng } = this;
        await this.rememberLiquidations();
        if (this.isUndecided(status)) {
            this.undecided += 1;
            return { positions: protocolOf(status).positions, liquidatable: 'an unknown number of', accounts: 0 };
        }
        const reading = await world.read();
        assertAllCompoundBorrowersKnown(reading);
        compareCompoundStatus(tally, status, { chainName: CHAIN, protocolName: PROTOCOL }, reading, this.findings());
        const rows = await daemon.positions();
        compareCompoundPositions(tally, rows, reading);
        compareCompoundMarkets(tally, await daemon.rows('markets', { protocol: PROTOCOL }), reading);
        compareCompoundTvl(tally, await daemon.rows('tvl', { protocol: PROTOCOL }), reading);
        const certifier = new CompoundCertifier({ market: world.market, reading, tally, rng });
        for (const row of this.sample(rows, this.options.prices)) certifier.add(row);
        this.certified += await certifier.run();
        const liquidatable = rows.filter(({ liquidatable: is }) => is === true).length;
        return { positions: rows.length, liquidatable, accounts: reading.accounts.length };
    }

    async liquidations() {
        const { world, daemon, tally } = this;
        const logs = await world.chain.rpc.call('eth_getLogs', [{ ...this.liquidationFilter(), fromBlock: '0x0', toBlock: 'latest' }]);
        const events = logs.map((log) => this.liquidationsAt.get(keyOf(log)));
        const before = tally.mismatches.length;
        compareCompoundLiquidations(tally, await daemon.rows('liquidations', { protocol: PROTOCOL, since: 0 }), events);
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
        options: readRunArguments(process.argv.slice(2), { releases: ['venus', 'justlend'], fallback: 'venus' }),
        genesis: GENESIS,
        buildWorld: buildCompoundWorld,
        daemonParts: (world, options) => ({ provider: world.market.comptroller.address, subject: subject(options) }),
        makeRun: (parts) => new CompoundRun(parts),
    });
}
