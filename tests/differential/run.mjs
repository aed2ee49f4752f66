// A differential run, whatever the kind: a seeded world on real contracts, the daemon as a black
// box beside it, and after every step every number of the one against the other. On the way the
// chain is reorganised, the daemon killed and started again, and killed on blocks that are
// orphaned before it is back.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import { freePort, startAnvil } from '../devnet/anvil.mjs';
import { Rng } from '../devnet/prng.mjs';
import { TRON_MAINNET } from '../devnet/tron_gateway.mjs';
import { Tally } from './compare.mjs';
import { Daemon } from './daemon.mjs';
import { evmFront, startTronFront } from './front.mjs';

const REPOSITORY = path.join(path.dirname(fileURLToPath(import.meta.url)), '../..');
const CHAIN_ID = 31337;
export const FIRST_SCAN_MS = 300_000;
export const ROUND_MS = 120_000;
const SHOWN_OF_FIELD = 5;

export function readRunArguments(argv, { releases, fallback }) {
    const { values } = parseArgs({
        args: argv,
        options: {
            release: { type: 'string', default: fallback },
            seed: { type: 'string', default: '1' },
            steps: { type: 'string', default: '25' },
            accounts: { type: 'string', default: '200' },
            prices: { type: 'string', default: '8' },
            amounts: { type: 'string', default: '60' },
            depth: { type: 'string', default: '5' },
            port: { type: 'string' },
            proxy: { type: 'string' },
            'chain-kind': { type: 'string', default: 'evm' },
            keep: { type: 'boolean', default: false },
        },
    });
    if (!releases.includes(values.release)) throw new Error(`no release ${values.release}`);
    const numbers = ['steps', 'accounts', 'prices', 'amounts', 'depth', ...(values.port ? ['port'] : [])];
    for (const name of numbers) {
        values[name] = Number(values[name]);
        if (!Number.isInteger(values[name]) || values[name] < 0) throw new Error(`--${name} takes a whole number`);
    }
    if (values.depth < 4) throw new Error('--depth is at least 4');
    return values;
}

export const say = (line) => process.stderr.write(`${line}\n`);

/**
 * A kind gives: `step(options)`, `reorganiseWorld(options)`, `compareAt(status)` (which compares
 * everything at the head and answers {positions, liquidatable, accounts}), `liquidations()` and
 * `lastActs()`.
 */
export class Run {
    tally = new Tally();
    blocks = 0;
    reorgs = 0;
    certified = 0;
    accounts = 0;

    constructor({ options, world, daemon, front }) {
        Object.assign(this, { options, world, daemon, front });
        this.rng = new Rng(`differential/${options.seed}`);
    }

    /** Everything the daemon says about the head against the contracts at its hash. */
    async compare(label, deadlineMs = ROUND_MS) {
        const { world, daemon, tally } = this;
        const started = Date.now();
        const status = await daemon.reached(this.front.shown(world.chain.head()), deadlineMs);
        const waited = Date.now() - started;
        const before = tally.mismatches.length;
        const { positions, liquidatable, accounts } = await this.compareAt(status);
        this.blocks += 1;
        this.accounts = Math.max(this.accounts, accounts);
        this.report(label, before);
        say(`${label}: block ${world.chain.number}, ${positions} positions, ${liquidatable} liquidatable, processed after ${waited} ms`);
    }

    /** Rows of a table about the watched protocol, with addresses as the EVM writes them. */
    async rows(table, query = {}) {
        const { daemon, front } = this;
        return front.rows(await daemon.rows(table, { protocol: daemon.protocol, ...query }));
    }

    sample(list, count) {
        return this.rng.shuffle(list).slice(0, count);
    }

    report(label, from) {
        const found = this.tally.mismatches.slice(from);
        // One cause shows in many rows: of each field some are shown.
        const shown = new Map();
        for (const { where, field, expected, actual } of found) {
            shown.set(field, (shown.get(field) ?? 0) + 1);
            if (shown.get(field) > SHOWN_OF_FIELD) continue;
            say(`MISMATCH release ${this.options.release} seed ${this.options.seed} ${label}: ${where}: ${field}: contract ${expected} plimsoll ${actual}`);
        }
        for (const [field, count] of shown) {
            if (count > SHOWN_OF_FIELD) say(`... and ${count - SHOWN_OF_FIELD} more of ${field}`);
        }
        if (found.length > 0) say(this.daemon.lastLines());
    }

    /** A daemon killed while blocks go by must come back to the same numbers. */
    async killAndRestart() {
        await this.daemon.kill();
        await this.step({ blocks: 2 });
        this.daemon.start();
        await this.compare('after SIGKILL', FIRST_SCAN_MS);
    }

    async reorganise(onOrphans = async () => {}) {
        const { fork, orphaned, head } = await this.reorganiseWorld({
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

    async play() {
        const { steps } = this.options;
        const quarter = (n) => Math.max(1, Math.floor((steps * n) / 4));
        await this.compare('start', FIRST_SCAN_MS);
        for (let i = 1; i <= steps; i++) {
            await this.step();
            await this.compare(`step ${i}`);
            if (i === quarter(1)) await this.plainReorganisation();
            if (i === quarter(2)) await this.killAndRestart();
            if (i === quarter(3)) await this.killedInReorganisation();
        }
        await this.liquidations();
        await this.lastActs();
    }

    summary() {
        const { tally, accounts, blocks, reorgs, certified } = this;
        say(`certified liquidation prices and times: ${certified}`);
        return `mismatches: ${tally.mismatches.length} accounts: ${accounts} comparisons: ${tally.comparisons} blocks: ${blocks} reorgs: ${reorgs}`;
    }
}

/**
 * Starts chain, world and daemon, plays, and prints the summary; the exit code. `buildWorld(chain,
 * options)` makes the world, `daemonParts(world, options)` what the daemon's configuration needs,
 * `events(world)` the interfaces by which TronGrid would name its events, and `makeRun(parts)` the
 * run.
 */
export async function runDifferential({ options, genesis, buildWorld, daemonParts, events, makeRun }) {
    const binary = path.resolve(process.env.PLIMSOLL_BIN || path.join(REPOSITORY, 'build/plimsoll'));
    const folder = mkdtempSync(path.join(tmpdir(), 'plimsoll-differential-'));
    const isTron = options['chain-kind'] === 'tron';
    const chainId = isTron ? TRON_MAINNET : CHAIN_ID;
    const anvil = await startAnvil({ port: options.port, timestamp: genesis, chainId, slotsInAnEpoch: 16 });
    let daemon = null;
    let front = null;
    let line = null;
    try {
        const world = await buildWorld(anvil.chain, { ...options, say });
        front = isTron ? await startTronFront(anvil, events(world)) : evmFront(anvil);
        const parts = daemonParts(world, options);
        daemon = new Daemon({
            ...{ binary, folder, port: await freePort(), chainId, ...parts },
            endpoint: options.proxy ?? front.endpoint,
            provider: front.written(parts.provider),
            chainKeys: front.chainKeys,
        });
        daemon.start();
        const run = makeRun({ options, world, daemon, front });
        await run.play();
        line = run.summary();
        return run.tally.mismatches.length === 0 ? 0 : 1;
    } catch (error) {
        say(`release ${options.release} seed ${options.seed}: ${error.stack}`);
        return 1;
    } finally {
        await daemon?.kill();
        front?.stop();
        await anvil.stop();
        if (options.keep) say(`kept ${folder}`);
        else rmSync(folder, { recursive: true, force: true });
        if (line) process.stdout.write(`${line}\n`);
    }
}
