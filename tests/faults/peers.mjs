#!/usr/bin/env node
// Plimsoll beside a real Prometheus Alertmanager: both are handed the same events at the same pace, for
// receivers that fail alike, and are killed at the same events. What was accepted is counted afterwards.
// Prints a line of JSON for each case and deliverer. Ends with 1 where Plimsoll does not keep what
// docs/delivery.md promises; of the peer nothing is demanded.
//
//   node tests/faults/peers.mjs [--events 300] [--kills 10] [--seed 1] [--only CASE] [--short]
//
// --short: fewer events, quicker, and only the cases `down` and `kills`.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import { parseArgs } from 'node:util';

import { Rng } from '../devnet/prng.mjs';
import { pause } from './daemon.mjs';
import { AlertmanagerPeer, Plimsoll } from './deliverers.mjs';
import { FaultyReceiver, mixture } from './receiver.mjs';
import { delays, tally } from './tally.mjs';

const LANES = 4;
const RESEND_MS = 2_000;
const POLL_MS = 100;
/** The end of an episode is handed over so many events after its beginning. */
const LASTS = 20;
const POISONED = 3;

const PERCENT = { error: 10, throttle: 3, cut: 3 };
const REPLIES = {
    error: { kind: 'status', status: 500, body: 'no' },
    throttle: { kind: 'status', status: 429, headers: { 'retry-after': '1' } },
    cut: { kind: 'cut' },
};
const WELL = () => ({ kind: 'status' });
const DOWN = () => ({ kind: 'status', status: 503 });

const say = (line) => process.stderr.write(`${line}\n`);

/** A third are events that happen once; the others are the beginnings and ends of episodes. */
function eventsOf(count) {
    const third = Math.floor(count / 3);
    const slots = [];
    for (let n = 0; n < third; n++) {
        slots.push([2 * n, { key: `event${n}`, what: 'fired' }]);
        slots.push([2 * n + 1, { key: `episode${n}`, what: 'firing' }]);
        slots.push([2 * n + 1 + LASTS, { key: `episode${n}`, what: 'resolved' }]);
    }
    return slots.sort(([a], [b]) => a - b).map(([, event]) => event);
}

/** One deliverer with a receiver for each of its routes. */
class Trial {
    accepted = [];
    #seen = new WeakMap();
    #messages = new WeakMap();

    /** `make(folder, urls)` answers the deliverer; `plans` has one for each route. */
    static async begin({ make, plans }) {
        const trial = new Trial();
        trial.folder = mkdtempSync(path.join(tmpdir(), 'plimsoll-peers-'));
        trial.receivers = plans.map((plan) => new FaultyReceiver({ plan: trial.planned(plan) }));
        for (const receiver of trial.receivers) await receiver.listen();
        trial.deliverer = make(trial.folder, trial.receivers.map(({ url }) => url));
        await trial.deliverer.start();
        return trial;
    }

    /** A plan that notes when each delivery came. */
    planned(plan) {
        return (arrival) => {
            this.#seen.set(arrival, performance.now());
            return plan(arrival);
        };
    }

    async end() {
        await this.deliverer.stop();
        for (const receiver of this.receivers) receiver.close();
        rmSync(this.folder, { recursive: true, force: true });
    }

    /** Hands over every event in its turn, `paceMs` apart; kills it right after those named in `killAt`. */
    async handOver(events, { paceMs, killAt = new Set() }) {
        const begun = performance.now();
        for (const [n, event] of events.entries()) {
            await pause(Math.max(0, begun + n * paceMs - performance.now()));
            const at_ms = performance.now();
            await this.deliverer.accept({ ...event, at: Math.floor(Date.now() / 1000) });
            this.accepted.push({ ...event, at_ms });
            if (!killAt.has(n)) continue;
            await this.deliverer.kill();
            await this.deliverer.start();
        }
    }

    /** What came at a route, as tally.mjs takes it. */
    arrivals(route = 0) {
        return this.receivers[route].arrivals.map((arrival) => {
            if (!this.#messages.has(arrival)) this.#messages.set(arrival, this.deliverer.messagesOf(arrival));
            return { at_ms: this.#seen.get(arrival), meaning: arrival.meaning, messages: this.#messages.get(arrival) };
        });
    }

    /** Beginnings and ends apart: an end may wait for Alertmanager's `group_interval`. */
    delays() {
        const isEnd = ({ what }) => what === 'resolved';
        const arrivals = this.arrivals();
        return { begins_ms: delays(this.accepted.filter((event) => !isEnd(event)), arrivals), ends_ms: delays(this.accepted.filter(isEnd), arrivals) };
    }

    /** Until everything that `matters` came, or nothing new for `quietMs`. */
    async settled(quietMs, matters = () => true) {
        const wanted = this.accepted.filter(matters);
        let [least, since] = [Infinity, performance.now()];
        for (;;) {
            const { lost } = tally(wanted, this.arrivals());
            if (lost === 0) return;
            if (lost < least) [least, since] = [lost, performance.now()];
            if (performance.now() - since > quietMs) return;
            await pause(POLL_MS);
        }
    }
}

/** Plimsoll's pauses grow to minutes; Alertmanager looks at what it owes every second, and tries for ten. */
const quietOf = (trial) => (trial.deliverer instanceof Plimsoll ? 120_000 : 15_000);

const PLIMSOLL = (folder, urls) => new Plimsoll({ folder, urls });
const peer = (name, settings) => (_, urls) => new AlertmanagerPeer({ name, urls, ...settings });
const ALONE = peer('Alertmanager, told once');
const TOLD_AGAIN = peer(`Alertmanager, told again every ${RESEND_MS / 1000} s`, { resendMs: RESEND_MS });
const KEEPING = peer('the same, its log on disk every second', { resendMs: RESEND_MS, keeps: true });
const PAIR = peer('a cluster of two, told again, log on disk, killed in turns', { resendMs: RESEND_MS, keeps: true, count: 2 });

/** Cases: each plays one trial to its end and answers its figures. */
const CASES = {
    /** 10 % 500, 3 % 429 with Retry-After, 3 % cut. */
    faults: {
        title: 'a receiver that fails now and then',
        deliverers: [PLIMSOLL, ALONE, TOLD_AGAIN],
        plans: (rng) => [mixture(rng, PERCENT, REPLIES)],
        async play(trial, { events, paceMs }) {
            await trial.handOver(events, { paceMs });
            await trial.settled(quietOf(trial));
            return tally(trial.accepted, trial.arrivals());
        },
    },
    down: {
        title: 'a receiver that is down meanwhile and comes back',
        deliverers: [PLIMSOLL, ALONE, TOLD_AGAIN],
        plans: () => [DOWN],
        async play(trial, { events, paceMs, downMs }) {
            const until = performance.now() + downMs;
            await trial.handOver(events, { paceMs });
            await pause(Math.max(0, until - performance.now()));
            const back = performance.now();
            trial.receivers[0].plan = trial.planned(WELL);
            await trial.settled(quietOf(trial));
            const figures = tally(trial.accepted, trial.arrivals());
            return { ...figures, down_s: Math.round((back - until + downMs) / 1000), drained_s: Number(((figures.last_ms - back) / 1000).toFixed(1)) };
        },
    },
    kills: {
        title: 'killed with messages pending, and a receiver that fails now and then',
        deliverers: [PLIMSOLL, ALONE, TOLD_AGAIN, KEEPING, PAIR],
        plans: (rng) => [mixture(rng, PERCENT, REPLIES)],
        async play(trial, { events, paceMs, killAt }) {
            await trial.handOver(events, { paceMs, killAt });
            await trial.settled(quietOf(trial));
            return { ...tally(trial.accepted, trial.arrivals()), kills: killAt.size };
        },
    },
    hang: {
        title: 'one of two routes hangs: what the other one gets',
        deliverers: [PLIMSOLL, ALONE],
        plans: () => [WELL, () => ({ kind: 'hang' })],
        inTurns: true,
        async play(trial, { events, paceMs }) {
            await trial.handOver(events, { paceMs });
            await trial.settled(quietOf(trial));
            return { ...tally(trial.accepted, trial.arrivals()), ...trial.delays() };
        },
    },
    poison: {
        title: `${POISONED} messages that the receiver never takes (400)`,
        deliverers: [PLIMSOLL, ALONE],
        plans: () => [() => ({ byBody: (body) => (/poison\d/.test(body) ? { kind: 'status', status: 400 } : WELL()) })],
        async play(trial, { events, paceMs }) {
            const bad = Array.from({ length: POISONED }, (_, n) => ({ key: `poison${n}`, what: 'fired' }));
            const isGood = ({ key }) => !key.startsWith('poison');
            await trial.handOver([...bad, ...events], { paceMs });
            await trial.settled(quietOf(trial), isGood);
            await pause(10_000);
            const refused = trial.receivers[0].arrivals.filter(({ meaning }) => meaning === 'refused').length;
            return { ...tally(trial.accepted.filter(isGood), trial.arrivals()), invented: 0, refusedEach: Number((refused / POISONED).toFixed(1)) };
        },
    },
    speed: {
        title: 'nothing fails',
        deliverers: [PLIMSOLL, ALONE],
        plans: () => [WELL],
        inTurns: true,
        async play(trial, { events, paceMs }) {
            await trial.handOver(events, { paceMs });
            await trial.settled(quietOf(trial));
            return { ...tally(trial.accepted, trial.arrivals()), ...trial.delays() };
        },
    },
};
const SHORT = ['down', 'kills'];
const SHORT_DELIVERERS = 3;

/** What Plimsoll promises of every case; a message may come again for each kill and lane. */
function complaintsOf({ lost, disorder, invented, strange, again, kills = 0 }) {
    const out = Object.entries({ lost, disorder, invented, strange }).filter(([, count]) => count !== 0);
    if (again > kills * LANES) out.push(['again', again]);
    return out.map(([what, count]) => `${what} ${count}`);
}

async function playCase(name, options) {
    const { deliverers, plans, play, inTurns = false } = CASES[name];
    const chosen = options.isShort ? deliverers.slice(0, SHORT_DELIVERERS) : deliverers;
    const results = [];
    const one = async (make) => {
        // The same faults in the same order for each.
        const trial = await Trial.begin({ make, plans: plans(new Rng(`peers/${name}/${options.seed}`)) });
        try {
            const figures = await play(trial, options);
            results.push({ who: trial.deliverer.name, version: trial.deliverer.version, figures });
        } finally {
            await trial.end();
        }
    };
    if (inTurns) for (const make of chosen) await one(make);
    else await Promise.all(chosen.map(one));
    return results.sort((a, b) => Number(b.who === 'Plimsoll') - Number(a.who === 'Plimsoll'));
}

async function main(values) {
    const events = eventsOf(values.short ? 90 : Number(values.events));
    const kills = values.short ? 4 : Number(values.kills);
    const killAt = new Set(Array.from({ length: kills }, (_, n) => Math.floor(((n + 1) * events.length) / (kills + 1))));
    const timing = values.short ? { paceMs: 40, downMs: 0 } : { paceMs: 100, downMs: 60_000 };
    let isKept = true;
    for (const name of values.only ? [values.only] : values.short ? SHORT : Object.keys(CASES)) {
        say(`${name}: ${CASES[name].title}`);
        for (const { who, version, figures } of await playCase(name, { events, killAt, ...timing, seed: values.seed, isShort: values.short })) {
            process.stdout.write(`${JSON.stringify({ case: name, who, version, ...figures, last_ms: undefined })}\n`);
            if (who !== 'Plimsoll') continue;
            for (const complaint of complaintsOf(figures)) {
                isKept = false;
                say(`NOT SO: ${name}: ${complaint}`);
            }
        }
    }
    return isKept ? 0 : 1;
}

const { values } = parseArgs({
    options: {
        events: { type: 'string', default: '300' },
        kills: { type: 'string', default: '10' },
        seed: { type: 'string', default: '1' },
        only: { type: 'string' },
        short: { type: 'boolean', default: false },
    },
});
process.exitCode = await main(values);
