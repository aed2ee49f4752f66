#!/usr/bin/env node
// Kills the daemon at the N-th call of every system call that changes something: N = 1, 2, 3 … 69, from
// there on in steps that widen (everyN), until a run survives, from prepared states: a first start, a
// round with liquidations, a queue to be delivered, a reorganisation. After every kill it starts again, and nothing may be lost, invented,
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
import { FaultDaemon, injecting, pause } from './daemon.mjs';
import { copyState, gather } from './evidence.mjs';
import { FaultyReceiver } from './receiver.mjs';
import { compareAlerts, compareWithContracts } from './truth.mjs';
import { startRestlessMarket } from './world.mjs';

const CALLS = ['pwrite64', 'fdatasync', 'fsync', 'write', 'ftruncate', 'mkdir', 'unlink', 'rename', 'fchmod', 'sendto'];
/** Beyond this the step is an eighth of what lies beyond: 1 up to 69, then 2, from 77 on 3, and so on. */
const DENSE = 60;
/** The N taken of each call in a sample. */
const SAMPLE = { pwrite64: [2, 40, 90], fdatasync: [3, 9], write: [9], fsync: [1], ftruncate: [1], rename: [1] };
const REACH_MS = 60_000;
const LANES = 4;
/** Daemons that run at the same time. */
const STANDS = 4;
const EVENTS_WANTED = 4;
const SHOWN = 10;

const say = (line) => process.stderr.write(`${line}\n`);

/** A daemon with a receiver and a folder of its own; several are killed at the same time. */
class Stand {
    static async open({ folder, name, anvil, market }) {
        const stand = new Stand();
        stand.folder = path.join(folder, name);
        stand.receiver = new FaultyReceiver();
        await stand.receiver.listen();
        const settings = { folder: stand.folder, endpoints: [anvil.url], provider: market.provider, webhook: stand.receiver.url, tables: ['tvl'] };
        stand.daemon = await FaultDaemon.make(settings);
        return Object.assign(stand, { market });
    }

    async close() {
        await this.daemon.kill();
        this.receiver.close();
    }

    /** The prepared state; none is a first start. */
    restore(template) {
        rmSync(this.daemon.state, { recursive: true, force: true });
        if (template) copyState(template.state, this.daemon.state);
        this.receiver.arrivals = [...(template?.arrivals ?? [])];
    }

    /** Keeps the daemon's state as it is now. */
    keep(name) {
        const state = path.join(this.folder, `template-${name}`);
        copyState(this.daemon.state, state);
        return { state, arrivals: [...this.receiver.arrivals] };
    }

    /** Runs until everything is read and told. */
    async live() {
        this.daemon.start();
        await this.daemon.reached(this.market.chain.head(), REACH_MS);
        await this.daemon.drained(REACH_MS);
    }

    /** Waits until the daemon has nothing left to do, or is dead. */
    async untilDone() {
        const { daemon, market } = this;
        const head = market.chain.head();
        for (const deadline = Date.now() + REACH_MS; !daemon.hasEnded; await pause(20)) {
            if (Date.now() > deadline) throw new Error(`the daemon did not reach ${head.number}\n${daemon.lastLines(10)}`);
            const status = await daemon.status().catch(() => null);
            const [protocol] = status?.protocols ?? [];
            if (protocol?.block_hash === head.hash && protocol.state === 'live' && status.sinks.every(({ queued }) => queued === 0)) return;
        }
    }
}

class Crashes {
    points = 0;
    kills = 0;
    survived = 0;
    again = 0;
    /** "call of file" -> how often a kill hit it. */
    places = new Map();
    complaints = [];

    constructor({ stands, market, since }) {
        Object.assign(this, { stands, market, since });
    }

    /** Goes through the calls from one prepared state, each stand from one call to the next. */
    async series(name, template, { sample }) {
        const before = this.kills;
        const waiting = [...CALLS];
        await Promise.all(this.stands.map(async (stand) => {
            for (let call = waiting.shift(); call; call = waiting.shift()) await this.#line(stand, { name, template, call, sample });
        }));
        say(`${name}: ${this.kills - before} kills`);
    }

    /** N = 1, 2, 3 … of one call, until a run survives. */
    async #line(stand, { name, template, call, sample }) {
        for (const n of sample ? (SAMPLE[call] ?? []) : everyN()) {
            this.points += 1;
            if (!(await this.#crash(stand, { name, template, call, n }))) {
                this.survived += 1;
                return;
            }
            this.kills += 1;
        }
    }

    /** One life that is cut off and one that is not. Answers whether it was cut off at all. */
    async #crash(stand, { name, template, call, n }) {
        const { daemon } = stand;
        stand.restore(template);
        const log = path.join(stand.folder, 'strace.log');
        rmSync(log, { force: true });
        daemon.start({ through: injecting(`${call}:signal=SIGKILL:when=${n}`, log) });
        await stand.untilDone();
        const wasCutOff = daemon.hasEnded || (await daemon.stopTraced()).code !== 0;
        if (wasCutOff) {
            this.#note(log, call);
            await stand.live();
            await compareWithContracts(stand);
            await daemon.kill();
        }
        await this.#judge(stand, `${name}, ${call} ${n}`, wasCutOff ? 1 : 0);
        return wasCutOff;
    }

    #note(log, call) {
        const lines = existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n') : [];
        const last = lines.filter((line) => line.includes(`${call}(`)).at(-1) ?? call;
        const file = last.match(/"([^"]*)"|<([^>]*)>/);
        const name = path.basename(file?.[1] ?? file?.[2] ?? '').replace(/:\[?\d+.*$/, '').replace(/date=[\d-]+/, 'date=…').replace(/\d{12}/, '<block>');
        const place = `${call} ${name}`;
        this.places.set(place, (this.places.get(place) ?? 0) + 1);
    }

    async #judge({ daemon, receiver }, where, kills) {
        const evidence = gather({ state: daemon.state, receiver });
        const found = check(evidence, { kills, lanes: LANES });
        const { complaints } = await compareAlerts({ alerts: evidence.alerts, market: this.market, since: this.since });
        found.push(...complaints);
        const yes = new Map();
        for (const { id, meaning } of receiver.arrivals) if (meaning === 'accepted') yes.set(id, (yes.get(id) ?? 0) + 1);
        for (const [id, count] of yes) {
            this.again += count - 1;
            if (count > 1 + kills) found.push({ claim: 'a kill repeats a message once', detail: `${id} came ${count} times` });
        }
        for (const { claim, detail } of found) this.complaints.push({ claim, detail: `${where}: ${detail}` });
    }
}

function* everyN() {
    for (let n = 1; ; n += Math.max(1, Math.ceil((n - DENSE) / 8))) yield n;
}

/** Blocks until so many liquidations more are on chain. */
async function playLiquidations(market, wanted) {
    const { world } = market;
    const sent = () => world.outcomes.liquidationCall?.sent ?? 0;
    const before = sent();
    for (let block = 0; block < 60 && sent() < before + wanted; block++) await market.play();
}

/** The four prepared states, each with the block it is to go to, and every kill from there. */
async function crashEverywhere(crashes, how) {
    const { stands: [stand], market } = crashes;
    const { daemon, receiver } = stand;
    await stand.live();
    await daemon.stop();
    const quiet = stand.keep('quiet');
    await crashes.series('first start', null, how);

    await playLiquidations(market, EVENTS_WANTED);
    await crashes.series('a round with liquidations', quiet, how);

    // The round is stored, and nobody took what it had to tell.
    stand.restore(quiet);
    receiver.plan = () => ({ kind: 'hang' });
    daemon.start();
    await daemon.reached(market.chain.head(), REACH_MS);
    await pause(300);
    await daemon.kill();
    receiver.plan = () => ({ kind: 'status' });
    const queue = stand.keep('queue');
    await crashes.series('a queue', queue, how);

    // Told on blocks that are no more.
    const fork = await mark(market.world);
    stand.restore(queue);
    await playLiquidations(market, EVENTS_WANTED);
    await stand.live();
    await daemon.stop();
    const told = stand.keep('told');
    const orphaned = market.chain.number;
    await takeBack(market.world, fork);
    market.world.rng.u32();
    while (market.chain.number <= orphaned) await market.play();
    await crashes.series('a reorganisation', told, how);
}

async function main(options) {
    const folder = mkdtempSync(path.join(tmpdir(), 'plimsoll-syscalls-'));
    const { anvil, market } = await startRestlessMarket({ seed: 'syscalls', accounts: 30, say });
    const stands = [];
    const how = { sample: options.sample };
    let isPassed = false;
    try {
        for (let i = 1; i <= STANDS; i++) stands.push(await Stand.open({ folder, name: `stand-${i}`, anvil, market }));
        // Far enough for a final block, so that there is something to load.
        for (let i = 0; i < 20; i++) await market.play();
        const crashes = new Crashes({ stands, market, since: market.chain.number });
        const started = Date.now();
        await crashEverywhere(crashes, how);

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
        say(error.stack);
        return 1;
    } finally {
        for (const stand of stands) await stand.close();
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
