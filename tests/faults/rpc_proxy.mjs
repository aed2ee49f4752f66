// A JSON-RPC proxy before a node that fails and lies as it is told: `plan(call)` answers what to do
// with one HTTP request, or null to pass it on.
//
// A call is {n, methods, items}: the number of the request and its JSON-RPC members. What may be
// done, as {kind, …}:
//
//   delay {ms}             passed on, but late           status {status, headers, body}
//   hang                   nothing is ever answered      close            cut before a word is said
//   truncate {bytes}       cut in the middle of a reply  garbage          something that is no HTTP
//   drip                   ten bytes a second            stream {mebibytes, body}  endless, chunked
//   later {answer}         what `answer(item)` resolves to, as JSON
//   edit {each}            the reply after `each(reply, item)` changed or replaced it

import http from 'node:http';

const MEBIBYTE = 1 << 20;
const KEPT = 4_000;

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function bodyOf(stream) {
    const parts = [];
    for await (const part of stream) parts.push(part);
    return Buffer.concat(parts);
}

export class FaultProxy {
    /** {at_ms, methods, fault} of the last requests. */
    history = [];
    requests = 0;
    /** Requests that were not passed on as they were. */
    faults = 0;
    #server;
    #agent = new http.Agent({ keepAlive: true });

    constructor(target) {
        this.target = target;
        this.plan = () => null;
    }

    static async start(target) {
        const proxy = new FaultProxy(target);
        await proxy.#listen();
        return proxy;
    }

    async #listen() {
        this.#server = http.createServer((request, response) => {
            this.#serve(request, response).catch(() => response.destroy());
        });
        await new Promise((resolve, reject) => {
            this.#server.once('error', reject);
            this.#server.listen(0, '127.0.0.1', resolve);
        });
        this.url = `http://127.0.0.1:${this.#server.address().port}`;
    }

    stop() {
        this.#agent.destroy();
        this.#server.closeAllConnections();
        this.#server.close();
    }

    /** Ends what hangs, so that a fault that is over is over. */
    heal() {
        this.plan = () => null;
        this.#server.closeAllConnections();
    }

    async #serve(request, response) {
        const body = await bodyOf(request);
        const parsed = JSON.parse(body);
        const items = [parsed].flat();
        const call = { n: ++this.requests, methods: items.map(({ method }) => method), items };
        const fault = this.plan(call);
        if (fault) this.faults += 1;
        this.history.push({ at_ms: Date.now(), methods: call.methods, fault: fault?.kind ?? null });
        if (this.history.length > KEPT) this.history.splice(0, KEPT / 2);
        await (fault ? FAULTS[fault.kind](this, { body, items, response, fault, isBatch: Array.isArray(parsed) }) : this.pass(body, response));
    }

    /** {status, text} of the node itself. */
    ask(body) {
        return new Promise((resolve, reject) => {
            const options = { method: 'POST', agent: this.#agent, headers: { 'content-type': 'application/json', 'content-length': body.length } };
            const request = http.request(this.target, options, async (response) => {
                try {
                    resolve({ status: response.statusCode, text: (await bodyOf(response)).toString('utf8') });
                } catch (error) {
                    reject(error);
                }
            });
            request.on('error', reject);
            request.end(body);
        });
    }

    async pass(body, response) {
        const { status, text } = await this.ask(body);
        answer(response, status, text);
    }
}

function answer(response, status, text, headers = {}) {
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(text);
}

const closed = (response) => new Promise((resolve) => response.once('close', resolve));

const FAULTS = {
    async delay(proxy, { body, response, fault }) {
        await pause(fault.ms);
        await proxy.pass(body, response);
    },
    async status(proxy, { response, fault }) {
        answer(response, fault.status, fault.body ?? '', fault.headers);
    },
    async hang(proxy, { response }) {
        await closed(response);
    },
    async close(proxy, { response }) {
        response.destroy();
    },
    async truncate(proxy, { body, response, fault }) {
        const { text } = await proxy.ask(body);
        response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) });
        response.write(text.slice(0, fault.bytes ?? Math.floor(text.length / 2)));
        await pause(5);
        response.destroy();
    },
    async garbage(proxy, { response }) {
        response.socket.end('\x00\x01\x02 SSH-2.0-nothing\r\n');
    },
    async drip(proxy, { body, response }) {
        const { text } = await proxy.ask(body);
        response.writeHead(200, { 'content-type': 'application/json' });
        for (let at = 0; at < text.length && !response.destroyed; at += 10) {
            response.write(text.slice(at, at + 10));
            await pause(1_000);
        }
        response.end();
    },
    /** A reply that never ends, as fast as it is read; `body` is repeated. */
    async stream(proxy, { response, fault }) {
        response.writeHead(200, { 'content-type': 'application/json' });
        response.write(fault.head ?? '{"jsonrpc":"2.0","id":1,"result":"0x');
        const part = Buffer.alloc(MEBIBYTE, fault.body ?? '0');
        const gone = closed(response);
        for (let i = 0; i < fault.mebibytes && !response.destroyed; i++) {
            if (!response.write(part)) await Promise.race([new Promise((resolve) => response.once('drain', resolve)), gone]);
        }
        response.destroy();
    },
    async later(proxy, { items, response, fault }) {
        answer(response, 200, JSON.stringify(await fault.answer(items[0])));
    },
    async edit(proxy, { body, items, response, fault, isBatch }) {
        const { status, text } = await proxy.ask(body);
        const replies = [JSON.parse(text)].flat();
        const edited = replies.map((reply) => {
            const item = items.find(({ id }) => id === reply.id);
            return fault.each(reply, item) ?? reply;
        });
        answer(response, status, JSON.stringify(isBatch ? edited : edited[0]));
    },
};
