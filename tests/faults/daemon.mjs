// The daemon under test: its configuration, with a receiver and an archive that both get every
// alert, and how to wait for it.

import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { freePort } from '../devnet/anvil.mjs';
import { ETH_GROUP } from '../devnet/listings.mjs';
import { CHAIN, Daemon, PROTOCOL } from '../differential/daemon.mjs';

export { CHAIN, PROTOCOL };

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
export const BINARY = path.resolve(process.env.PLIMSOLL_BIN ?? path.join(ROOT, 'build/plimsoll'));

const POLL_MS = 20;

export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Waits for a claim to come true; the error says what was waited for and what `look` saw last. */
export async function eventually(what, look, deadlineMs) {
    for (const deadline = Date.now() + deadlineMs; ; await pause(POLL_MS)) {
        let last;
        try {
            last = await look();
            if (last === true || last?.isTrue) return last;
        } catch (error) {
            last = error.message;
        }
        if (Date.now() > deadline) throw new Error(`${what}: not within ${deadlineMs / 1000} s; last: ${JSON.stringify(last)}`);
    }
}

const quoted = (text) => JSON.stringify(text);

/**
 * `endpoints` are TOML values as text, or plain URLs. `chain` and `sink` are more lines for their
 * tables; without `webhook` there is only the archive.
 */
export function configuration({ state, port, endpoints, provider, webhook, secrets, chain = '', sink = '', pollEvery = '50ms', tables = [] }) {
    const values = endpoints.map((one) => (one.startsWith('{') ? one : quoted(one)));
    const receiver = webhook
        ? `
[sinks.receiver]
kind = "webhook"
url = ${quoted(webhook)}
secrets = [${quoted(`\${file:${secrets.secret}}`)}]
allow_http = true
allow_private = ["127.0.0.0/8"]
${sink}
`
        : '';
    const snapshots = tables.length > 0 ? `\n[snapshots]\nevery = "1h"\ntables = [${tables.map(quoted).join(', ')}]\n` : '';
    return `version = 1

[daemon]
instance = "faults"
state_dir = ${quoted(state)}
http_listen = "127.0.0.1:${port}"
# What is said of the source holds nothing back here: every alert is looked for at the receiver.
default_inhibits = false

[chains.${CHAIN}]
kind = "evm"
chain_id = 31337
poll_every = ${quoted(pollEvery)}
finality = "finalized"
endpoints = [${values.join(', ')}]
${chain || '# The chain\'s clock is not ours.\nstale_after = "3650d"'}

[protocols.${PROTOCOL}]
kind = "aave-v3"
chain = ${quoted(CHAIN)}
address = ${quoted(provider)}
start_block = 0

[groups.ETH]
leader = ${quoted(ETH_GROUP[0])}
members = [${ETH_GROUP.map(quoted).join(', ')}]

[bands.eth-upper]
collateral = "ETH"
between = [2200, 2400]

[bands.eth-lower]
collateral = "ETH"
between = [1574, 1681]

[rules.liquidatable]
when = "liquidatable"
severity = "critical"

[rules.at-risk]
when = "health_factor < 1.1"
clear = "health_factor >= 1.12"
min_debt = 1000
severity = "warning"

[rules.liquidations]
when = "liquidated"
severity = "info"

[rules.eth-cluster]
bands = ["eth-upper", "eth-lower"]
when = "exposure_usd >= 500_000"
clear = "exposure_usd < 400_000"
severity = "warning"

[rules.eth-approach]
bands = ["eth-upper", "eth-lower"]
when = "price_above_band_pct <= 3 and exposure_usd >= 100_000"
severity = "critical"

[sinks.archive]
kind = "jsonl"
path = "alerts"
# The chain's clock is years behind ours, and alerts about sources have ours.
keep = "36500d"
${receiver}
[signing]
key = ${quoted(`\${file:${secrets.key}}`)}
${snapshots}`;
}

/** The only child of a process, or null when it has none any more. */
function childOf(pid) {
    try {
        const [first] = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ');
        return Number(first) || null;
    } catch {
        return null;
    }
}

/** Fresh secrets in the folder, readable by their owner only. */
export function makeSecrets(folder) {
    const secrets = { secret: path.join(folder, 'webhook.secret'), key: path.join(folder, 'signing.key') };
    writeFileSync(secrets.secret, `whsec_${randomBytes(32).toString('base64')}`, { mode: 0o600 });
    writeFileSync(secrets.key, randomBytes(32).toString('hex'), { mode: 0o600 });
    return secrets;
}

/**
 * What runs the daemon so that strace does something to its calls: `rule` is what strace injects,
 * such as "fsync:error=EIO:when=3". The daemon dies with strace.
 */
export function injecting(rule, log) {
    const [call] = rule.split(':');
    return ['strace', '-f', '-qq', '-y', '-o', log, '-e', `trace=${call}`, '-e', `inject=${rule}`, 'setpriv', '--pdeathsig', 'KILL'];
}

/** A daemon that is not started yet; `state` is where it keeps everything. */
export class FaultDaemon extends Daemon {
    static async make({ folder, ...settings }) {
        mkdirSync(folder, { recursive: true });
        const port = await freePort();
        const secrets = makeSecrets(folder);
        const state = path.join(folder, 'state');
        const text = configuration({ state, port, secrets, ...settings });
        const daemon = new FaultDaemon({ binary: BINARY, folder, port, text });
        return Object.assign(daemon, { state, secrets, port });
    }

    /** Asks a daemon that runs within strace to stop; answers {code, signal} of its end. */
    async stopTraced() {
        const traced = childOf(this.pid);
        try {
            if (traced) process.kill(traced, 'SIGTERM');
        } catch (error) {
            if (error.code !== 'ESRCH') throw error;
        }
        return this.ended();
    }

    /** Whether it listens. */
    async answers() {
        try {
            await fetch(`${this.base}/-/healthy`, { signal: AbortSignal.timeout(1_000) });
            return true;
        } catch {
            return false;
        }
    }

    /** {status, body} of any path, whatever the status. */
    async peek(target) {
        const response = await fetch(this.base + target, { signal: AbortSignal.timeout(10_000) });
        return { status: response.status, body: await response.text() };
    }

    async isReady() {
        return (await this.peek('/-/ready')).status === 200;
    }

    async ready(deadlineMs) {
        await eventually('it is ready', async () => {
            const { status, body } = await this.peek('/-/ready');
            return status === 200 || body;
        }, deadlineMs);
    }

    /** Waits until nothing is queued for any sink. */
    async drained(deadlineMs) {
        await eventually('every message is delivered', async () => {
            const { sinks } = await this.status();
            return sinks.every(({ queued }) => queued === 0) || sinks;
        }, deadlineMs);
    }
}
