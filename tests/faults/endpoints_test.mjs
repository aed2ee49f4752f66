// One endpoint that misbehaves in every way we know of. While it does, nothing false is told and the
// status says what is wrong; with the first poll after it everything is as the contracts have it.

import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';

import { Rng } from '../devnet/prng.mjs';
import { pause } from './daemon.mjs';
import { Scene, mebibytes } from './scene.mjs';

const POLL_MS = 250;
const STALE_MS = 2_000;
const MOST_MEMORY = 64 << 20;
/** What may be told while an endpoint fails: that it does. */
const ABOUT_OURSELVES = /^(source|daemon)\./;

const rng = new Rng('endpoints');
let scene;

/** What was told since is about the endpoint. */
async function nothingButOurselves(before) {
    const types = Object.values(await scene.told(before));
    assert.deepEqual(types.filter((type) => !ABOUT_OURSELVES.test(type)), []);
}

before(async () => {
    scene = await Scene.open({ seed: 'endpoints', mayBeStale: true, pollEvery: `${POLL_MS}ms`, chain: `stale_after = "${STALE_MS}ms"` });
});

after(() => scene.close());
afterEach(() => scene.proxies.forEach((proxy) => proxy.heal()));

const html = '<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>';
const isHead = ({ method, params }) => method === 'eth_getBlockByNumber' && params[0] === 'latest';
const json = (body, status = 200) => ({ kind: 'status', status, body: JSON.stringify(body) });
const edited = (each) => ({ kind: 'edit', each });

/** A reply of the size that is allowed, made of as many values as fit. */
const manyValues = (id) => `{"jsonrpc":"2.0","id":${id},"result":[${'0,'.repeat(7 << 20)}0]}`;

/** name -> what is done with a call; `blames` is looked for in the endpoint's last error. */
const FAULTS = {
    'hangs': { plan: () => ({ kind: 'hang' }), blames: /time|slow/i, waitMs: 14_000 },
    'closes every connection': { plan: () => ({ kind: 'close' }) },
    'cuts replies in the middle': { plan: () => ({ kind: 'truncate' }) },
    'speaks no HTTP': { plan: () => ({ kind: 'garbage' }) },
    'answers pages of HTML': { plan: () => ({ kind: 'status', status: 200, body: html }), blames: /no JSON/ },
    'answers 502 and HTML': { plan: () => ({ kind: 'status', status: 502, body: html, headers: { 'content-type': 'text/html' } }), blames: /502/ },
    'answers 503 with Retry-After': { plan: () => ({ kind: 'status', status: 503, headers: { 'retry-after': '1' } }), blames: /503/ },
    'answers 429 with Retry-After': { plan: () => ({ kind: 'status', status: 429, headers: { 'retry-after': '1' } }), state: /rate limited|down|ok/, blames: /429/ },
    'answers its own rate limit with 200': { plan: ({ items }) => json({ jsonrpc: '2.0', id: items[0].id, error: { code: -32007, message: '50/second request limit reached' } }), state: /rate limited|down|ok/ },
    'sends a gigabyte': { plan: () => ({ kind: 'stream', mebibytes: 1024 }), blames: /more than|large/i },
    'sends a gigabyte of spaces': { plan: () => ({ kind: 'stream', mebibytes: 1024, head: ' ', body: ' ' }), blames: /more than|large/i },
    'sends millions of values': { plan: ({ items }) => ({ kind: 'status', status: 200, body: manyValues(items[0].id) }), blames: /JSON|header|values/ },
    'sends nested arrays': { plan: () => ({ kind: 'status', status: 200, body: '['.repeat(1 << 20) }), blames: /JSON/ },
    'answers with another id': { plan: () => edited((reply) => ({ ...reply, id: reply.id + 1 })), blames: /another id/ },
    'answers with a result and an error': { plan: () => edited((reply) => ({ ...reply, error: { code: -1, message: 'no' } })), blames: /both/ },
    'answers null for the head': { plan: () => edited((reply, item) => (isHead(item) ? { ...reply, result: null } : reply)), blames: /latest/ },
    'shortens every hash': { plan: () => edited((reply, item) => (isHead(item) ? { ...reply, result: { ...reply.result, hash: '0x12' } } : reply)), blames: /hash/ },
    'answers calls with nothing': { plan: () => edited((reply, item) => (item.method === 'eth_call' ? { ...reply, result: '0x' } : reply)), isQuiet: true },
    'refuses the credentials': { plan: () => ({ kind: 'status', status: 401, body: 'no key' }), state: /refused/, blames: /401/, waitMs: 14_000 },
};

describe('an endpoint that', () => {
    for (const [name, { plan, blames = /./, state = /./, isQuiet = false, waitMs = 10_000 }] of Object.entries(FAULTS)) {
        test(name, { timeout: 60_000 }, async () => {
            const { proxies: [proxy], market, daemon } = scene;
            await scene.play();
            const before = await scene.told();
            scene.forgetPeak();
            const { now } = scene.memory();

            proxy.plan = plan;
            // What happens now must not be told half, and not be forgotten.
            await market.play();
            await scene.status('the status is honest', ({ chain, protocol, endpoints: [endpoint] }) => {
                const isStale = chain.state !== 'live' && protocol.state !== 'live';
                return isStale && state.test(endpoint.state) && (isQuiet || blames.test(endpoint.last_error ?? '')) && chain.reason !== null;
            }, waitMs);
            assert.equal((await daemon.peek('/-/ready')).status, 503);
            await nothingButOurselves(before);
            const { most } = scene.memory();
            assert.ok(most - now <= MOST_MEMORY, `${mebibytes(most - now)} MiB more than before`);

            proxy.heal();
            await scene.settled();
            await scene.status('everything is read', ({ protocol }) => protocol.state !== 'unknown');
            await scene.compare();
        });
    }

    test('is well again', { timeout: 60_000 }, () => scene.readyAgain());
});

describe('an endpoint that may be lived with:', () => {
    const SLOW = {
        'answers late': () => ({ kind: 'delay', ms: 120 }),
        'fails now and then': () => (rng.chance(15) ? { kind: 'status', status: 500 } : null),
        'refuses batches': ({ items }) => (items.length > 1 ? json({ jsonrpc: '2.0', id: null, error: { code: 31, message: 'Batch of more than 1 requests are not allowed on free tier' } }) : null),
        'takes ranges of three blocks': ({ items }) => edited((reply, item) => rangeCap(reply, item, 3)),
    };

    function rangeCap(reply, { method, params }, most) {
        if (method !== 'eth_getLogs' || params[0].blockHash) return reply;
        const { fromBlock, toBlock } = params[0];
        if (Number(toBlock) - Number(fromBlock) < most) return reply;
        return { jsonrpc: '2.0', id: reply.id, error: { code: -32614, message: `eth_getLogs is limited to a ${most} range` } };
    }

    for (const [name, plan] of Object.entries(SLOW)) {
        test(name, { timeout: 60_000 }, async () => {
            const { proxies: [proxy], market, daemon } = scene;
            proxy.plan = plan;
            for (let i = 0; i < 3; i++) await scene.play();
            // Many blocks at once, and everything read from the stored state.
            await daemon.kill();
            scene.kills += 1;
            for (let i = 0; i < 6; i++) await market.play();
            daemon.start();
            await scene.settled();
            proxy.heal();
            await scene.compare();
        });
    }
});

test('a head that goes back and forth takes nothing back', { timeout: 60_000 }, async () => {
    const { proxies: [proxy], market, anvil } = scene;
    await scene.play();
    const before = await scene.told();
    const old = await anvil.rpc.call('eth_getBlockByNumber', [`0x${(market.chain.number - 2).toString(16)}`, false]);
    let asked = 0;
    proxy.plan = () => edited((reply, item) => (isHead(item) && asked++ % 2 === 0 ? { ...reply, result: old } : reply));
    while (asked < 8) await pause(50);
    proxy.heal();
    await scene.settled();
    assert.deepEqual(await scene.told(before), {});
    assert.equal((await scene.daemon.status()).chains[0].reorgs, 0);
    await scene.compare();
});

test('another chain behind the same address is not read', { timeout: 120_000 }, async () => {
    const { proxies: [proxy], market } = scene;
    await scene.play();
    const before = await scene.told();
    // Down for long enough that somebody else may have come in its place.
    proxy.plan = () => ({ kind: 'close' });
    const { failures } = (await scene.daemon.status()).chains[0].endpoints[0];
    await scene.status('it is down', ({ endpoints: [endpoint] }) => endpoint.state === 'down' && endpoint.failures > failures + 5);
    proxy.plan = ({ methods }) => (methods.includes('eth_chainId') ? edited((reply) => ({ ...reply, result: '0x1' })) : null);
    await market.play();
    await scene.status('the status says so', ({ chain, endpoints: [endpoint] }) => {
        return chain.state === 'stale' && endpoint.state === 'wrong chain' && /chain id is 1/.test(endpoint.last_error);
    });
    await nothingButOurselves(before);
    proxy.heal();
    await scene.settled();
    await scene.compare();
});

test('a node that does not pin calls is not read', { timeout: 120_000 }, async () => {
    const { proxies: [proxy], market } = scene;
    await scene.play();
    // Calls run at the state before, whatever was asked.
    const { rpc } = scene.anvil;
    const stale = `0x${(market.chain.number - 1).toString(16)}`;
    proxy.plan = ({ items }) => {
        const [item] = items;
        if (items.length !== 1 || item.method !== 'eth_call') return null;
        return { kind: 'later', async answer() {
            return { jsonrpc: '2.0', id: item.id, result: await rpc.call('eth_call', [item.params[0], stale]) };
        } };
    };
    await market.play();
    const before = await scene.told();
    await scene.status('the status says so', ({ chain, endpoints: [endpoint] }) => chain.state === 'stale' && endpoint.state === 'not pinning');
    await nothingButOurselves(before);
    proxy.heal();
    await scene.settled();
    await scene.compare();
});

test('in the end every alert is true, and everybody has it', { timeout: 120_000 }, async () => {
    await scene.readyAgain();
    assert.deepEqual(await scene.judge(), []);
});
