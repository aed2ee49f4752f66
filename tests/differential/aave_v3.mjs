#!/usr/bin/env node
// The differential run: a seeded world on the real Aave V3 contracts, the daemon as a black box
// beside it, and after every step every number of the one against the other.
//
//   node tests/differential/aave_v3.mjs --release 3.0 --seed 7 --steps 25 --accounts 200
//        [--prices 8]        positions per step whose liquidation prices are certified
//        [--amounts 60]      positions per step whose amounts are compared, besides all six words
//        [--depth 5]         blocks replaced by the reorganisation
//        [--port P]          the chain's port, where a proxy must know it beforehand
//        [--proxy URL]       the daemon reads through this endpoint instead of the chain's own
//        [--keep]            keep the folder with configuration, log and state
// Binary: PLIMSOLL_BIN, or build/plimsoll.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import { freePort, startAnvil } from '../devnet/anvil.mjs';
import { Rng } from '../devnet/prng.mjs';
import { assertAllBorrowersKnown, readBalances, readWorld } from '../devnet/reader.mjs';
import { reorganise, step } from '../devnet/step.mjs';
import { GENESIS, buildWorld } from '../devnet/world.mjs';
import { Certifier } from './certify.mjs';
import { Tally, borrowers, compareLiquidations, compareMarkets, comparePositions, compareStatus, compareTvl } from './compare.mjs';
import { CHAIN, Daemon, PROTOCOL } from './daemon.mjs';

const REPOSITORY = path.join(path.dirname(fileURLToPath(import.meta.url)), '../..');
const CHAIN_ID = 31337;
const FIRST_SCAN_MS = 300_000;
const ROUND_MS = 120_000;
const SHOWN = 40;
const UNKNOWN_REVISION = 4_000n;

export function readArguments(argv) {
    const { values } = parseArgs({
        args: argv,
        options: {
            release: { type: 'string', default: 'latest' },
            seed: { type: 'string', default: '1' },
            steps: { type: 'string', default: '25' },
            accounts: { type: 'string', default: '200' },
            prices: { type: 'string', default: '8' },
            amounts: { type: 'string', default: '60' },
            depth: { type: 'string', default: '5' },
            port: { type: 'string' },
            proxy: { type: 'string' },
            keep: { type: 'boolean', default: false },
        },
    });
    if (!['3.0', 'latest'].includes(values.release)) throw new Error(`no release ${values.release}`);
    const numbers = ['steps', 'accounts', 'prices', 'amounts', 'depth', ...(values.port ? ['port'] : [])];
    for (const name of numbers) {
        values[name] = Number(values[name]);
        if (!Number.isInteger(values[name]) || values[name] < 0) throw new Error(`--${name} takes a whole number`);
    }
    if (values.depth < 4) throw new Error('--depth is at least 4');
    return values;
}

const say = (line) => process.stderr.write(`${line}\n`);

class Run {
    tally = new Tally();
    blocks = 0;
    reorgs = 0;
    certified = 0;
    accounts = 0;

    constructor({ options, anvil, world, daemon }) {
        Object.assign(this, { options, anvil, world, daemon });
        this.rng = new Rng(`differential/${options.seed}`);
    }

    /** Everything the daemon says about the head against the contracts at its hash. */
    async compare(label, deadlineMs = ROUND_MS) {
        const { world, daemon, tally } = this;
        const started = Date.now();
        const status = await daemon.reached(world.chain.head(), deadlineMs);
        const waited = Date.now() - started;
        const before = tally.mismatches.length;
        const reading = await this.read();
        compareStatus(tally, status, { chainName: CHAIN, protocolName: PROTOCOL }, reading);
        const rows = await daemon.positions();
        comparePositions(tally, rows, reading, await this.sampledBalances(reading));
        compareMarkets(tally, await daemon.rows('markets', { protocol: PROTOCOL }), reading);
        compareTvl(tally, await daemon.rows('tvl', { protocol: PROTOCOL }), reading);
        await this.certify(rows, reading);
        this.blocks += 1;
        this.accounts = Math.max(this.accounts, reading.accounts.length);
        this.report(label, before);
        const liquidatable = rows.filter(({ liquidatable: is }) => is === true).length;
        say(`${label}: block ${reading.block.number}, ${rows.length} positions, ${liquidatable} liquidatable, processed after ${waited} ms`);
    }

    async read() {
        const { world } = this;
        const reading = await readWorld(world.market, world.everyone(), world.chain.head());
        assertAllBorrowersKnown(reading);
        const sources = world.market.state.sources.filter(({ unused }) => !unused);
        reading.sourcedCategories = new Set(sources.map(({ id }) => id));
        return reading;
    }

    sample(list, count) {
        return this.rng.shuffle(list).slice(0, count);
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

    report(label, from) {
        const found = this.tally.mismatches.slice(from);
        for (const { where, field, expected, actual } of found.slice(0, SHOWN)) {
            say(`MISMATCH release ${this.options.release} seed ${this.options.seed} ${label}: ${where}: ${field}: contract ${expected} plimsoll ${actual}`);
        }
        if (found.length > SHOWN) say(`... and ${found.length - SHOWN} more`);
    }

    async liquidations() {
        const { world, daemon, tally } = this;
        const events = await liquidationEvents(world);
        const before = tally.mismatches.length;
        compareLiquidations(tally, await daemon.rows('liquidations', { protocol: PROTOCOL, since: 0 }), events);
        this.report('liquidations', before);
        say(`liquidations: ${events.length} on chain`);
    }

    /** A daemon killed while blocks go by must come back to the same numbers. */
    async killAndRestart() {
        await this.daemon.kill();
        await step(this.world, { blocks: 2 });
        this.daemon.start();
        await this.compare('after SIGKILL', FIRST_SCAN_MS);
    }

    async reorganise(onOrphans = async () => {}) {
        const { fork, orphaned, head } = await reorganise(this.world, {
            depth: this.options.depth,
            onOrphans: async () => {
                await this.compare('before the reorganisation');
                await onOrphans();
            },
        });
        this.reorgs += 1;
        say(`reorganisation: ${orphaned.number - fork} blocks after ${fork} replaced, head ${head.number}`);
    }

    async plainReorganisation() {
        await this.reorganise();
        await this.compare('after the reorganisation');
    }

    /** Killed on blocks that are orphaned before it comes back. */
    async killedInReorganisation() {
        await this.reorganise(() => this.daemon.kill());
        this.daemon.start();
        await this.compare('after SIGKILL and a reorganisation', FIRST_SCAN_MS);
    }

    /** Last of all: a Pool nobody knows the rules of must not be called live. */
    async unknownRevision() {
        const { world, daemon, tally } = this;
        await world.market.upgradePool(UNKNOWN_REVISION);
        const status = await daemon.reached(world.chain.head(), ROUND_MS);
        const protocol = status.protocols.find(({ name }) => name === PROTOCOL);
        const before = tally.mismatches.length;
        tally.equal('/status', `protocol.state at POOL_REVISION ${UNKNOWN_REVISION}`, 'unverified', protocol?.state);
        this.report('unknown revision', before);
    }

    async play() {
        const { steps } = this.options;
        const quarter = (n) => Math.max(1, Math.floor((steps * n) / 4));
        await this.compare('start', FIRST_SCAN_MS);
        for (let i = 1; i <= steps; i++) {
            await step(this.world);
            await this.compare(`step ${i}`);
            if (i === quarter(1)) await this.plainReorganisation();
            if (i === quarter(2)) await this.killAndRestart();
            if (i === quarter(3)) await this.killedInReorganisation();
        }
        await this.liquidations();
        await this.unknownRevision();
    }

    summary() {
        const { tally, accounts, blocks, reorgs, certified } = this;
        say(`certified liquidation prices and times: ${certified}`);
        return `mismatches: ${tally.mismatches.length} accounts: ${accounts} comparisons: ${tally.comparisons} blocks: ${blocks} reorgs: ${reorgs}`;
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

async function main() {
    const options = readArguments(process.argv.slice(2));
    const binary = path.resolve(process.env.PLIMSOLL_BIN || path.join(REPOSITORY, 'build/plimsoll'));
    const folder = mkdtempSync(path.join(tmpdir(), 'plimsoll-differential-'));
    const anvil = await startAnvil({ port: options.port, timestamp: GENESIS, chainId: CHAIN_ID, slotsInAnEpoch: 16 });
    let daemon = null;
    let line = null;
    try {
        const world = await buildWorld(anvil.chain, { ...options, say });
        daemon = new Daemon({
            ...{ binary, folder, port: await freePort(), chainId: CHAIN_ID },
            endpoint: options.proxy ?? anvil.url,
            provider: world.market.provider.address,
        });
        daemon.start();
        const run = new Run({ options, anvil, world, daemon });
        await run.play();
        line = run.summary();
        return run.tally.mismatches.length === 0 ? 0 : 1;
    } catch (error) {
        say(`release ${options.release} seed ${options.seed}: ${error.stack}`);
        return 1;
    } finally {
        await daemon?.kill();
        await anvil.stop();
        if (options.keep) say(`kept ${folder}`);
        else rmSync(folder, { recursive: true, force: true });
        if (line) process.stdout.write(`${line}\n`);
    }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.exitCode = await main();
