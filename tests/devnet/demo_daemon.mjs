// The daemon as a black box: started, asked over HTTP, stopped.

import { execFile } from 'node:child_process';
import { openSync, closeSync, readFileSync } from 'node:fs';
import net from 'node:net';
import { promisify } from 'node:util';

import { freePort } from './anvil.mjs';
import { spawnTied } from './tied.mjs';

const POLL_MS = 40;
const REQUEST_MS = 30_000;
const STOP_MS = 20_000;
const PAGE = 500;

export const DEFAULT_LISTEN = '127.0.0.1:9464';

/** The default address, or a free port of the same host when somebody listens there. */
export async function chooseListen() {
    const [host, port] = DEFAULT_LISTEN.split(':');
    const isFree = await new Promise((resolve) => {
        const server = net.createServer();
        server.once('error', () => resolve(false));
        server.listen(Number(port), host, () => server.close(() => resolve(true)));
    });
    return isFree ? DEFAULT_LISTEN : `${host}:${await freePort()}`;
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const sameHash = (a, b) => String(a).toLowerCase() === String(b).toLowerCase();

export class DaemonDied extends Error {}

export class DemoDaemon {
    #child = null;
    #stopping = false;

    constructor({ binary, files, listen }) {
        Object.assign(this, { binary, files });
        this.url = `http://${listen}`;
        /** Rejects when the daemon ends without having been asked to. */
        this.died = new Promise((_, reject) => (this.#reportDeath = reject));
        this.died.catch(() => {});
    }

    #reportDeath;

    start() {
        const log = openSync(this.files.log, 'a');
        // In a process group of its own, so that Ctrl-C reaches it through us only.
        const options = { stdio: ['ignore', log, log], detached: true };
        this.#child = spawnTied(this.binary, ['run', '--config', this.files.config], options);
        closeSync(log);
        this.#child.once('error', (error) => this.#reportDeath(new DaemonDied(`the daemon does not start: ${error.message}`)));
        this.#child.once('exit', (code, signal) => {
            if (this.#stopping) return;
            this.#reportDeath(new DaemonDied(`the daemon ended by itself, ${signal ?? `exit code ${code}`}`));
        });
    }

    get isRunning() {
        return this.#child !== null && !this.#child.hasEnded();
    }

    /** Asks it to stop; answers its exit code, or null when it had to be killed. */
    async stop() {
        if (!this.#child) return 0;
        this.#stopping = true;
        const child = this.#child;
        child.kill('SIGCONT');
        const killer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
        await child.end('SIGTERM');
        clearTimeout(killer);
        return child.exitCode;
    }

    /** Held, it sees nothing of the chains and answers nothing. */
    hold(isHeld) {
        this.#child.kill(isHeld ? 'SIGSTOP' : 'SIGCONT');
    }

    lastLines(count = 25) {
        return readFileSync(this.files.log, 'utf8').trimEnd().split('\n').slice(-count).join('\n');
    }

    /** Runs one of the reading commands. */
    async command(...args) {
        const all = [...args, '--config', this.files.config];
        const limits = { maxBuffer: 1 << 26, timeout: REQUEST_MS };
        const { stdout } = await promisify(execFile)(this.binary, all, limits);
        return stdout;
    }

    async get(target) {
        const response = await fetch(this.url + target, { signal: AbortSignal.timeout(REQUEST_MS) });
        const body = await response.text();
        if (!response.ok) throw new Error(`GET ${target}: ${response.status} ${body.slice(0, 200)}`);
        return JSON.parse(body);
    }

    status() {
        return this.get('/status');
    }

    /** All rows of a table, page by page. */
    async rows(table, query = {}) {
        const out = [];
        let cursor = null;
        do {
            const search = new URLSearchParams({ limit: PAGE, ...query, ...(cursor !== null && { cursor }) });
            const page = await this.get(`/v1/${table}?${search}`);
            out.push(...page.rows);
            cursor = page.next ?? null;
        } while (cursor !== null);
        return out;
    }

    /** Waits until every chain is processed up to its head: [{name, number, hash}]. */
    async reached(heads, deadlineMs, onStatus = () => {}) {
        const deadline = Date.now() + deadlineMs;
        for (let last = 'no answer yet'; ; ) {
            try {
                const status = await this.status();
                onStatus(status);
                if (heads.every((head) => isAt(status, head))) return status;
                last = where(status);
            } catch (error) {
                last = error.cause?.message ?? error.message;
            }
            if (Date.now() > deadline) {
                const wanted = heads.map(({ name, number }) => `${name} ${number}`).join(', ');
                throw new Error(`the daemon did not reach ${wanted} within ${deadlineMs / 1000} s: ${last}`);
            }
            await pause(POLL_MS);
        }
    }
}

function isAt({ chains, protocols }, { name, number, hash }) {
    const chain = chains.find((one) => one.name === name);
    if (chain?.processed !== number || !sameHash(chain.hash, hash)) return false;
    return protocols.every((one) => one.chain !== name || sameHash(one.block_hash, hash));
}

function where({ chains, protocols }) {
    const notes = [...chains, ...protocols].map(({ name, processed, block, state, reason }) => {
        return `${name} at ${processed ?? block} (${state}${reason ? `: ${reason}` : ''})`;
    });
    return notes.join(', ');
}
