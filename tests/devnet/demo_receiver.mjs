// A webhook receiver as a careful operator would write it: it believes an alert only when both
// signatures are right, and counts every alert once.

import { createHmac, timingSafeEqual } from 'node:crypto';
import { EventEmitter } from 'node:events';
import http from 'node:http';

import { verifyMessage } from 'ethers';

const REPLAY_WINDOW_SECONDS = 300;
const MOST_BYTES = 1 << 20;

/** Why the delivery is not to be believed, or null. `body` is the raw text. */
export function refusal({ headers, body, secret, signer, now }) {
    const id = headers['webhook-id'];
    const timestamp = Number(headers['webhook-timestamp']);
    if (!id) return 'no webhook-id';
    if (!(Math.abs(now - timestamp) <= REPLAY_WINDOW_SECONDS)) return 'webhook-timestamp is not of now';
    const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
    const wanted = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest();
    const given = String(headers['webhook-signature'] ?? '').split(' ');
    if (!given.some((entry) => isSame(entry, wanted))) return 'the HMAC is wrong';
    try {
        if (verifyMessage(body, headers['plimsoll-signature-eip191']) !== signer) return 'signed by somebody else';
    } catch (error) {
        return `no EIP-191 signature: ${error.shortMessage ?? error.message}`;
    }
    return null;
}

function isSame(entry, wanted) {
    if (!entry.startsWith('v1,')) return false;
    const given = Buffer.from(entry.slice(3), 'base64');
    return given.length === wanted.length && timingSafeEqual(given, wanted);
}

/** Emits `alert` for every new alert that can be believed. */
export class Receiver extends EventEmitter {
    /** id -> alert */
    alerts = new Map();
    deliveries = 0;
    refused = [];
    #server;

    constructor({ secret, signer }) {
        super();
        Object.assign(this, { secret, signer });
    }

    async listen() {
        this.#server = http.createServer((request, response) => this.#take(request, response));
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

    #take(request, response) {
        const parts = [];
        let size = 0;
        request.on('data', (part) => {
            size += part.length;
            if (size > MOST_BYTES) request.destroy();
            else parts.push(part);
        });
        request.on('error', () => {});
        request.on('end', () => {
            const reason = this.#judge(request.headers, Buffer.concat(parts).toString('utf8'));
            response.writeHead(reason ? 400 : 204).end(reason ?? undefined);
        });
    }

    #judge(headers, body) {
        this.deliveries += 1;
        const { secret, signer } = this;
        const reason = refusal({ headers, body, secret, signer, now: Date.now() / 1000 });
        if (reason) {
            this.refused.push({ reason, body });
            return reason;
        }
        const alert = JSON.parse(body);
        if (!this.alerts.has(alert.id)) {
            this.alerts.set(alert.id, alert);
            this.emit('alert', alert);
        }
        return null;
    }
}
