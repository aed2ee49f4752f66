// Two endpoints of one node, of which one dies, then the other, then the daemon itself: no alert is
// lost or told twice, and what is shown is what a daemon that starts from nothing shows.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';

import { freePort } from '../devnet/anvil.mjs';
import { liquidationEvents } from '../devnet/demo_play.mjs';
import { ETH_GROUP } from '../devnet/listings.mjs';
import { liquidateUnhealthy } from '../devnet/liquidator.mjs';
import { CHAIN, Daemon, PROTOCOL } from '../differential/daemon.mjs';
import { archived } from './archive.mjs';
import { startCountingProxy } from './counting_proxy.mjs';
import { BINARY, startMarket } from './market.mjs';

const PATIENCE_MS = 40_000;

/** Plays one block: ETH moves by so many percent, and a few of the unhealthy are liquidated. */
async function play({ world, anvil }, percent) {
    for (const symbol of ETH_GROUP) {
        world.market.setPrice(symbol, (world.market.price(symbol) * BigInt(100 + percent)) / 100n);
    }
    await liquidateUnhealthy(world, 10);
    await world.mine();
    return anvil.chain.head();
}

async function endpointsOf(daemon) {
    const { chains } = await daemon.status();
    return chains.find(({ name }) => name === CHAIN);
}

/** Blocks go by until the endpoint is in that state. */
async function until(market, name, isUp) {
    const deadline = Date.now() + PATIENCE_MS;
    for (;;) {
        await market.mineQuietBlock();
        const { endpoints } = await endpointsOf(market.daemon);
        const found = endpoints.find((endpoint) => endpoint.name === name);
        if (found.up === isUp) return found;
        assert.ok(Date.now() < deadline, JSON.stringify(endpoints));
        await new Promise((resolve) => setTimeout(resolve, 250));
    }
}

/** What stands after all messages: liquidations, and who can be liquidated. */
function believed(alerts) {
    const standing = new Map();
    const open = new Set();
    for (const { id, type, data } of alerts) {
        if (type === 'position.liquidated.fired') standing.set(id, `${data.tx.hash}/${data.tx.log_index}`);
        if (data.retracts) standing.delete(data.retracts);
        if (type === 'position.liquidatable.firing') open.add(data.subject);
        if (type === 'position.liquidatable.resolved') open.delete(data.subject);
    }
    return { liquidations: [...standing.values()].sort(), open: [...open].sort() };
}

async function rowsOf(daemon) {
    const byAccount = (a, b) => (a.account < b.account ? -1 : 1);
    return (await daemon.positions()).sort(byAccount);
}

test('a second endpoint takes over, and a killed daemon goes on where it was', { timeout: 150_000 }, async () => {
    const proxies = [];
    const market = await startMarket({
        accounts: 120,
        endpointOf: async (url) => {
            for (let i = 0; i < 2; i++) proxies.push(await startCountingProxy(url));
            return proxies.map((proxy) => proxy.url);
        },
    });
    const fresh = mkdtempSync(path.join(os.tmpdir(), 'plimsoll-test-'));
    const [first, second] = proxies;
    const { anvil, world, daemon } = market;
    let other;
    try {
        const begin = anvil.chain.head().number;
        await play(market, -15);
        await play(market, -3);
        await market.settled();

        await first.stop();
        for (const percent of [-4, 2, -5]) {
            await play(market, percent);
            await market.settled();
        }
        const down = await until(market, `${CHAIN}-1`, false);
        assert.notEqual(down.state, 'ok');
        assert.ok(down.last_error, 'it says why');
        const status = await endpointsOf(daemon);
        assert.equal(status.state, 'live', status.reason);
        assert.equal(status.endpoints[1].up, true);

        await first.start();
        await second.stop();
        for (const percent of [3, -4]) {
            await play(market, percent);
            await market.settled();
        }
        await until(market, `${CHAIN}-2`, false);
        const again = await endpointsOf(daemon);
        assert.equal(again.state, 'live', again.reason);
        assert.equal(again.endpoints[0].up, true, 'the first is back');

        await daemon.kill();
        for (const percent of [-2, 1, -3]) await play(market, percent);
        daemon.start();
        await market.settled();

        // The second is dead still; a round after the restart tells whatever there is to tell.
        await market.mineQuietBlock();
        other = new Daemon({
            binary: BINARY,
            folder: fresh,
            port: await freePort(),
            endpoint: anvil.url,
            chainId: 31337,
            provider: world.market.provider.address,
        });
        other.start();
        await other.reached(anvil.chain.head(), PATIENCE_MS);
        const rows = await rowsOf(daemon);
        assert.deepEqual(rows, await rowsOf(other));

        const { protocols } = await daemon.status();
        const protocol = protocols.find(({ name }) => name === PROTOCOL);
        assert.equal(protocol.state, 'live', protocol.reason);
        assert.equal(protocol.audit.mismatched, 0);

        await daemon.stop(); // lets the archive finish
        const alerts = archived(market.folder);
        assert.equal(new Set(alerts.map(({ id }) => id)).size, alerts.length, 'an alert is told twice');
        const nameOf = ({ tx, logIndex }) => `${tx}/${logIndex}`;
        const happened = await liquidationEvents(world);
        const since = happened.filter(({ block }) => block > begin).map(nameOf);
        assert.ok(since.length >= 10, `only ${since.length} liquidations`);
        const { liquidations, open } = believed(alerts);
        assert.deepEqual(liquidations.filter((one) => !happened.map(nameOf).includes(one)), [], 'invented');
        assert.deepEqual(since.filter((one) => !liquidations.includes(one)), [], 'lost');
        const inDanger = rows.filter(({ liquidatable }) => liquidatable).map(({ account }) => account);
        assert.deepEqual(open, inDanger.sort());
    } finally {
        await other?.kill();
        await market.stop();
        await Promise.all(proxies.map((proxy) => proxy.stop().catch(() => {})));
        rmSync(fresh, { recursive: true, force: true });
    }
});
