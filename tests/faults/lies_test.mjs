// Endpoints that lie, each in a way that passes every check of its own: another hash, a log that was
// kept back, a liquidation that never happened, another price. Where another endpoint says otherwise
// nothing of it is believed, and it is told who contradicts whom.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { pause } from './daemon.mjs';
import { Troupe } from './troupe.mjs';

const POLL_MS = 250;

const edited = (each) => ({ kind: 'edit', each });
const padded = (value) => value.toString(16).padStart(64, '0');
const isHeader = ({ method }) => method.startsWith('eth_getBlockBy');

/** name -> a function of the market that makes the lies of one endpoint, from the next block on. */
const LIES = {
    'another hash for the head': ({ chain }) => {
        const last = chain.number;
        return edited((reply, item) => {
            if (!isHeader(item) || !reply.result || Number(reply.result.number) <= last) return reply;
            return { ...reply, result: { ...reply.result, hash: reply.result.hash.replace(/.{8}$/, 'deadbeef') } };
        });
    },
    'a log kept back': () => edited((reply, item) => {
        return item.method === 'eth_getLogs' ? { ...reply, result: reply.result.slice(0, -1) } : reply;
    }),
    'a liquidation that never happened': ({ world }) => edited((reply, item) => {
        if (item.method !== 'eth_getLogs' || !Array.isArray(reply.result)) return reply;
        const blockHash = item.params[0].blockHash ?? reply.result.at(-1)?.blockHash;
        const number = reply.result.at(-1)?.blockNumber ?? `0x${world.chain.number.toString(16)}`;
        return { ...reply, result: [...reply.result, inventedLiquidation(world, { blockHash, number, last: reply.result.at(-1) })] };
    }),
    'half the price of ether': ({ world }) => edited((reply, item) => {
        if (item.method !== 'eth_call') return reply;
        const price = world.market.price('WETH');
        return { ...reply, result: reply.result?.replaceAll(padded(price), padded(price / 2n)) };
    }),
};

function inventedLiquidation(world, { blockHash, number, last }) {
    const { pool } = world.market;
    const [collateral, debt] = ['WETH', 'USDC'].map((symbol) => world.market.reserve(symbol).token);
    const event = pool.iface.getEvent('LiquidationCall');
    const { data, topics } = pool.iface.encodeEventLog(event, [collateral, debt, world.crowd[1], 10n ** 9n, 10n ** 18n, world.liquidator, false]);
    return {
        ...(last?.blockTimestamp && { blockTimestamp: last.blockTimestamp }),
        address: pool.address.toLowerCase(), topics, data, blockHash, blockNumber: number, removed: false,
        transactionHash: `0x${'ab'.repeat(32)}`, transactionIndex: '0x63', logIndex: `0x${(Number(last?.logIndex ?? 0) + 1).toString(16)}`,
    };
}

const isAboutLies = (type) => type.startsWith('source.disagrees.') || type.startsWith('source.stale.') || type.startsWith('daemon.gap.');

/** Who lies how, and whether it was asked for that two agree. */
const cases = ['agree = 2', ''].flatMap((agree) =>
    Object.keys(LIES).flatMap((lie) => [0, 1].map((liar) => ({ agree, lie, liar }))));
const nameOf = ({ agree, lie, liar }) => `${lie}, by the ${liar === 0 ? 'first' : 'second'}, ${agree === '' ? 'agreement not asked for' : agree}`;
const liars = Object.fromEntries(cases.map((one) => [nameOf(one), one]));

const OUTVOTED = 'one of three';
const STRICT = 'one alone where two have to agree';
const LOOSE = 'one alone where nobody asked for two';

const settingsOf = (agree, staleAfter = '1h') => ({ proxies: 2, pollEvery: `${POLL_MS}ms`, chain: `stale_after = "${staleAfter}"\n${agree}` });

let troupe;
const some = (parts, step) => troupe.all((scene, name) => (name in parts ? step(scene, parts[name]) : undefined));
const only = (name, step) => some({ [name]: null }, step);

async function isNotBelieved(scene, number) {
    await scene.status('it is told who contradicts whom', ({ chain, endpoints }) => {
        return /contradict each other/.test(chain.reason ?? '') && endpoints.every(({ state, up }) => state === 'disagrees' && !up);
    });
    const { chains: [chain] } = await scene.daemon.status();
    assert.equal(chain.processed, number, 'nothing was processed');
    const meanwhile = Object.values(await scene.told(scene.before));
    assert.deepEqual(meanwhile.filter((type) => !isAboutLies(type)), []);
}

async function agreesAgain(scene) {
    for (const proxy of scene.proxies) proxy.heal();
    await scene.settled();
    await scene.compare();
    await scene.status('they agree again', ({ endpoints }) => endpoints.every(({ up }) => up));
}

async function liesAreNotBelieved() {
    const members = Object.fromEntries(Object.entries(liars).map(([name, { agree }]) => [name, settingsOf(agree)]));
    members[OUTVOTED] = { ...settingsOf('agree = 2'), proxies: 3 };
    members[STRICT] = { ...settingsOf('agree = 2', '2s'), mayBeStale: true };
    members[LOOSE] = { ...settingsOf('', '2s'), mayBeStale: true };
    troupe = await Troupe.open({ seed: 'lies', members });
    const { market } = troupe;
    await troupe.play();
    const { number } = market.chain.head();
    await some(liars, async (scene, { lie, liar }) => {
        scene.before = await scene.told();
        const fault = LIES[lie](market);
        scene.proxies[liar].plan = () => fault;
    });
    for (const name of [STRICT, LOOSE]) await only(name, (scene) => (scene.proxies[0].plan = () => ({ kind: 'close' })));
    await market.play();

    await some(liars, (scene) => isNotBelieved(scene, number));
    await only(STRICT, (scene) => scene.status('it is stale and says why', ({ chain }) => chain.state === 'stale' && /have to agree/.test(chain.reason)));
    await only(LOOSE, (scene) => scene.settled());
    await troupe.all(agreesAgain);
}

async function liarsAreOutvoted() {
    const { market } = troupe;
    await only(OUTVOTED, async (scene) => {
        const [liar] = scene.proxies;
        const lie = (fault) => (liar.plan = () => fault);
        for (const one of Object.values(LIES)) {
            lie(one(market));
            for (let i = 0; i < 2; i++) await scene.play();
            await scene.compare();
        }
        lie(LIES['half the price of ether'](market));
        await scene.play();
        await scene.status('it is named', ({ endpoints: [first, ...others] }) => {
            return first.state === 'disagrees' && /contradicts/.test(first.last_error) && others.every(({ up }) => up);
        });
        await pause(POLL_MS);
    });
    await troupe.all((scene) => scene.settled());
    await troupe.all(async (scene) => assert.deepEqual(await scene.judge(), [], 'in the end every alert is true, and everybody has it'));
    const lies = (scene) => scene.receiver.arrivals.map(({ type }) => type).filter((type) => type.startsWith('source.disagrees.'));
    // One against one: either is told to be contradicted, and to be agreed with again.
    await some(liars, (scene) => {
        const told = lies(scene);
        const count = (type) => told.filter((one) => one === type).length;
        assert.equal(told[0], 'source.disagrees.firing');
        assert.equal(count('source.disagrees.resolved'), count('source.disagrees.firing'));
    });
    await only(OUTVOTED, (scene) => assert.ok(lies(scene).includes('source.disagrees.firing')));
}

before(async () => {
    await liesAreNotBelieved();
    await liarsAreOutvoted();
});

after(() => troupe?.close());

describe('one of two endpoints that lies is not believed, and it is told:', () => {
    for (const name of Object.keys(liars)) test(name, () => troupe.verdict(name));
});

describe('where endpoints do not say the same,', () => {
    test('one of three that lies is outvoted, whatever it says, and is named', () => troupe.verdict(OUTVOTED));
    test('one alone is not enough where two have to agree', () => troupe.verdict(STRICT));
    test('one alone is enough where nobody asked for more', () => troupe.verdict(LOOSE));
});
