// Runs the daemon as a black box: writes its configuration, starts and kills it, and reads its
// HTTP interface. Knows names of the contract (DESIGN 6 to 9) and nothing of the code.

import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { ETH_GROUP } from '../devnet/listings.mjs';
import { spawnTied } from '../devnet/tied.mjs';

export const CHAIN = 'devnet';
export const PROTOCOL = 'aave-v3-devnet';

export const PAGE = 97;
const POLL_MS = 30;

/** What a run says of the protocol it watches; the rest of a file is the same for all. */
export const AAVE = {
    name: PROTOCOL,
    kind: 'aave-v3',
    chainKind: 'evm',
    groups: { ETH: ETH_GROUP },
    bands: { 'eth-upper': ['ETH', 2200, 2400], 'eth-lower': ['ETH', 1574, 1681] },
};

const quoted = (list) => list.map((text) => `"${text}"`).join(', ');

function groupText([name, members]) {
    return `[groups.${name}]\nleader = "${members[0]}"\nmembers = [${quoted(members)}]\n`;
}

function bandText([name, [collateral, low, high]]) {
    return `[bands.${name}]\ncollateral = "${collateral}"\nbetween = [${low}, ${high}]\n`;
}

/** `endpoint` is one URL, one inline table, or several. `chainKeys` are lines added to the chain's table. */
export function configuration({ folder, port, endpoint, chainId, provider, subject = AAVE, chainKeys = '', staleAfter = '3650d' }) {
    const { name, kind, chainKind, groups, bands } = subject;
    const endpoints = [endpoint].flat().map((one) => (one.startsWith('{') ? one : `"${one}"`)).join(', ');
    return `version = 1

[daemon]
instance = "differential"
state_dir = "${folder}/state"
http_listen = "127.0.0.1:${port}"

[chains.${CHAIN}]
kind = "${chainKind}"
chain_id = ${chainId}
poll_every = "200ms"
finality = "finalized"
# The chain's clock is not ours: its blocks may be years away from the wall clock.
stale_after = "${staleAfter}"
endpoints = [${endpoints}]
${chainKeys}

[protocols.${name}]
kind = "${kind}"
chain = "${CHAIN}"
address = "${provider}"
start_block = 0

${Object.entries(groups).map(groupText).join('\n')}
${Object.entries(bands).map(bandText).join('\n')}
[rules.liquidatable]
when = "liquidatable"
confirm = "latest"
severity = "critical"
to = ["archive"]

[rules.at-risk]
when = "health_factor < 1.1"
clear = "health_factor >= 1.15"
min_debt = 100
confirm = "latest"
severity = "warning"
to = ["archive"]

[rules.liquidations]
when = "liquidated"
confirm = "latest"
severity = "info"
to = ["archive"]

[rules.eth-exposure]
bands = [${quoted(Object.keys(bands))}]
when = "exposure_usd >= 1000000"
clear = "exposure_usd < 900000"
confirm = "latest"
severity = "warning"
to = ["archive"]

[sinks.archive]
kind = "jsonl"
path = "alerts"
# The chain's clock is years behind ours, and alerts about sources have ours.
keep = "36500d"
`;
}

export class Daemon {
    #child = null;

    /** `text`: a configuration of the caller's own, listening on `port`, with state in `folder`/state. */
    constructor({ binary, folder, port, text, ...rest }) {
        this.protocol = (rest.subject ?? AAVE).name;
        this.binary = binary;
        this.folder = folder;
        this.base = `http://127.0.0.1:${port}`;
        this.config = path.join(folder, 'plimsoll.toml');
        this.log = path.join(folder, 'plimsoll.log');
        mkdirSync(path.join(folder, 'state'), { recursive: true });
        writeFileSync(this.config, text ?? configuration({ folder, port, ...rest }));
    }

    /** `through` is a program and its options that run the daemon, such as strace. */
    start({ through = [] } = {}) {
        const log = openSync(this.log, 'a');
        const [program, ...args] = [...through, this.binary, 'run', '--config', this.config];
        this.#child = spawnTied(program, args, { stdio: ['ignore', log, log] });
        closeSync(log);
    }

    /** Of the program that was started. */
    get pid() {
        return this.#child.pid;
    }

    get hasEnded() {
        return this.#child === null || this.#child.hasEnded();
    }

    async kill() {
        await this.#child?.end('SIGKILL');
    }

    /** Sends a signal and does not wait. */
    signal(name) {
        this.#child.kill(name);
    }

    /** Does something while it stands still. */
    async unwatched(act) {
        if (!this.#child || this.#child.hasEnded()) return act();
        this.signal('SIGSTOP');
        try {
            return await act();
        } finally {
            this.signal('SIGCONT');
        }
    }

    /** Asks it to stop; answers its exit code, or null when a signal ended it. */
    async stop() {
        await this.#child.end('SIGTERM');
        return this.#child.exitCode;
    }

    /** Waits until it ends by itself; answers {code, signal}. */
    async ended() {
        const child = this.#child;
        if (!child.hasEnded()) await new Promise((resolve) => child.once('exit', resolve));
        return { code: child.exitCode, signal: child.signalCode };
    }

    lastLines(count = 40) {
        return readFileSync(this.log, 'utf8').trimEnd().split('\n').slice(-count).join('\n');
    }

    async get(target) {
        const response = await fetch(this.base + target, { signal: AbortSignal.timeout(60_000) });
        const body = await response.text();
        if (!response.ok) throw new Error(`GET ${target}: ${response.status} ${body.slice(0, 200)}`);
        return JSON.parse(body);
    }

    status() {
        return this.get('/status');
    }

    /** All rows of a table, page by page. A page of another block is an error of the daemon. */
    async rows(table, query = {}) {
        const out = [];
        let cursor = null;
        const cursors = new Set();
        do {
            const search = new URLSearchParams({ ...query, ...(cursor !== null && { cursor }) });
            const page = await this.get(`/v1/${table}?${search}`);
            if (!Array.isArray(page.rows)) throw new Error(`/v1/${table} has no rows`);
            out.push(...page.rows);
            cursor = page.next ?? null;
            if (cursors.has(cursor)) throw new Error(`/v1/${table} repeats cursor ${cursor}`);
            cursors.add(cursor);
        } while (cursor !== null);
        return out;
    }

    positions() {
        return this.rows('positions', { protocol: this.protocol, limit: PAGE });
    }

    /**
     * Waits until the chain is processed up to this very block. Throws when the daemon ends or
     * the time is over, with what it said last.
     */
    async reached({ number, hash }, deadlineMs) {
        const deadline = Date.now() + deadlineMs;
        let last = 'no answer yet';
        for (;;) {
            if (this.#child.hasEnded()) throw new Error(`the daemon ended\n${this.lastLines()}`);
            try {
                const status = await this.status();
                const chain = status.chains?.find(({ name }) => name === CHAIN);
                const protocol = status.protocols?.find(({ name }) => name === this.protocol);
                last = JSON.stringify({ chain, protocol });
                if (isAt(chain, protocol, { number, hash })) return status;
            } catch (error) {
                last = error.message;
            }
            if (Date.now() > deadline) {
                throw new Error(`block ${number} ${hash} was not reached: ${last}\n${this.lastLines()}`);
            }
            await new Promise((resolve) => setTimeout(resolve, POLL_MS));
        }
    }
}

const sameHash = (a, b) => String(a).toLowerCase() === String(b).toLowerCase();

function isAt(chain, protocol, { number, hash }) {
    if (chain?.processed !== number || !sameHash(chain.hash, hash)) return false;
    return protocol?.block === number && sameHash(protocol.block_hash, hash);
}
