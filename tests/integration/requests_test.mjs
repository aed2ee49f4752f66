// A quiet round costs at most four requests, whatever the number of positions.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { startCountingProxy } from './counting_proxy.mjs';
import { startMarket } from './market.mjs';

const ROUNDS = 5;

/** Between two rounds the daemon only asks for the head, and finds the one it knows. */
const isIdlePoll = ({ method, result }, known) => method === 'eth_getBlockByNumber' && result?.hash === known;

async function quietRounds(accounts) {
    let proxy;
    const market = await startMarket({
        accounts,
        endpointOf: async (url) => (proxy = await startCountingProxy(url)).url,
    });
    try {
        for (let i = 0; i < 3; i++) await market.mineQuietBlock();
        const rounds = [];
        for (let i = 0; i < ROUNDS; i++) {
            const known = market.anvil.chain.head().hash;
            proxy.calls.length = 0;
            await market.mineQuietBlock();
            const calls = proxy.calls.filter((call) => !isIdlePoll(call, known));
            const next = market.anvil.chain.head().hash;
            const first = calls.findIndex((call) => isIdlePoll(call, next));
            rounds.push(calls.filter((call, i) => i === first || !isIdlePoll(call, next)));
        }
        return { rounds, positions: (await market.daemon.positions()).length };
    } finally {
        await market.stop();
        await proxy.stop();
    }
}

test('a quiet round costs the same for 200 and 2,000 accounts, at most four requests', { timeout: 300_000 }, async () => {
    const few = await quietRounds(200);
    const many = await quietRounds(2_000);
    assert.ok(many.positions > 5 * few.positions, `${few.positions} and ${many.positions} positions`);
    for (const { rounds } of [few, many]) {
        for (const calls of rounds) {
            assert.ok(calls.length <= 4, calls.map(({ method }) => method).join(' '));
        }
    }
    const bytes = ({ rounds }) => Math.max(...rounds.flat().map((call) => call.bytes));
    assert.equal(bytes(many), bytes(few), 'the multicall grows with the positions');
});
