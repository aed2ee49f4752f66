#!/usr/bin/env node
// Kills the daemon at the N-th call of every system call that changes something: N = 1, 2, 3 … until
// a run survives, from prepared states: a first start, a round with liquidations, a queue to be
// delivered, a reorganisation. After every kill it starts again, and nothing may be lost, invented,
// out of order or more than once too often there; every number equals the contract's.
//
//   node tests/faults/syscalls.mjs [--sample] [--keep]
//
// --sample takes a few points of each. strace counts the calls of every thread by itself, so the
// states are such that each of the daemon's threads has its turn at being the first to reach N.

import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';

import { mark, takeBack } from '../devnet/demo_play.mjs';
import { check } from './checker.mjs';
import { FaultDaemon, pause } from './daemon.mjs';
import { copyState, gather } from './evidence.mjs';
import { FaultyReceiver } from './receiver.mjs';
import { compareAlerts, compareWithContracts } from './truth.mjs';
import { startRestlessMarket } from './world.mjs';

const CALLS = ['pwrite64', 'fdatasync', 'fsync', 'write', 'ftruncate', 'mkdir', 'unlink', 'rename', 'fchmod', 'sendto'];
/** Every N up to here, and from there on every eighth or so. */
const DENSE = 60;
/** The N taken of each call in a sample. */
const SAMPLE = { pwrite64: [2, 40, 90], fdatasync: [3, 9], write: [9], fsync: [1], ftruncate: [1], rename: [1] };
const REACH_MS = 60_000;
const LANES = 4;
const EVENTS_WANTED = 4;
const SHOWN = 10;

const say = (line) => process.stderr.write(`${line}\n`);

/** Where a daemon may be killed: what it starts from, and the block it goes to. */
class Crashes {
    points = 0;
    kills = 0;
    survived = 0;
    again = 0;
    /** "call of file" -> how often a kill hit it. */
    places = new Map();
    complaints = [];

    constructor({ folder, market, daemon, receiver, since }) {
        Object.assign(this, { folder, market, daemon, receiver, since });
    }

    /** Goes through the calls from one prepared state. */
    async series(name, template, { sample }) {
        const before = this.kills;
        for (const call of CALLS) {
            for (const n of sample ? (SAMPLE[call] ?? []) : everyN()) {
                this.points += 1;
                if (!(await this.#crash(name, template, call, n))) {
                    this.survived += 1;
                    break;
                }
                this.kills += 1;
            }
        }
        say(`${name}: ${this.kills - before} kills`);
    }

    /** One life that is cut off and one that is not. Answers whether it was cut off at all. */
    async #crash(name, template, call, n) {
        const { daemon, receiver, folder } = this;
        rmSync(daemon.state, { recursive: true, force: true });
        if (template) copyState(template, daemon.state);
        // What came before belongs to the prepared state.
        receiver.arrivals = this.arrivalsAt(template);
        const log = path.join(folder, 'strace.log');
        rmSync(log, { force: true });
        const through = ['strace', '-f', '-qq', '-y', '-o', log, '-e', `trace=${call}`, '-e', `inject=${call}:signal=SIGKILL:when=${n}`];
        daemon.start({ through });
        await this.#untilDone();
        const wasCutOff = daemon.hasEnded || (await this.#stopped()) !== 0;
        if (wasCutOff) this.#note(log, call);
        if (wasCutOff) {
            daemon.start();
            await daemon.reached(this.market.chain.head(), REACH_MS);
            await daemon.drained(REACH_MS);
            await compareWithContracts(this);
            await daemon.kill();
        }
        await this.#judge(`${name}, ${call} ${n}`, wasCutOff ? 1 : 0);
        return wasCutOff;
    }

    /** Waits until the daemon has nothing left to do, or is dead. */
    async #untilDone() {
        const head = this.market.chain.head();
        for (const deadline = Date.now() + REACH_MS; !this.daemon.hasEnded; await pause(20)) {
            if (Date.now() > deadline) throw new Error(`the daemon did not reach ${head.number}\n${this.daemon.lastLines(10)}`);
            const status = await this.daemon.status().catch(() => null);
            const [chain] = status?.chains ?? [];
            if (chain?.hash === head.hash && chain.processed === head.number && status.sinks.every(({ queued }) => queued === 0)) return;
        }
    }

    /** Asks it to stop; the exit code, or null when it was killed on the way. */
    async #stopped() {
        try {
            process.kill(childOf(this.daemon.pid), 'SIGTERM');
        } catch {
            // It has just ended.
        }
        return (await this.daemon.ended()).code;
    }

    #note(log, call) {
        const lines = existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n') : [];
        const last = lines.filter((line) => line.includes(`${call}(`)).at(-1) ?? call;
        const file = last.match(/"([^"]*)"|<([^>]*)>/);
        const name = path.basename(file?.[1] ?? file?.[2] ?? '').replace(/:\[?\d+.*$/, '').replace(/date=[\d-]+/, 'date=…');
        const place = `${call} ${name}`;
        this.places.set(place, (this.places.get(place) ?? 0) + 1);
    }

    async #judge(where, kills) {
        const evidence = gather({ state: this.daemon.state, receiver: this.receiver });
        const found = check(evidence, { kills, lanes: LANES });
        const { complaints } = await compareAlerts({ alerts: evidence.alerts, market: this.market, since: this.since });
        found.push(...complaints);
        const yes = new Map();
        for (const { id, meaning } of this.receiver.arrivals) if (meaning === 'accepted') yes.set(id, (yes.get(id) ?? 0) + 1);
        for (const [id, count] of yes) {
            this.again += count - 1;
            if (count > 1 + kills) found.push({ claim: 'a kill repeats a message once', detail: `${id} came ${count} times` });
        }
        for (const { claim, detail } of found) this.complaints.push({ claim, detail: `${where}: ${detail}` });
    }

    #arrivals = new Map();

    /** What had arrived when the state was kept. */
    arrivalsAt(template) {
        return [...(this.#arrivals.get(template) ?? [])];
    }

    /** Keeps the daemon's state as it is now. */
    keep(name) {
        const template = path.join(this.folder, `template-${name}`);
        copyState(this.daemon.state, template);
        this.#arrivals.set(template, [...this.receiver.arrivals]);
        return template;
    }
}

function* everyN() {
    for (let n = 1; ; n += Math.max(1, Math.ceil((n - DENSE) / 8))) yield n;
}

/** The process that strace runs. */
function childOf(pid) {
    return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')[0]);
}

/** Blocks until so many liquidations more are on chain. */
async function playLiquidations(market, wanted) {
    const { world } = market;
    const sent = () => world.outcomes.liquidationCall?.sent ?? 0;
    const before = sent();
    for (let block = 0; block < 60 && sent() < before + wanted; block++) await market.play();
}

async function main(options) {
    const folder = mkdtempSync(path.join(tmpdir(), 'plimsoll-syscalls-'));
    const { anvil, market } = await startRestlessMarket({ seed: 'syscalls', accounts: 30, say });
    const receiver = new FaultyReceiver();
    await receiver.listen();
    const settings = { folder, endpoints: [anvil.url], provider: market.provider, webhook: receiver.url, tables: ['tvl'] };
    const daemon = await FaultDaemon.make(settings);
    const how = { sample: options.sample };
    let isPassed = false;
    try {
        // Far enough for a final block, so that there is something to load.
        for (let i = 0; i < 20; i++) await market.play();
        const since = market.chain.number;
        const crashes = new Crashes({ folder, market, daemon, receiver, since });
        const started = Date.now();
        daemon.start();
        await daemon.reached(market.chain.head(), REACH_MS);
        await daemon.drained(REACH_MS);
        await daemon.stop();
        const quiet = crashes.keep('quiet');
        await crashes.series('first start', null, how);

        await playLiquidations(market, EVENTS_WANTED);
        await crashes.series('a round with liquidations', quiet, how);

        // The round is stored, and nobody took what it had to tell.
        copyState(quiet, daemon.state);
        receiver.arrivals = crashes.arrivalsAt(quiet);
        receiver.plan = () => ({ kind: 'hang' });
        daemon.start();
        await daemon.reached(market.chain.head(), REACH_MS);
        await pause(300);
        await daemon.kill();
        receiver.plan = () => ({ kind: 'status' });
        const queue = crashes.keep('queue');
        await crashes.series('a queue', queue, how);

        // Told on blocks that are no more.
        const fork = await mark(market.world);
        copyState(queue, daemon.state);
        receiver.arrivals = crashes.arrivalsAt(queue);
        await playLiquidations(market, EVENTS_WANTED);
        daemon.start();
        await daemon.reached(market.chain.head(), REACH_MS);
        await daemon.drained(REACH_MS);
        await daemon.stop();
        const told = crashes.keep('told');
        const orphaned = market.chain.number;
        await takeBack(market.world, fork);
        market.world.rng.u32();
        while (market.chain.number <= orphaned) await market.play();
        await crashes.series('a reorganisation', told, how);

        for (const { claim, detail } of crashes.complaints.slice(0, SHOWN)) say(`NOT SO: ${claim}: ${detail}`);
        for (const [place, count] of [...crashes.places].sort()) say(`    ${String(count).padStart(4)} at ${place}`);
        const isEnough = crashes.kills >= (how.sample ? 15 : 300);
        if (!isEnough) say(`NOT SO: there were enough points: ${crashes.kills}`);
        isPassed = crashes.complaints.length === 0 && isEnough;
        const { points, kills, survived, again, places, complaints } = crashes;
        const seconds = Math.round((Date.now() - started) / 1000);
        process.stdout.write(`${JSON.stringify({ points, kills, survived, again, places: places.size, seconds, complaints: complaints.length })}\n`);
        return isPassed ? 0 : 1;
    } catch (error) {
        say(`${error.stack}\n${daemon.lastLines(15)}`);
        return 1;
    } finally {
        await daemon.kill();
        receiver.close();
        await anvil.stop();
        if (options.keep || !isPassed) say(`kept ${folder}`);
        else rmSync(folder, { recursive: true, force: true });
    }
}

const { values } = parseArgs({
    options: {
        sample: { type: 'boolean', default: false },
        keep: { type: 'boolean', default: false },
    },
});
process.exitCode = await main(values);
