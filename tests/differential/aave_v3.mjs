#!/usr/bin/env node
// The differential run on the real Aave V3 contracts, see run.mjs.
//
//   node tests/differential/aave_v3.mjs --release 3.0 --seed 7 --steps 25 --accounts 200
//        [--prices 8]        positions per step whose liquidation prices are certified
//        [--amounts 60]      positions per step whose amounts are compared, besides all six words
//        [--depth 5]         blocks replaced by the reorganisation
//        [--port P]          the chain's port, where a proxy must know it beforehand
//        [--proxy URL]       the daemon reads through this endpoint instead of the chain's own
//        [--keep]            keep the folder with configuration, log and state
// Binary: PLIMSOLL_BIN, or build/plimsoll.

import { fileURLToPath } from 'node:url';

import { assertAllBorrowersKnown, readBalances, readWorld } from '../devnet/reader.mjs';
import { reorganise, step } from '../devnet/step.mjs';
import { GENESIS, buildWorld } from '../devnet/world.mjs';
import { Certifier } from './certify.mjs';
import { borrowers, compareLiquidations, compareMarkets, comparePositions, compareStatus, compareTvl } from './compare.mjs';
import { CHAIN, PROTOCOL } from './daemon.mjs';
import { ROUND_MS, Run, readRunArguments, runDifferential, say } from './run.mjs';

const UNKNOWN_REVISION = 4_000n;

export const readArguments = (argv) => readRunArguments(argv, { releases: ['3.0', 'latest'], fallback: 'latest' });

class AaveRun extends Run {
    step(options) {
        return step(this.world, options);
    }

    reorganiseWorld(options) {
        return reorganise(this.world, options);
    }

    async compareAt(status) {
        const { daemon, tally } = this;
        const reading = await this.read();
        compareStatus(tally, status, { chainName: CHAIN, protocolName: PROTOCOL }, reading);
        const rows = await daemon.positions();
        comparePositions(tally, rows, reading, await this.sampledBalances(reading));
        compareMarkets(tally, await daemon.rows('markets', { protocol: PROTOCOL }), reading);
        compareTvl(tally, await daemon.rows('tvl', { protocol: PROTOCOL }), reading);
        await this.certify(rows, reading);
        const liquidatable = rows.filter(({ liquidatable: is }) => is === true).length;
        return { positions: rows.length, liquidatable, accounts: reading.accounts.length };
    }

    async read() {
        const { world } = this;
        const reading = await readWorld(world.market, world.everyone(), world.chain.head());
        assertAllBorrowersKnown(reading);
        const sources = world.market.state.sources.filter(({ unused }) => !unused);
        reading.sourcedCategories = new Set(sources.map(({ id }) => id));
        return reading;
    }

    async sampledBalances(reading) {
        const users = this.sample(borrowers(reading), this.options.amounts);
        const addresses = users.map(({ address }) => address);
        return readBalances(this.world.market, addresses, reading.block.hash);
    }

    async certify(rows, reading) {
        const { world, tally, rng } = this;
        const certifier = new Certifier({ market: world.market, reading, tally, rng });
        for (const row of this.sample(rows, this.options.prices)) certifier.add(row);
        this.certified += await certifier.run();
    }

    async liquidations() {
        const { world, daemon, tally } = this;
        const events = await liquidationEvents(world);
        const before = tally.mismatches.length;
        compareLiquidations(tally, await daemon.rows('liquidations', { protocol: PROTOCOL, since: 0 }), events);
        this.report('liquidations', before);
        say(`liquidations: ${events.length} on chain`);
    }

    /** Last of all: a Pool nobody knows the rules of must not be called live. */
    async lastActs() {
        const { world, daemon, tally } = this;
        await world.market.upgradePool(UNKNOWN_REVISION);
        const status = await daemon.reached(world.chain.head(), ROUND_MS);
        const protocol = status.protocols.find(({ name }) => name === PROTOCOL);
        const before = tally.mismatches.length;
        tally.equal('/status', `protocol.state at POOL_REVISION ${UNKNOWN_REVISION}`, 'unverified', protocol?.state);
        this.report('unknown revision', before);
    }
}

async function liquidationEvents({ market, chain }) {
    const { iface, address } = market.pool;
    const topic = iface.getEvent('LiquidationCall').topicHash;
    const logs = await chain.rpc.call('eth_getLogs', [{ address, topics: [topic], fromBlock: '0x0', toBlock: 'latest' }]);
    return logs.map((log) => {
        const { args } = iface.parseLog(log);
        return {
            tx: log.transactionHash,
            log_index: Number(log.logIndex),
            account: args.user,
            liquidator: args.liquidator,
            collateral_token: args.collateralAsset,
            debt_token: args.debtAsset,
            collateral_raw: args.liquidatedCollateralAmount,
            debt_raw: args.debtToCover,
        };
    });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
    process.exitCode = await runDifferential({
        options: readArguments(process.argv.slice(2)),
        genesis: GENESIS,
        buildWorld,
        daemonParts: (world) => ({ provider: world.market.provider.address }),
        makeRun: (parts) => new AaveRun(parts),
    });
}
