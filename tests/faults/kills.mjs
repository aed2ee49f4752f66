#!/usr/bin/env node
// Kills the daemon again and again while prices move, loans are liquidated and blocks are orphaned
// on the real contracts, with a receiver that fails now and then. Afterwards nothing may be lost,
// invented, out of order or told twice without a reason, and every number equals the contract's.
//
//   node tests/faults/kills.mjs [--kills 100] [--seed 1] [--accounts 40] [--keep]

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';

import { Rng } from '../devnet/prng.mjs';
import { check, duplicates } from './checker.mjs';
import { FaultDaemon, pause } from './daemon.mjs';
import { gather } from './evidence.mjs';
import { FaultyReceiver, mixture } from './receiver.mjs';
import { compareAlerts, compareWithContracts } from './truth.mjs';
import { startRestlessMarket } from './world.mjs';

const LANES = 4;
const READY_MS = 60_000;
const DRAIN_MS = 180_000;
const TELL_EVERY = 25;
const ROUNDS_BETWEEN_REORGANISATIONS = 25;
/** How long the orphans-to-be may wait for the daemon to tell of them. */
const ORPHANS_MS = 3_000;
const SHOWN = 20;

const PERCENT = { error: 10, throttle: 3, cut: 3, slow: 10 };
const REPLIES = {
    error: { kind: 'status', status: 500, body: 'no' },
    throttle: { kind: 'status', status: 429, headers: { 'retry-after': '1' } },
    cut: { kind: 'cut' },
    slow: { kind: 'status', delayMs: 40 },
};

const say = (line) => process.stderr.write(`${line}\n`);

class Kills {
    kills = 0;
    reorganisations = 0;
    inspections = 0;
    comparisons = 0;
    isOver = false;
    /** Ends when nobody moves the market or looks at it. */
    #turn = Promise.resolve();

    constructor({ daemon, market, receiver, rng, wanted }) {
        Object.assign(this, { daemon, market, receiver, rng, wanted });
    }

    /** Plays until there have been enough kills. */
    async run() {
        await Promise.all([this.#play(), this.#kill().finally(() => (this.isOver = true))]);
    }

    async #play() {
        for (let round = 1; !this.isOver; round++) {
            await this.#alone(() => this.#playRound(round));
            await pause(this.rng.between(20, 200));
        }
    }

    async #playRound(round) {
        // Early, so that even a short run has one.
        if (round % ROUNDS_BETWEEN_REORGANISATIONS !== 10) return this.market.play();
        await this.market.reorganise(this.rng.between(2, 5), () => this.#whileOrphansStand());
        this.reorganisations += 1;
    }

    /** One at a time: the market must not move under the eyes of whoever compares. */
    #alone(act) {
        const done = this.#turn.then(act);
        this.#turn = done.catch(() => {});
        return done;
    }

    /** Mostly long enough for the daemon to tell of them, now and then too short for it to see them. */
    async #whileOrphansStand() {
        const { hash } = this.market.chain.head();
        if (this.rng.chance(25)) return;
        const deadline = Date.now() + ORPHANS_MS;
        while (Date.now() < deadline && !(await this.#isAt(hash))) await pause(20);
        await pause(this.rng.between(0, 200));
    }

    async #isAt(hash) {
        try {
            return (await this.daemon.status()).chains.some((chain) => chain.hash === hash);
        } catch {
            return false;
        }
    }

    async #kill() {
        while (this.kills < this.wanted) {
            await this.#live();
            await this.daemon.kill();
            this.kills += 1;
            // Mostly back at once; now and then blocks pass meanwhile, whole reorganisations too.
            await pause(this.rng.chance(10) ? this.rng.between(300, 1_500) : this.rng.between(0, 20));
            this.daemon.start();
            if (this.kills % TELL_EVERY === 0) this.#tell();
        }
    }

    /** Some die while they start or catch up; the others have every number the contracts have first. */
    async #live() {
        if (this.rng.chance(70)) {
            this.comparisons += await this.#alone(() => compareWithContracts(this));
            this.inspections += 1;
        }
        await pause(this.rng.between(50, 300));
        if (this.daemon.hasEnded) throw new Error(`the daemon ended by itself\n${this.daemon.lastLines()}`);
    }

    #tell() {
        say(`${this.kills} kills, block ${this.market.chain.number}, ${this.receiver.arrivals.length} deliveries, ${this.reorganisations} reorganisations, ${this.comparisons} numbers compared`);
    }
}

async function main(options) {
    const wanted = Number(options.kills);
    const folder = mkdtempSync(path.join(tmpdir(), 'plimsoll-kills-'));
    const rng = new Rng(`kills/${options.seed}`);
    const { anvil, market } = await startRestlessMarket({ seed: options.seed, accounts: Number(options.accounts), say });
    const receiver = new FaultyReceiver({ file: path.join(folder, 'history.jsonl'), plan: mixture(rng, PERCENT, REPLIES) });
    await receiver.listen();
    const settings = { folder, endpoints: [anvil.url], provider: market.provider, webhook: receiver.url };
    const daemon = await FaultDaemon.make(settings);
    let isPassed = false;
    try {
        daemon.start();
        const since = market.chain.number;
        await daemon.reached(market.chain.head(), READY_MS);
        const run = new Kills({ daemon, market, receiver, rng, wanted });
        const started = Date.now();
        await run.run();
        const seconds = ((Date.now() - started) / 1000).toFixed(0);

        receiver.plan = () => ({ kind: 'status' });
        run.comparisons += await compareWithContracts(run);
        await daemon.drained(DRAIN_MS);
        const code = await daemon.stop();
        const evidence = gather({ state: daemon.state, receiver });
        const complaints = check(evidence, { kills: run.kills, lanes: LANES });
        const truth = await compareAlerts({ alerts: evidence.alerts, market, since });
        complaints.push(...truth.complaints);
        if (code !== 0) complaints.push({ claim: 'the daemon stops cleanly', detail: `exit code ${code}` });

        for (const { claim, detail } of complaints.slice(0, SHOWN)) say(`NOT SO: ${claim}: ${detail}`);
        const { lost, again } = duplicates(grouped(receiver.arrivals));
        isPassed = complaints.length === 0;
        const summary = {
            kills: run.kills, seconds: Number(seconds), blocks: market.chain.number - since, reorganisations: run.reorganisations,
            alerts: evidence.alerts.length, retracted: evidence.alerts.filter(({ type }) => type.endsWith('.retracted')).length,
            liquidations: truth.liquidations, open: truth.open,
            deliveries: receiver.arrivals.length, refused: receiver.count('refused'), lost, again, bound: run.kills * LANES,
            inspections: run.inspections, compared: run.comparisons, complaints: complaints.length,
        };
        process.stdout.write(`${JSON.stringify(summary)}\n`);
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

function grouped(arrivals) {
    const out = new Map();
    for (const one of arrivals) out.set(one.id, [...(out.get(one.id) ?? []), one]);
    return out;
}

const { values } = parseArgs({
    options: {
        kills: { type: 'string', default: '100' },
        seed: { type: 'string', default: '1' },
        accounts: { type: 'string', default: '40' },
        keep: { type: 'boolean', default: false },
    },
});
process.exitCode = await main(values);
