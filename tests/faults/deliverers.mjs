// What peers.mjs compares: each is started with receivers' URLs, takes events until it says that it has
// them, can be killed at any time, and knows its own messages in what a receiver heard.
//
// An event is {key, what, at}: `what` is fired, firing or resolved, `at` unix seconds.

import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import readline from 'node:readline';
import { fileURLToPath } from 'node:url';

import { freePort } from '../devnet/anvil.mjs';
import { spawnTied } from '../devnet/tied.mjs';
import { Alertmanager } from '../integration/alertmanager.mjs';
import { bareConfiguration } from '../integration/bare_config.mjs';
import { makeSecrets, pause } from './daemon.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const HAND_OVER = process.env.PLIMSOLL_HAND_OVER ?? path.join(ROOT, 'build/tests/daemon/outbox/hand_over');
const AGAIN_MS = 20;
const DAY_MS = 86_400_000;

const TYPES = { fired: 'position.liquidated.fired', firing: 'position.at_risk.firing', resolved: 'position.at_risk.resolved' };
const WHATS = Object.fromEntries(Object.entries(TYPES).map(([what, type]) => [type, what]));

/** Until `act` does not fail; it fails while the process is being killed and started. */
async function insist(act) {
    for (;;) {
        try {
            return await act();
        } catch {
            await pause(AGAIN_MS);
        }
    }
}

/** Plimsoll's store, outbox and webhook, with the defaults of a configuration file. */
export class Plimsoll {
    name = 'Plimsoll';
    #child = null;
    /** Who waits for a line of this child. */
    #waiting;

    constructor({ folder, urls }) {
        mkdirSync(path.join(folder, 'state'), { recursive: true });
        const { secret } = makeSecrets(folder);
        const sinks = urls.map((url, n) => `
[sinks.route${n}]
kind = "webhook"
url = "${url}"
secrets = ["\${file:${secret}}"]
allow_http = true
allow_private = ["127.0.0.0/8"]
`);
        this.config = path.join(folder, 'plimsoll.toml');
        writeFileSync(this.config, bareConfiguration({ folder, rest: sinks.join('') }));
    }

    async start() {
        const child = spawnTied(HAND_OVER, [this.config], { stdio: ['pipe', 'pipe', 'inherit'] });
        const waiting = [];
        child.stdin.on('error', () => {});
        readline.createInterface({ input: child.stdout }).on('line', () => waiting.shift()?.resolve());
        child.once('exit', () => {
            for (const { reject } of waiting.splice(0)) reject(new Error('killed'));
        });
        this.#child = child;
        this.#waiting = waiting;
    }

    async kill() {
        await this.#child?.end('SIGKILL');
    }

    async stop() {
        await this.kill();
    }

    /** Comes back once it is committed. */
    async accept({ key, what, at }) {
        const isEvent = what === 'fired';
        const line = JSON.stringify({ key, type: TYPES[what], episode: isEvent ? 0 : 1, seq: what === 'resolved' ? 2 : 1, at });
        await insist(() => new Promise((resolve, reject) => {
            if (this.#child.hasEnded()) throw new Error('killed');
            this.#waiting.push({ resolve, reject });
            this.#child.stdin.write(`${line}\n`);
        }));
    }

    messagesOf({ body, headers }) {
        const { type, data } = JSON.parse(body);
        return [{ key: data.subject, what: WHATS[type], id: headers['webhook-id'] }];
    }
}

/**
 * Alertmanager, configured to tell every alert alone, at once and once: no group holds anything back,
 * and it looks every second at what it owes. `resendMs`: whoever sends alerts tells it those that fire
 * and those that ended again and again, as Prometheus does. `keeps`: it writes its log of notifications
 * every second instead of every 15 minutes. `count`: of a cluster, all of which are told everything; they
 * are killed in turns.
 */
export class AlertmanagerPeer {
    #settings;
    #servers = [];
    #turn = 0;
    #known = new Map();
    #isOver = false;
    #resending = Promise.resolve();

    constructor({ name, urls, resendMs = 0, keeps = false, count = 1 }) {
        this.name = name;
        this.#settings = { urls, resendMs, keeps, count };
    }

    async start() {
        if (this.#servers.length > 0) {
            await this.#servers[this.#turn].resume();
            this.#turn = (this.#turn + 1) % this.#servers.length;
            return;
        }
        const { resendMs, count } = this.#settings;
        const ports = await Promise.all(Array.from({ length: count }, freePort));
        const config = this.#config();
        for (const port of ports) this.#servers.push(await Alertmanager.start({ config, options: this.#options(port, ports) }));
        this.version = this.#servers[0].version();
        if (resendMs > 0) this.#resending = this.#resend(resendMs);
    }

    #config() {
        const { urls } = this.#settings;
        const receiver = (url, n) => `  - name: route${n}\n    webhook_configs:\n      - url: ${url}\n        send_resolved: true\n`;
        const route = (_, n) => `    - receiver: route${n}\n      continue: true\n`;
        return `route:
  receiver: route0
  group_by: ['...']
  group_wait: 0s
  group_interval: 1s
  repeat_interval: 24h
  routes:
${urls.map(route).join('')}receivers:
${urls.map(receiver).join('')}`;
    }

    #options(port, ports) {
        const disk = this.#settings.keeps ? ['--data.maintenance-interval=1s'] : [];
        if (ports.length === 1) return [...disk, '--cluster.listen-address='];
        const others = ports.filter((other) => other !== port).map((other) => `--cluster.peer=127.0.0.1:${other}`);
        return [...disk, ...others, `--cluster.listen-address=127.0.0.1:${port}`, '--cluster.peer-timeout=1s', '--cluster.gossip-interval=50ms', '--cluster.settle-timeout=500ms', '--cluster.pushpull-interval=1s', '--cluster.reconnect-interval=1s'];
    }

    async kill() {
        await this.#servers[this.#turn].kill();
    }

    async stop() {
        this.#isOver = true;
        await this.#resending;
        for (const server of this.#servers) await server.stop();
    }

    /** Comes back once an API answered 2xx. An event that is over at once goes on firing for a day. */
    async accept({ key, what, at }) {
        const startsAt = this.#known.get(key)?.startsAt ?? new Date(at * 1000).toISOString();
        const endsAt = new Date(Date.now() + (what === 'resolved' ? 0 : DAY_MS)).toISOString();
        const alert = {
            labels: { alertname: what === 'fired' ? 'position.liquidated' : 'position.at_risk', key },
            annotations: { description: 'x'.repeat(1500) }, startsAt, endsAt,
        };
        await insist(() => this.#tellAll([alert]));
        this.#known.set(key, alert);
    }

    #tellAll(alerts) {
        const body = JSON.stringify(alerts);
        return Promise.any(this.#servers.map(({ url }) => post(`${url}/api/v2/alerts`, body)));
    }

    async #resend(everyMs) {
        while (!this.#isOver) {
            await pause(everyMs);
            await this.#tellAll([...this.#known.values()]).catch(() => {});
        }
    }

    messagesOf({ body }) {
        return JSON.parse(body).alerts.map(({ status, labels, startsAt, fingerprint }) => {
            const firing = labels.alertname === 'position.liquidated' ? 'fired' : 'firing';
            return { key: labels.key, what: status === 'resolved' ? 'resolved' : firing, id: `${fingerprint} ${startsAt} ${status}` };
        });
    }
}

async function post(url, body) {
    const response = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body, signal: AbortSignal.timeout(10_000) });
    if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
    await response.arrayBuffer();
}
