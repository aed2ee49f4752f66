#!/usr/bin/env node
// A long life: the real contracts, and one of a hundred requests and of a hundred deliveries goes wrong
// in one way or another; now and then blocks are orphaned. Afterwards nothing is lost, the memory has
// not grown, and no file is left open.
//
//   node tests/faults/soak.mjs [--polls 200000] [--seed 1] [--accounts 40]

import { EventEmitter } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';

import { Rng } from '../devnet/prng.mjs';
import { pause } from './daemon.mjs';
import { Scene } from './scene.mjs';

// A flood waits for its reader once a mebibyte.
EventEmitter.defaultMaxListeners = 200;

const MEBIBYTE = 1 << 20;
const ROUND_MS = 150;
const SAMPLE_MS = 500;
const TELL_EVERY_MS = 60_000;
const BLOCKS_BETWEEN_REORGANISATIONS = 100;
/** The first part of the life is not measured: caches and pools fill. */
const WARM_UP = 0.25;
/** Below this many polls a slope is noise: what has been added is judged instead. */
const POLLS_FOR_A_SLOPE = 50_000;
const MOST_SLOPE_MIB = 1;
/** What reading one flood up to its limit may leave with the allocator. */
const MOST_GROWTH_MIB = 64;
const MOST_FILES_MORE = 2;
const SHOWN = 20;

const html = '<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>';
const edited = (change) => ({ kind: 'edit', each: (reply) => ({ ...reply, ...change(reply) }) });

/** What goes wrong with a request of the daemon. */
const NODE_FAULTS = [
    { kind: 'close' },
    { kind: 'truncate' },
    { kind: 'garbage' },
    { kind: 'delay', ms: 120 },
    { kind: 'status', status: 200, body: html },
    { kind: 'status', status: 500 },
    { kind: 'status', status: 502, body: html, headers: { 'content-type': 'text/html' } },
    { kind: 'stream', mebibytes: 64 },
    { kind: 'status', status: 200, body: '['.repeat(1 << 16) },
    edited(({ id }) => ({ id: id + 1 })),
    edited(() => ({ error: { code: -1, message: 'no' } })),
    edited(() => ({ result: null })),
    edited(() => ({ result: '0x' })),
];

/** What goes wrong with a delivery. */
const HOOK_FAULTS = [
    { kind: 'status', status: 500, body: 'no' },
    { kind: 'status', status: 429, headers: { 'retry-after': '1' } },
    { kind: 'cut' },
    { kind: 'garbage' },
    { kind: 'flood', status: 503, mebibytes: 4 },
    { kind: 'status', delayMs: 40 },
];

const say = (line) => process.stderr.write(`${line}\n`);

class Soak {
    samples = [];
    reorganisations = 0;
    isOver = false;

    constructor(scene, wanted, rng) {
        Object.assign(this, { scene, wanted, rng });
    }

    async run() {
        await Promise.all([this.#play(), this.#watch().finally(() => (this.isOver = true))]);
    }

    misbehave() {
        for (const proxy of this.scene.proxies) proxy.plan = () => (this.rng.chance(1) ? this.rng.pick(NODE_FAULTS) : null);
        this.scene.receiver.plan = () => (this.rng.chance(1) ? this.rng.pick(HOOK_FAULTS) : { kind: 'status' });
    }

    behave() {
        for (const proxy of this.scene.proxies) proxy.heal();
        this.scene.receiver.plan = () => ({ kind: 'status' });
    }

    async #play() {
        for (let block = 1; !this.isOver; block++) {
            if (block % BLOCKS_BETWEEN_REORGANISATIONS === 20) {
                await this.scene.market.reorganise(this.rng.between(2, 5), () => pause(this.rng.between(0, 500)));
                this.reorganisations += 1;
            } else {
                await this.scene.market.play();
            }
            await pause(ROUND_MS);
        }
    }

    async #watch() {
        for (let told = Date.now(); ; await pause(SAMPLE_MS)) {
            const sample = await this.sample();
            this.samples.push(sample);
            if (sample.polls >= this.wanted) return;
            if (Date.now() - told < TELL_EVERY_MS) continue;
            told = Date.now();
            say(`${sample.polls} polls, block ${this.scene.market.chain.number}, ${this.scene.receiver.arrivals.length} deliveries, ${(sample.rss / MEBIBYTE).toFixed(1)} MiB, ${sample.files} files`);
        }
    }

    async sample() {
        const { daemon } = this.scene;
        if (daemon.hasEnded) throw new Error(`the daemon ended by itself\n${daemon.lastLines()}`);
        const { body } = await daemon.peek('/metrics');
        const polls = Number(body.match(/^plimsoll_poll_duration_seconds_count\S* (\d+)/m)[1]);
        const status = readFileSync(`/proc/${daemon.pid}/status`, 'utf8');
        return {
            polls,
            rss: Number(status.match(/VmRSS:\s+(\d+) kB/)[1]) * 1024,
            files: readdirSync(`/proc/${daemon.pid}/fd`).length,
        };
    }

    /** {slope in MiB per 100,000 polls, growth in MiB, files more than in the beginning}. */
    figures() {
        const warm = this.samples.slice(Math.floor(this.samples.length * WARM_UP));
        const quarter = Math.max(1, Math.floor(warm.length / 4));
        const first = warm.slice(0, quarter);
        const last = warm.slice(-quarter);
        return {
            slopeMiB: slope(warm.map(({ polls, rss }) => [polls / 100_000, rss / MEBIBYTE])),
            growthMiB: (median(last, 'rss') - median(first, 'rss')) / MEBIBYTE,
            filesMore: median(last, 'files') - median(first, 'files'),
        };
    }
}

const median = (list, name) => list.map((one) => one[name]).sort((a, b) => a - b)[Math.floor(list.length / 2)];

/** Of the line with the least squares. */
function slope(points) {
    const mean = (at) => points.reduce((sum, point) => sum + point[at], 0) / points.length;
    const [x, y] = [mean(0), mean(1)];
    const over = points.reduce((sum, [a, b]) => sum + (a - x) * (b - y), 0);
    const under = points.reduce((sum, [a]) => sum + (a - x) ** 2, 0);
    return under === 0 ? 0 : over / under;
}

async function main(options) {
    const wanted = Number(options.polls);
    const rng = new Rng(`soak/${options.seed}`);
    const scene = await Scene.open({ seed: `soak-${options.seed}`, accounts: Number(options.accounts), proxies: 2, pollEvery: '10ms' });
    let complaints = [];
    try {
        const soak = new Soak(scene, wanted, rng);
        const started = Date.now();
        soak.misbehave();
        await soak.run();
        soak.behave();
        await scene.play();
        await scene.compare();
        const figures = soak.figures();
        complaints = await scene.judge();
        const complain = (claim, detail) => complaints.push({ claim, detail });
        const isLong = wanted >= POLLS_FOR_A_SLOPE;
        if (isLong && figures.slopeMiB > MOST_SLOPE_MIB) complain('the memory does not grow', `${figures.slopeMiB.toFixed(2)} MiB in 100,000 polls`);
        if (!isLong && figures.growthMiB > MOST_GROWTH_MIB) complain('the memory does not grow', `${figures.growthMiB.toFixed(1)} MiB more`);
        if (figures.filesMore > MOST_FILES_MORE) complain('files are closed again', `${figures.filesMore} more`);
        for (const { claim, detail } of complaints.slice(0, SHOWN)) say(`NOT SO: ${claim}: ${detail}`);
        const { polls, rss } = soak.samples.at(-1);
        process.stdout.write(`${JSON.stringify({
            polls, seconds: Math.round((Date.now() - started) / 1000), requests: scene.proxies.reduce((sum, { requests }) => sum + requests, 0),
            faults: scene.proxies.reduce((sum, { faults }) => sum + faults, 0), deliveries: scene.receiver.arrivals.length,
            refusedOrLost: scene.receiver.count('refused') + scene.receiver.count('lost'), reorganisations: soak.reorganisations,
            rssMiB: Math.round(rss / MEBIBYTE), slopeMiB: Number(figures.slopeMiB.toFixed(2)), growthMiB: Number(figures.growthMiB.toFixed(1)),
            filesMore: figures.filesMore, complaints: complaints.length,
        })}\n`);
        return complaints.length === 0 ? 0 : 1;
    } catch (error) {
        say(`${error.stack}\n${scene.daemon.lastLines(15)}`);
        return 1;
    } finally {
        await scene.close();
    }
}

const { values } = parseArgs({
    options: {
        polls: { type: 'string', default: '200000' },
        seed: { type: 'string', default: '1' },
        accounts: { type: 'string', default: '40' },
    },
});
process.exitCode = await main(values);
