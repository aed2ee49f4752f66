// A webhook receiver that does to every delivery what a script says, and writes down what came and
// what it did about it: one JSON object a line.

import { appendFileSync } from 'node:fs';
import http from 'node:http';

const DRIP_BYTES = 10;
const DRIP_EVERY_MS = 200;
const CHUNK = Buffer.alloc(1 << 20, 'x');

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function bodyOf(stream) {
    const parts = [];
    for await (const part of stream) parts.push(part);
    return Buffer.concat(parts).toString('utf8');
}

/** What may be done with a delivery: `kind` names one of these. */
const REPLIES = {
    /** {status, headers, body, delayMs} */
    async status({ response, reply }) {
        response.writeHead(reply.status ?? 204, reply.headers).end(reply.body);
        await new Promise((resolve) => response.once('close', resolve));
    },
    /** A whole reply, a few bytes at a time: {status, bytes} */
    async drip({ response, reply }) {
        response.writeHead(reply.status ?? 200, { 'content-length': reply.bytes ?? 10_000 });
        for (let sent = 0; sent < (reply.bytes ?? 10_000) && !response.destroyed; sent += DRIP_BYTES) {
            response.write(CHUNK.subarray(0, DRIP_BYTES));
            await pause(DRIP_EVERY_MS);
        }
        response.destroy();
    },
    /** Nothing is ever answered. */
    async hang({ response }) {
        await new Promise((resolve) => response.once('close', resolve));
    },
    /** The connection is cut before a word is said, after the body was read or before: {unread} */
    cut({ response }) {
        response.destroy();
    },
    /** Something that is not HTTP. */
    garbage({ request }) {
        request.socket.end('\x16\x03\x01 this is not HTTP\r\n\r\n');
    },
    /** A status with more body than anybody wants: {status, mebibytes} */
    async flood({ response, reply }) {
        response.writeHead(reply.status ?? 200, { 'content-type': 'text/plain' });
        for (let i = 0; i < (reply.mebibytes ?? 64) && !response.destroyed; i++) {
            if (!response.write(CHUNK)) await Promise.race([pause(2_000), new Promise((resolve) => response.once('drain', resolve))]);
        }
        response.destroy();
    },
};

/** How a sender understands the reply, if it waits for it: `meaning` tells of one that comes too late. */
function meaningOf({ kind, meaning, status = kind === 'status' ? 204 : 200 }) {
    if (meaning) return meaning;
    if (kind !== 'status' && kind !== 'flood') return 'lost';
    return status >= 200 && status < 300 ? 'accepted' : 'refused';
}

/** Draws a reply for every delivery: `percent` is {name: share}, `replies` is {name: reply}. */
export function mixture(rng, percent, replies) {
    return () => {
        let left = rng.below(100);
        for (const [name, share] of Object.entries(percent)) {
            if (left < share) return replies[name];
            left -= share;
        }
        return { kind: 'status' };
    };
}

export class FaultyReceiver {
    /**
     * Everything that arrived, in that order: {n, at_ms, id, key, type, body, headers, meaning, reply}.
     * `meaning` is what the reply says: accepted, refused, or lost where it says nothing.
     */
    arrivals = [];
    #server;
    #file;

    /**
     * `plan(arrival)` answers the reply to one delivery, or {byBody(body)}, which does. `file` is where the
     * history goes.
     */
    constructor({ file = null, plan = () => ({ kind: 'status' }) } = {}) {
        this.#file = file;
        this.plan = plan;
    }

    async listen() {
        this.#server = http.createServer((request, response) => {
            this.#take(request, response).catch(() => response.destroy());
        });
        await new Promise((resolve, reject) => {
            this.#server.once('error', reject);
            this.#server.listen(0, '127.0.0.1', resolve);
        });
        this.url = `http://127.0.0.1:${this.#server.address().port}/alerts`;
    }

    close() {
        this.#server?.closeAllConnections();
        this.#server?.close();
    }

    /** How many of the arrivals were answered so. */
    count(meaning) {
        return this.arrivals.filter((one) => one.meaning === meaning).length;
    }

    async #take(request, response) {
        const { headers } = request;
        const arrival = { n: 0, at_ms: Date.now(), id: headers['webhook-id'] ?? null, headers };
        const planned = this.plan(arrival);
        const body = planned.unread ? null : await bodyOf(request);
        const reply = planned.byBody?.(body) ?? planned;
        const { type = null, data = {} } = parsed(body);
        Object.assign(arrival, { type, key: data.alert_key ?? null, body, meaning: meaningOf(reply), reply });
        arrival.n = this.arrivals.length + 1;
        this.arrivals.push(arrival);
        if (this.#file) appendFileSync(this.#file, JSON.stringify(arrival) + '\n');
        if (reply.delayMs) await pause(reply.delayMs);
        await REPLIES[reply.kind]({ request, response, reply });
    }
}

function parsed(body) {
    try {
        return JSON.parse(body) ?? {};
    } catch {
        return {};
    }
}
