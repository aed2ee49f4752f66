// A JSON-RPC proxy on loopback that remembers what passed through it.

import http from 'node:http';

async function bodyOf(stream) {
    const chunks = [];
    for await (const chunk of stream) chunks.push(chunk);
    return Buffer.concat(chunks);
}

/**
 * `calls` holds {method, bytes, result} of every request, members of a batch counted each. `stop` is
 * as a machine that dies: connections break, new ones are refused; `start` brings it back.
 */
export async function startCountingProxy(target) {
    const calls = [];
    const server = http.createServer(async (request, response) => {
        const body = await bodyOf(request);
        const answer = await fetch(target, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
        const text = await answer.text();
        const asked = [JSON.parse(body)].flat();
        const answers = [JSON.parse(text)].flat();
        for (const { id, method, params } of asked) {
            const { result } = answers.find((one) => one.id === id) ?? {};
            calls.push({ method, bytes: JSON.stringify(params).length, result });
        }
        response.writeHead(answer.status, { 'content-type': 'application/json' });
        response.end(text);
    });
    let port = 0;
    const proxy = {
        calls,
        async start() {
            await new Promise((resolve) => server.listen(port, '127.0.0.1', resolve));
            ({ port } = server.address());
            proxy.url = `http://127.0.0.1:${port}`;
        },
        stop() {
            const closed = new Promise((resolve) => server.close(resolve));
            server.closeAllConnections();
            return closed;
        },
    };
    await proxy.start();
    return proxy;
}
