// Restarts at awkward moments of the chain, one by one and the same in every run.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';

import { mark, takeBack } from '../devnet/demo_play.mjs';
import { check } from './checker.mjs';
import { FaultDaemon, eventually, pause } from './daemon.mjs';
import { gather, readStore } from './evidence.mjs';
import { FaultyReceiver } from './receiver.mjs';
import { compareAlerts, compareWithContracts } from './truth.mjs';
import { startRestlessMarket } from './world.mjs';

const REACH_MS = 60_000;

let scene;

before(async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'plimsoll-restart-'));
    const { anvil, market } = await startRestlessMarket({ seed: 'restart', accounts: 40 });
    const receiver = new FaultyReceiver();
    await receiver.listen();
    const daemon = await FaultDaemon.make({ folder, endpoints: [anvil.url], provider: market.provider, webhook: receiver.url });
    daemon.start();
    const since = market.chain.number;
    await daemon.reached(market.chain.head(), REACH_MS);
    scene = { folder, anvil, market, receiver, daemon, since };
});

after(async () => {
    await scene.daemon.kill();
    scene.receiver.close();
    await scene.anvil.stop();
    rmSync(scene.folder, { recursive: true, force: true });
});

/** Blocks until a liquidation has been told. */
async function playUntilLiquidation({ market, daemon, receiver }) {
    const told = () => receiver.arrivals.filter(({ type }) => type === 'position.liquidated.fired').length;
    await daemon.drained(REACH_MS);
    const before = told();
    for (let block = 0; block < 60 && told() === before; block++) {
        await market.play();
        await daemon.reached(market.chain.head(), REACH_MS);
        await daemon.drained(REACH_MS);
    }
    assert.ok(told() > before, 'nobody was liquidated');
}

async function judge({ daemon, market, receiver, since }, kills) {
    await compareWithContracts({ daemon, market });
    await daemon.drained(REACH_MS);
    assert.equal(await daemon.stop(), 0);
    const evidence = gather({ state: daemon.state, receiver });
    const { complaints } = await compareAlerts({ alerts: evidence.alerts, market, since });
    assert.deepEqual([...check(evidence, { kills, lanes: 4 }), ...complaints], []);
    return evidence;
}

test('a node that is behind after a restart takes nothing back, and orphans it never showed again are retracted', { timeout: 180_000 }, async () => {
    const { market, daemon, receiver } = scene;
    const fork = await mark(market.world);
    await playUntilLiquidation(scene);
    const orphaned = market.chain.head();
    await daemon.kill();

    await takeBack(market.world, fork);
    const { liquidator } = market.world;
    // With this in front no liquidation of the orphans is the same transaction again.
    market.chain.queue({ from: liquidator, to: liquidator });
    assert.ok(market.chain.number < orphaned.number);
    const before = readStore(daemon.state);
    daemon.start();
    await eventually('the daemon says that the node is behind', async () => {
        const [protocol] = (await daemon.status()).protocols;
        return (protocol.state === 'unknown' && /behind block/.test(protocol.reason)) || protocol;
    }, REACH_MS);
    await pause(500);
    assert.equal((await daemon.peek('/-/ready')).status, 503);
    await daemon.kill();
    assert.deepEqual(readStore(daemon.state).alerts, before.alerts, 'nothing new was told');

    daemon.start();
    await eventually('it is there', () => daemon.answers(), REACH_MS);
    while (market.chain.number <= orphaned.number) {
        await market.play();
        await pause(100);
    }
    const { alerts } = await judge(scene, 2);
    const orphans = alerts.filter(({ type, n }) => type === 'position.liquidated.fired' && n <= before.alerts.length);
    const taken = new Set(alerts.map(({ body }) => JSON.parse(body).data.retracts).filter(Boolean));
    assert.ok(orphans.some(({ id }) => taken.has(id)), 'a liquidation of the orphans is retracted');
    daemon.start();
    await daemon.reached(market.chain.head(), REACH_MS);
});
