// Endpoints that misbehave in every way we know of, each with a daemon of its own on the same market.
// While they do, nothing false is told and the status says what is wrong; with the first poll after it
// everything is as the contracts have it. Where there is a second endpoint, the daemon goes on with it.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { Rng } from '../devnet/prng.mjs';
import { pause } from './daemon.mjs';
import { mebibytes } from './scene.mjs';
import { Troupe } from './troupe.mjs';

const POLL_MS = 250;
const STALE_MS = 4_000;
const HONEST_MS = 20_000;
const REACH_MS = 60_000;
const MOST_MEMORY = 64 << 20;
/** One poll, and the rest for a machine with many times the work it has cores for. */
const RECOVER_MS = 15_000;
/** More than an endpoint may be behind before it is left alone. */
const BLOCKS_MEANWHILE = 4;
/** What may be told while an endpoint fails: that it does. */
const ABOUT_OURSELVES = /^(source|daemon)\./;

const rng = new Rng('endpoints');
const html = '<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>';
const isHead = ({ method, params }) => method === 'eth_getBlockByNumber' && params[0] === 'latest';
const json = (body, status = 200) => ({ kind: 'status', status, body: JSON.stringify(body) });
const edited = (each) => ({ kind: 'edit', each });
const refusal = (items, code, message) => json({ jsonrpc: '2.0', id: items[0].id, error: { code, message } });

/** A reply of the size that is allowed, made of as many values as fit. */
const manyValues = (id) => `{"jsonrpc":"2.0","id":${id},"result":[${'0,'.repeat(7 << 20)}0]}`;

/** The head as it was so many blocks ago, in place of the head. */
function earlierHead({ market, anvil }, depth) {
    const number = `0x${(market.chain.number - depth).toString(16)}`;
    return { kind: 'later', answer: async (item) => ({ jsonrpc: '2.0', id: item.id, result: await anvil.rpc.call('eth_getBlockByNumber', [number, false]) }) };
}

/**
 * name -> what is done with a call: `plan(scene)` makes it. `blames` is looked for in what the endpoint
 * did last, `state` in what it is called meanwhile.
 */
const FAULTS = {
    'hangs': { plan: () => () => ({ kind: 'hang' }), blames: /time|slow/i },
    'answers ten bytes a second': { plan: () => () => ({ kind: 'drip' }), blames: /time|slow/i },
    'closes every connection': { plan: () => () => ({ kind: 'close' }) },
    'cuts replies in the middle': { plan: () => () => ({ kind: 'truncate' }) },
    'speaks no HTTP': { plan: () => () => ({ kind: 'garbage' }) },
    'answers pages of HTML': { plan: () => () => ({ kind: 'status', status: 200, body: html }), blames: /no JSON/ },
    'answers 502 and HTML': { plan: () => () => ({ kind: 'status', status: 502, body: html, headers: { 'content-type': 'text/html' } }), blames: /502/ },
    'answers 404 to everything': { plan: () => () => ({ kind: 'status', status: 404, body: 'no such page' }), blames: /404/ },
    'has no methods': { plan: () => ({ items }) => refusal(items, -32601, 'the method does not exist'), blames: /does not exist/ },
    'answers 503 with Retry-After': { plan: () => () => ({ kind: 'status', status: 503, headers: { 'retry-after': '1' } }), blames: /503/ },
    'answers 429 with Retry-After': { plan: () => () => ({ kind: 'status', status: 429, headers: { 'retry-after': '1' } }), state: /rate limited|down/, blames: /429/ },
    'answers its own rate limit with 200': { plan: () => ({ items }) => refusal(items, -32007, '50/second request limit reached'), state: /rate limited|down/, blames: /limit/ },
    'sends a gigabyte': { plan: () => () => ({ kind: 'stream', mebibytes: 1024 }), blames: /more than|large/i },
    'sends a gigabyte of spaces': { plan: () => () => ({ kind: 'stream', mebibytes: 1024, head: ' ', body: ' ' }), blames: /more than|large/i },
    'sends millions of values': { plan: () => ({ items }) => ({ kind: 'status', status: 200, body: manyValues(items[0].id) }), blames: /JSON|header|values/ },
    'sends nested arrays': { plan: () => () => ({ kind: 'status', status: 200, body: '['.repeat(1 << 20) }), blames: /JSON/ },
    'answers with another id': { plan: () => () => edited((reply) => ({ ...reply, id: reply.id + 1 })), blames: /another id/ },
    'answers with a result and an error': { plan: () => () => edited((reply) => ({ ...reply, error: { code: -1, message: 'no' } })), blames: /both/ },
    'answers null for the head': { plan: () => () => edited((reply, item) => (isHead(item) ? { ...reply, result: null } : reply)), blames: /latest/ },
    'shortens every hash': { plan: () => () => edited((reply, item) => (isHead(item) ? { ...reply, result: { ...reply.result, hash: '0x12' } } : reply)), blames: /hash/ },
    'answers calls with nothing': { plan: () => () => edited((reply, item) => (item.method === 'eth_call' ? { ...reply, result: '0x' } : reply)), isQuiet: true },
    'stands still': { plan: (scene) => headThatStandsStill(scene), isQuiet: true },
    'refuses the credentials': { plan: () => () => ({ kind: 'status', status: 401, body: 'no key' }), state: /refused/, blames: /401/ },
    // Down for long enough that somebody else may have come in its place.
    'becomes another chain': { plan: () => () => ({ kind: 'close' }), next: becomeAnotherChain, state: /wrong chain/, blames: /chain id is 1/ },
    'runs calls at another block': { plan: (scene) => callsThatAreNotPinned(scene), state: /not pinning/ },
};

function headThatStandsStill(scene) {
    const { number } = scene.market.chain;
    return ({ items }) => (items.length === 1 && isHead(items[0]) ? earlierHead(scene, scene.market.chain.number - number) : null);
}

async function becomeAnotherChain(scene) {
    const { failures } = (await scene.daemon.status()).chains[0].endpoints[0];
    await scene.status('it is down', ({ endpoints: [endpoint] }) => endpoint.state === 'down' && endpoint.failures > failures + 5);
    scene.proxies[0].plan = ({ methods }) => (methods.includes('eth_chainId') ? edited((reply) => ({ ...reply, result: '0x1' })) : null);
}

function callsThatAreNotPinned({ market, anvil }) {
    const answer = async (item) => {
        const before = `0x${(market.chain.number - 1).toString(16)}`;
        return { jsonrpc: '2.0', id: item.id, result: await anvil.rpc.call('eth_call', [item.params[0], before]) };
    };
    return ({ items }) => (items.length === 1 && items[0].method === 'eth_call' ? { kind: 'later', answer } : null);
}

/** Faults of the first of two endpoints. */
const PAIRED = ['hangs', 'closes every connection', 'cuts replies in the middle', 'answers pages of HTML', 'sends a gigabyte', 'answers with another id', 'stands still', 'refuses the credentials'];
const pair = (name) => `first of two ${name}`;

/** What may be lived with. */
const NUISANCES = {
    'answers late': () => () => ({ kind: 'delay', ms: 120 }),
    'fails now and then': () => () => (rng.chance(15) ? { kind: 'status', status: 500 } : null),
    'refuses batches': () => ({ items }) => (items.length > 1 ? refusal([{ id: null }], 31, 'Batch of more than 1 requests are not allowed on free tier') : null),
    'takes ranges of three blocks': () => () => edited((reply, item) => rangeCap(reply, item, 3)),
    'goes back and forth': (scene) => {
        let asked = 0;
        return ({ items }) => (items.length === 1 && isHead(items[0]) && asked++ % 2 === 0 ? earlierHead(scene, 2) : null);
    },
};

function rangeCap(reply, { method, params }, most) {
    if (method !== 'eth_getLogs' || params[0].blockHash) return reply;
    const { fromBlock, toBlock } = params[0];
    if (Number(toBlock) - Number(fromBlock) < most) return reply;
    return { jsonrpc: '2.0', id: reply.id, error: { code: -32614, message: `eth_getLogs is limited to a ${most} range` } };
}

const figures = { mostMemory: 0, slowestRecovery: 0, slowestFailover: 0, compared: 0 };
let troupe;

/** A step of those members that have an entry in `parts`. */
const some = (parts, step) => troupe.all((scene, name) => (name in parts ? step(scene, parts[name], name) : undefined));
const paired = Object.fromEntries(PAIRED.map((name) => [pair(name), FAULTS[name]]));

/** What was told since is about the endpoint. */
async function nothingButOurselves(scene) {
    const types = Object.values(await scene.told(scene.before));
    assert.deepEqual(types.filter((type) => !ABOUT_OURSELVES.test(type)), []);
}

async function isHonest(scene, { next, blames = /./, state = /./, isQuiet = false }) {
    await next?.(scene);
    await scene.status('the status is honest', ({ chain, protocol, endpoints: [endpoint] }) => {
        const isStale = chain.state !== 'live' && protocol.state !== 'live';
        return isStale && state.test(endpoint.state) && (isQuiet || blames.test(endpoint.last_error ?? '')) && chain.reason !== null;
    }, HONEST_MS);
    assert.equal((await scene.daemon.peek('/-/ready')).status, 503);
    await nothingButOurselves(scene);
    const { most } = scene.memory();
    figures.mostMemory = Math.max(figures.mostMemory, most - scene.memoryBefore);
    assert.ok(most - scene.memoryBefore <= MOST_MEMORY, `${mebibytes(most - scene.memoryBefore)} MiB more than before`);
}

async function recovers(scene) {
    const healed = Date.now();
    scene.proxies[0].heal();
    await scene.settled();
    const took = Date.now() - healed;
    figures.slowestRecovery = Math.max(figures.slowestRecovery, took);
    assert.ok(took <= RECOVER_MS, `${took} ms until the block was processed`);
    await scene.status('everything is read', ({ protocol }) => protocol.state !== 'unknown');
    figures.compared += await scene.compare();
}

async function goesOn(scene) {
    const from = Date.now();
    await scene.settled();
    figures.slowestFailover = Math.max(figures.slowestFailover, Date.now() - from);
    figures.compared += await scene.compare();
    scene.proxies[0].heal();
}

const settings = { mayBeStale: true, pollEvery: `${POLL_MS}ms`, chain: `stale_after = "${STALE_MS}ms"` };
/** Of those who are not to notice: a round of a busy machine may take longer than the others are patient. */
const patient = { pollEvery: `${POLL_MS}ms`, chain: 'stale_after = "1h"' };

async function endpointsFail() {
    const members = {};
    for (const name of Object.keys(FAULTS)) members[name] = settings;
    for (const name of PAIRED) members[pair(name)] = { ...patient, proxies: 2 };
    for (const name of Object.keys(NUISANCES)) members[name] = patient;
    troupe = await Troupe.open({ seed: 'endpoints', members });
    await troupe.play();
    await troupe.all(async (scene) => {
        scene.before = await scene.told();
        scene.forgetPeak();
        scene.memoryBefore = scene.memory().now;
    });
    for (const parts of [FAULTS, paired]) await some(parts, (scene, { plan }) => (scene.proxies[0].plan = plan(scene)));
    // What happens now must not be told half, and not be forgotten.
    await troupe.market.play();
    await some(FAULTS, isHonest);
    for (let i = 0; i < BLOCKS_MEANWHILE; i++) await troupe.market.play();
    await some(paired, goesOn);
    await some(FAULTS, recovers);
}

async function endpointsAnnoy() {
    await some(NUISANCES, async (scene, plan) => {
        scene.before = await scene.told();
        scene.proxies[0].plan = plan(scene);
    });
    for (let i = 0; i < 3; i++) await troupe.play();
    // Many blocks at once, and everything read from the stored state.
    await some(NUISANCES, (scene) => scene.daemon.kill().then(() => (scene.kills += 1)));
    for (let i = 0; i < 6; i++) await troupe.market.play();
    await some(NUISANCES, async (scene) => {
        scene.daemon.start();
        await scene.settled();
        const types = Object.values(await scene.told(scene.before));
        assert.deepEqual(types.filter((type) => type.endsWith('.retracted')), []);
        assert.equal((await scene.daemon.status()).chains[0].reorgs, 0);
        scene.proxies[0].heal();
        await pause(2 * POLL_MS);
        await scene.status('it is at the head', ({ chain }) => chain.head === scene.market.chain.number);
        figures.compared += await scene.compare();
    });
}

async function everythingIsTrue() {
    // It is for a short while after each block, not everybody at the same moment.
    const ready = new Set();
    for (const deadline = Date.now() + REACH_MS; ready.size < troupe.scenes.size && Date.now() < deadline;) {
        await troupe.play();
        await troupe.all(async (scene, name) => (await scene.daemon.isReady()) && ready.add(name));
    }
    await troupe.all(async (scene, name) => assert.ok(ready.has(name), 'it was not ready again'));
    await troupe.all(async (scene) => assert.deepEqual(await scene.judge(), [], 'in the end every alert is true, and everybody has it'));
}

before(async () => {
    await endpointsFail();
    await endpointsAnnoy();
    await everythingIsTrue();
});

after(async () => {
    await troupe?.close();
    const { mostMemory, slowestRecovery, slowestFailover, compared } = figures;
    console.log(JSON.stringify({ faults: Object.keys(FAULTS).length, mostMemoryMiB: mebibytes(mostMemory), slowestRecoveryMs: slowestRecovery, slowestFailoverMs: slowestFailover, compared }));
});

describe('an endpoint that', () => {
    for (const name of Object.keys(FAULTS)) test(name, () => troupe.verdict(name));
});

describe('beside a good one, an endpoint that', () => {
    for (const name of PAIRED) test(name, () => troupe.verdict(pair(name)));
});

describe('an endpoint that may be lived with', () => {
    for (const name of Object.keys(NUISANCES)) test(name, () => troupe.verdict(name));
});
