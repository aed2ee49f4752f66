// A small market, a receiver, proxies before the node and a daemon that reads through them.

import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { check } from './checker.mjs';
import { FaultDaemon, eventually } from './daemon.mjs';
import { gather } from './evidence.mjs';
import { FaultyReceiver } from './receiver.mjs';
import { FaultProxy } from './rpc_proxy.mjs';
import { compareAlerts, compareWithContracts } from './truth.mjs';
import { startRestlessMarket } from './world.mjs';

const REACH_MS = 60_000;
const MEBIBYTE = 1 << 20;

export class Scene {
    kills = 0;

    /**
     * `proxies` says how many endpoints the daemon gets; the rest are settings of the daemon. `stage`
     * is a market that other scenes play on too; without one the scene has its own. Where it is not to
     * start, the caller starts the daemon.
     */
    static async open({ seed, accounts = 40, stage = null, proxies = 1, mayBeStale = false, isToStart = true, ...settings }) {
        const scene = Object.assign(new Scene(), { mayBeStale, ownsMarket: stage === null });
        scene.folder = mkdtempSync(path.join(tmpdir(), `plimsoll-${seed}-`));
        Object.assign(scene, stage ?? (await startRestlessMarket({ seed, accounts })));
        scene.proxies = [];
        for (let i = 0; i < proxies; i++) scene.proxies.push(await FaultProxy.start(scene.anvil.url));
        scene.receiver = new FaultyReceiver();
        await scene.receiver.listen();
        const endpoints = scene.proxies.map(({ url }) => url);
        const { provider } = scene.market;
        scene.daemon = await FaultDaemon.make({ folder: scene.folder, endpoints, provider, webhook: scene.receiver.url, ...settings });
        scene.since = scene.market.chain.number;
        if (!isToStart) return scene;
        scene.daemon.start();
        await scene.settled();
        return scene;
    }

    async close() {
        await this.daemon.kill();
        this.receiver.close();
        for (const proxy of this.proxies) proxy.stop();
        if (this.ownsMarket) await this.anvil.stop();
        // For whoever looks into a failure.
        if (!process.env.PLIMSOLL_KEEP) rmSync(this.folder, { recursive: true, force: true });
    }

    settled() {
        return this.daemon.reached(this.market.chain.head(), REACH_MS);
    }

    /** The next block, and the daemon with it. */
    async play() {
        await this.market.play();
        await this.settled();
    }

    async compare() {
        return compareWithContracts({ ...this, mayBeStale: this.mayBeStale });
    }

    /** Alerts that were told since `before`, which is what this answered then: {id: type}. */
    async told(before = {}) {
        const { rows } = await this.daemon.get('/v1/alerts?limit=1000');
        assert.ok(rows.length < 1000, 'more alerts than one page holds');
        return Object.fromEntries(rows.filter(({ id }) => !(id in before)).map(({ id, type }) => [id, type]));
    }

    /** Blocks until the daemon calls itself ready: it does for `stale_after` after each. */
    async readyAgain() {
        await eventually('it is ready', async () => {
            await this.market.play();
            await this.settled();
            return this.daemon.isReady();
        }, REACH_MS);
    }

    /** Every claim about what is left behind; the daemon is stopped for it. Answers the complaints. */
    async judge() {
        await this.daemon.drained(REACH_MS);
        const code = await this.daemon.stop();
        const evidence = gather({ state: this.daemon.state, receiver: this.receiver });
        const { complaints } = await compareAlerts({ alerts: evidence.alerts, market: this.market, since: this.since });
        const found = [...check(evidence, { kills: this.kills, lanes: 4 }), ...complaints];
        if (code !== 0) found.push({ claim: 'the daemon stops cleanly', detail: `exit code ${code}` });
        return found;
    }

    /** Waits for a claim about `/status`: `look({chain, protocol, endpoints})`. */
    async status(what, look, deadlineMs = REACH_MS) {
        await eventually(what, async () => {
            const { chains, protocols } = await this.daemon.status();
            const seen = { chain: chains[0], protocol: protocols[0], endpoints: chains[0].endpoints };
            return look(seen) || seen;
        }, deadlineMs);
    }

    /** Bytes of memory: {now, most} since `forgetPeak`. */
    memory() {
        const status = readFileSync(`/proc/${this.daemon.pid}/status`, 'utf8');
        const bytes = (name) => Number(status.match(new RegExp(`${name}:\\s+(\\d+) kB`))[1]) * 1024;
        return { now: bytes('VmRSS'), most: bytes('VmHWM') };
    }

    forgetPeak() {
        writeFileSync(`/proc/${this.daemon.pid}/clear_refs`, '5');
    }
}

export const mebibytes = (bytes) => (bytes / MEBIBYTE).toFixed(1);
