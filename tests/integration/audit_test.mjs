// A node that keeps a log back: the daemon's own audit finds the wrong account, says so with both
// numbers, reads it anew, and goes on.
import assert from 'node:assert/strict';
import http from 'node:http';
import { test } from 'node:test';

import { archived } from './archive.mjs';
import { startMarket } from './market.mjs';

const bodyOf = async (stream) => Buffer.concat(await stream.toArray());

/** Passes everything on, but leaves out the logs of one block while `hides` says so. */
async function startForgetfulProxy(target) {
    const state = { hides: false, hidden: 0 };
    const server = http.createServer(async (request, response) => {
        const body = await bodyOf(request);
        const answer = await fetch(target, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
        let text = await answer.text();
        if (state.hides && body.includes('eth_getLogs')) {
            const reply = JSON.parse(text);
            state.hidden += reply.result.length;
            text = JSON.stringify({ ...reply, result: [] });
        }
        response.writeHead(answer.status, { 'content-type': 'application/json' });
        response.end(text);
    });
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    return { state, url: `http://127.0.0.1:${server.address().port}`, stop: () => (server.closeAllConnections?.(), server.close()) };
}

test('a log that is kept back is found by the audit and healed', { timeout: 120_000 }, async () => {
    let proxy;
    const market = await startMarket({
        accounts: 60,
        endpointOf: async (url) => (proxy = await startForgetfulProxy(url)).url,
    });
    try {
        const { world, anvil, daemon } = market;
        const before = await daemon.positions();
        const victim = before.find((row) => row.debt.some(({ asset }) => asset === 'USDC') && row.liquidatable === false);
        proxy.state.hides = true;
        world.market.borrow(victim.account, 'USDC', 1_000_000n);
        await world.mine();
        await market.settled();
        proxy.state.hides = false;
        assert.ok(proxy.state.hidden > 0, 'the proxy hid nothing: ' + JSON.stringify(world.outcomes));
        for (let i = 0; i < 12; i++) await market.mineQuietBlock();
        const status = await daemon.status();
        const [protocol] = status.protocols;
        assert.ok(protocol.audit.mismatched > 0, 'the audit found nothing');
        assert.equal(protocol.state, 'live', protocol.reason);
        assert.equal(protocol.coverage, '1.000000');
        const types = archived(market.folder).map(({ type }) => type);
        assert.ok(types.includes('source.disagrees.firing'), types.join(' '));
        assert.ok(types.includes('source.disagrees.resolved'), types.join(' '));
        const [row] = await daemon.rows('positions', { account: victim.account });
        const debt = BigInt(row.debt.find(({ asset }) => asset === 'USDC').amount_raw);
        const known = BigInt(victim.debt.find(({ asset }) => asset === 'USDC').amount_raw);
        assert.ok(debt >= known + 1_000_000n, 'the borrow is known now');
    } finally {
        await market.stop();
        proxy.stop();
    }
});
