// JSON-RPC over HTTP with keep-alive: one call, or many in a few batches.

import http from 'node:http';

const BATCH = 200;
const DEADLINE_MS = 600_000;

export class RpcError extends Error {
    constructor(method, error) {
        super(`${method}: ${error.message} (${error.code})`);
        this.code = error.code;
        this.data = error.data;
    }
}

/** Only these mean "the contract reverted"; every other error is a failure of the test chain. */
export function isRevert(error) {
    return error?.code === 3 || /revert/i.test(error?.message ?? '');
}

export class Rpc {
    #agent = new http.Agent({ keepAlive: true, maxSockets: 4 });
    #id = 0;

    constructor(url) {
        this.url = url;
    }

    async call(method, params = []) {
        const reply = await this.#post({ jsonrpc: '2.0', id: ++this.#id, method, params });
        if (reply.error) throw new RpcError(method, reply.error);
        return reply.result;
    }

    /** Answers in the order asked: `{result}` or `{error}`. Never throws for one item's error. */
    async settle(calls) {
        const answers = [];
        for (let at = 0; at < calls.length; at += BATCH) {
            const body = calls
                .slice(at, at + BATCH)
                .map(([method, params]) => ({ jsonrpc: '2.0', id: ++this.#id, method, params }));
            const replies = await this.#post(body);
            const byId = new Map(replies.map((reply) => [reply.id, reply]));
            for (const { id } of body) answers.push(byId.get(id));
        }
        return answers;
    }

    /** As `settle`, but any error is thrown. */
    async batch(calls) {
        const answers = await this.settle(calls);
        return answers.map((answer, i) => {
            if (answer.error) throw new RpcError(calls[i][0], answer.error);
            return answer.result;
        });
    }

    close() {
        this.#agent.destroy();
    }

    #post(payload) {
        const body = JSON.stringify(payload);
        return new Promise((resolve, reject) => {
            const request = http.request(
                this.url,
                {
                    method: 'POST',
                    agent: this.#agent,
                    timeout: DEADLINE_MS,
                    headers: {
                        'content-type': 'application/json',
                        'content-length': Buffer.byteLength(body),
                    },
                },
                (response) => {
                    const parts = [];
                    response.on('data', (part) => parts.push(part));
                    response.on('error', reject);
                    response.on('end', () => {
                        try {
                            resolve(JSON.parse(Buffer.concat(parts).toString('utf8')));
                        } catch (error) {
                            reject(error);
                        }
                    });
                },
            );
            request.on('error', reject);
            request.on('timeout', () => request.destroy(new Error('JSON-RPC deadline passed')));
            request.end(body);
        });
    }
}
