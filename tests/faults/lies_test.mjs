// Endpoints that lie, each in a way that passes every check of its own: another hash, a log that was
// kept back, a liquidation that never happened, another price. Where another endpoint says otherwise
// nothing of it is believed, and it is told who contradicts whom.

import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';

import { pause } from './daemon.mjs';
import { Scene } from './scene.mjs';

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

describe('one of two endpoints that lies is not believed', () => {
    for (const [how, agree] of [['asked for', 'agree = 2'], ['without being asked for', '']]) {
        describe(how, () => {
            let scene;

            before(async () => {
                const chain = `stale_after = "1h"\n${agree}`;
                scene = await Scene.open({ seed: 'lies', proxies: 2, pollEvery: `${POLL_MS}ms`, chain });
            });

            after(() => scene.close());
            afterEach(() => scene.proxies.forEach((proxy) => proxy.heal()));

            for (const [name, lie] of Object.entries(LIES)) {
                for (const liar of [0, 1]) {
                    test(`${name}, by the ${liar === 0 ? 'first' : 'second'}`, { timeout: 60_000 }, async () => {
                        const { market, proxies } = scene;
                        await scene.play();
                        const before = await scene.told();
                        const { number } = market.chain.head();
                        proxies[liar].plan = ((fault) => () => fault)(lie(market));
                        await market.play();
                        await scene.status('it is told who contradicts whom', ({ chain, endpoints }) => {
                            return /contradict each other/.test(chain.reason ?? '') && endpoints.every(({ state, up }) => state === 'disagrees' && !up);
                        });
                        const { chains: [chain] } = await scene.daemon.status();
                        assert.equal(chain.processed, number, 'nothing was processed');
                        const meanwhile = Object.values(await scene.told(before));
                        assert.deepEqual(meanwhile.filter((type) => !isAboutLies(type)), []);

                        for (const proxy of proxies) proxy.heal();
                        await scene.settled();
                        await scene.compare();
                        await scene.status('they agree again', ({ endpoints }) => endpoints.every(({ up }) => up));
                    });
                }
            }

            test('in the end every alert is true, and the lies were told', { timeout: 60_000 }, async () => {
                assert.deepEqual(await scene.judge(), []);
                const told = scene.receiver.arrivals.map(({ type }) => type).filter((type) => type.startsWith('source.disagrees.'));
                assert.deepEqual(told.slice(0, 4), ['firing', 'resolved', 'firing', 'resolved'].map((word) => `source.disagrees.${word}`));
            });
        });
    }
});

describe('one of three endpoints that lies is outvoted', () => {
    let scene;

    before(async () => {
        scene = await Scene.open({ seed: 'outvoted', proxies: 3, pollEvery: `${POLL_MS}ms`, chain: 'stale_after = "1h"\nagree = 2' });
    });

    after(() => scene.close());

    test('whatever it says, and is named', { timeout: 120_000 }, async () => {
        const { market, proxies: [liar] } = scene;
        for (const lie of Object.values(LIES)) {
            const fault = lie(market);
            liar.plan = () => fault;
            for (let i = 0; i < 2; i++) await scene.play();
            await scene.compare();
        }
        const fault = LIES['half the price of ether'](market);
        liar.plan = () => fault;
        await scene.status('it is named', ({ endpoints: [first, ...others] }) => {
            return first.state === 'disagrees' && /contradicts/.test(first.last_error) && others.every(({ up }) => up);
        });
        assert.deepEqual(await scene.judge(), []);
        assert.ok(scene.receiver.arrivals.some(({ type }) => type === 'source.disagrees.firing'));
    });
});

test('where two have to agree, one alone is not enough; where nobody asked, it is', { timeout: 120_000 }, async () => {
    for (const [agree, isEnough] of [['agree = 2', false], ['', true]]) {
        const scene = await Scene.open({ seed: 'alone', proxies: 2, mayBeStale: true, pollEvery: `${POLL_MS}ms`, chain: `stale_after = "2s"\n${agree}` });
        try {
            const { proxies, market } = scene;
            await scene.play();
            proxies[0].plan = () => ({ kind: 'close' });
            await market.play();
            if (isEnough) {
                await scene.settled();
            } else {
                await scene.status('it is stale and says why', ({ chain }) => chain.state === 'stale' && /have to agree/.test(chain.reason));
                await pause(500);
                proxies[0].heal();
                await scene.settled();
            }
            await scene.compare();
        } finally {
            await scene.close();
        }
    }
});
