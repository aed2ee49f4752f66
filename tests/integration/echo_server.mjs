// Servers on loopback that say back what they were told, as many do in their errors.

import http from 'node:http';
import { createRequire } from 'node:module';

const { SMTPServer } = createRequire(new URL('../devnet/package.json', import.meta.url))('smtp-server');

const bodyOf = async (stream) => Buffer.concat(await stream.toArray()).toString();

async function listen(handler) {
    const server = http.createServer(handler);
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    return {
        port: server.address().port,
        url: `http://127.0.0.1:${server.address().port}`,
        stop: () => (server.closeAllConnections?.(), server.close()),
    };
}

/** Answers every request with an error that holds its URL, its headers and its body; `state` counts
 *  them and holds what their header `authorization` said, and the last answers. */
export async function startEchoServer(status = 500) {
    const state = { count: 0, authorizations: new Set(), said: [] };
    const server = await listen(async (request, response) => {
        state.count += 1;
        if (request.headers.authorization) state.authorizations.add(request.headers.authorization);
        const text = `cannot ${request.method} ${request.url} ${JSON.stringify(request.headers)} ${await bodyOf(request)}`;
        if (state.said.push(text) > 500) state.said.shift();
        response.writeHead(status, { 'content-type': 'text/plain', 'x-echo': request.url });
        response.end(text);
    });
    return { ...server, state };
}

/** Refuses every login, with the password in the reply, as written and as AUTH PLAIN has it. */
export async function startEchoMailServer(key, cert) {
    const state = { passwords: new Set() };
    const server = new SMTPServer({
        secure: true,
        key,
        cert,
        disableReverseLookup: true,
        onAuth({ username, password }, session, done) {
            state.passwords.add(password);
            const plain = Buffer.from(`\0${username}\0${password}`).toString('base64');
            done(Object.assign(new Error(`no ${username} with ${password} (${plain})`), { responseCode: 535 }));
        },
    });
    server.on('error', () => {}); // clients that hang up
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    return { port: server.server.address().port, stop: () => server.close(), state };
}

/** Passes requests on, and answers every `every`th with an error that echoes it. */
export async function startFlakyProxy(target, every) {
    let count = 0;
    return listen(async (request, response) => {
        const body = await bodyOf(request);
        count += 1;
        if (count % every === 0) {
            response.writeHead(502, { 'content-type': 'text/html' });
            response.end(`<h1>${request.url}</h1><pre>${JSON.stringify(request.headers)}</pre>`);
            return;
        }
        const answer = await fetch(target, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
        response.writeHead(answer.status, { 'content-type': 'application/json' });
        response.end(await answer.text());
    });
}

/** A webhook receiver that takes everything: `taken` holds {id, body} in order of arrival. */
export async function startReceiver() {
    const taken = [];
    const server = await listen(async (request, response) => {
        taken.push({ id: request.headers['webhook-id'], body: JSON.parse(await bodyOf(request)) });
        response.writeHead(204);
        response.end();
    });
    return { ...server, taken };
}
