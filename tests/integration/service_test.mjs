// The daemon as a service on a real market: reloads under traffic lose and repeat nothing, what a
// reload takes away is said, and a snapshot can be asked for by a signal.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';

import { ETH_GROUP } from '../devnet/listings.mjs';
import { archived } from './archive.mjs';
import { startReceiver } from './echo_server.mjs';
import { BINARY, startMarket } from './market.mjs';

const RELOADS = 20;
const DEADLINE_MS = 60_000;
/** Seconds between blocks, so that nothing turns often enough within an hour to count as flapping. */
const QUARTER = 900;
/** Threads, by the unit. */
const TASKS_ALLOWED = 64;
const CLEAR = 1_010_000_000_000_000_000n;

let market;
let receiver;
let base;

before(async () => {
    receiver = await startReceiver();
    market = await startMarket({ accounts: 80, seed: 5 });
    const sink = `
[sinks.hook]
kind = "webhook"
url = "${receiver.url}/hook"
allow_http = true
allow_private = ["127.0.0.0/8"]
secrets = ["whsec_${Buffer.alloc(32, 7).toString('base64')}"]
`;
    base = readFileSync(market.daemon.config, 'utf8').replaceAll('to = ["archive"]', 'to = ["hook", "archive"]') + sink;
});
after(async () => {
    await market?.stop();
    receiver?.stop();
});

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function until(what, holds) {
    const deadline = Date.now() + DEADLINE_MS;
    for (;;) {
        const found = await holds();
        if (found) return found;
        assert.ok(Date.now() < deadline, `${what} did not come about\n${market.daemon.lastLines()}`);
        await pause(20);
    }
}

async function reload(text) {
    const before = (await market.daemon.status()).config.reloads;
    writeFileSync(market.daemon.config, text);
    market.daemon.signal('SIGHUP');
    return until('the reload', async () => {
        const { config } = await market.daemon.status();
        return config.reloads > before && config;
    });
}

/** ETH and what follows it move to so many percent of where they began. */
function moveEth(world, start, percent) {
    for (const symbol of ETH_GROUP) world.market.setPrice(symbol, (start.get(symbol) * BigInt(percent)) / 100n);
}

const delivered = () => until('delivery', async () => (await market.daemon.status()).sinks.every(({ queued }) => queued === 0));

/** Episodes by key and number, each with its messages in order. */
function episodesOf(alerts) {
    const out = new Map();
    for (const { data, type } of alerts) {
        const name = `${data.alert_key} ${data.episode}`;
        if (!out.has(name)) out.set(name, []);
        out.get(name).push({ seq: data.seq, state: type.split('.').at(-1), rule: data.rule, reason: data.reason, subject: data.subject });
    }
    return out;
}

test(`${RELOADS} reloads under traffic lose no alert and repeat none`, { timeout: 300_000 }, async () => {
    const { world, daemon } = market;
    const start = new Map(ETH_GROUP.map((symbol) => [symbol, world.market.price(symbol)]));
    const extra = '\n[rules.extra]\nwhen = "health_factor < 1.3"\nclear = "health_factor >= 1.31"\nseverity = "info"\nto = ["hook", "archive"]\n';
    assert.equal((await reload(base)).last_reload_successful, true);
    for (let i = 0; i < RELOADS; i++) {
        const text = base.replace('version = 1', `version = 1 # ${i}`).replace('health_factor < 1.1"', `health_factor < 1.${i % 3 === 0 ? 1 : 12}"`);
        moveEth(world, start, 100 - ((i * 7) % 30));
        await world.mine({ seconds: QUARTER });
        const reloaded = reload(i % 2 === 0 ? text + extra : text);
        moveEth(world, start, 100 - ((i * 11) % 30));
        await world.mine({ seconds: QUARTER });  // while it reloads
        assert.equal((await reloaded).last_reload_successful, true);
        if (i % 4 === 0) await market.settled();
    }
    await reload(base);
    moveEth(world, start, 85);
    await world.mine();
    await market.settled();
    await delivered();
    assert.ok(readdirSync(`/proc/${daemon.pid}/task`).length <= TASKS_ALLOWED);

    const alerts = archived(market.folder);
    assert.ok(alerts.length > 100, `only ${alerts.length} alerts`);
    assert.ok(alerts.every(({ data }) => data.block.number > 0), 'an alert about no block');
    const unique = (ids) => assert.equal(new Set(ids).size, ids.length);
    unique(alerts.map(({ id }) => id));
    unique(receiver.taken.map(({ id }) => id));

    const episodes = episodesOf(alerts);
    const open = new Map();
    for (const [name, messages] of episodes) {
        if (messages[0].state === 'fired') continue;
        assert.deepEqual(messages.map(({ seq }) => seq), messages.map((_, i) => i + 1), name);
        let last = null;
        for (const message of messages) {
            // Two rules that follow each other at one block share the episode's number.
            const isOpening = last === null || (last.state === 'resolved' && last.reason === 'rule_changed');
            assert.equal(message.state === 'firing', isOpening, `${name}: ${message.state} after ${last?.state}`);
            last = message;
        }
        if (last.state === 'resolved') continue;
        const key = name.split(' ')[0];
        assert.ok(!open.has(key), `${key} is open twice`);
        open.set(key, last);
    }
    const positions = await daemon.positions();
    const firing = (rule) => [...open.values()].filter((one) => one.rule === rule).map(({ subject }) => subject).sort();
    const alarmed = new Set(firing('liquidatable'));
    for (const { account, liquidatable, health_factor: health } of positions) {
        if (liquidatable) assert.ok(alarmed.has(account), `${account} is liquidatable and nothing says so`);
        if (alarmed.has(account)) assert.ok(BigInt(health) < CLEAR, `${account} is well and still said not to be`);
        alarmed.delete(account);
    }
    assert.deepEqual([...alarmed], [], 'accounts without a loan');
    assert.deepEqual(firing('extra'), [], 'the rule is gone');
    const ended = [...episodes.values()].flat().filter(({ rule, state }) => rule === 'extra' && state === 'resolved');
    assert.ok(ended.some(({ reason }) => reason === 'rule_changed'), 'nothing was said about the rule that is gone');
    const risky = [...episodes.values()].flat().filter(({ rule, reason }) => rule === 'at-risk' && reason === 'rule_changed');
    assert.ok(risky.length > 0, 'nothing was said about the rule that changed');
});

test('every alert that was meant for the receiver arrived there, in order', () => {
    const arrived = receiver.taken.map(({ id }) => id);
    const at = new Map(arrived.map((id, i) => [id, i]));
    const byKey = new Map();
    let meant = 0;
    for (const alert of archived(market.folder)) {
        const key = `${alert.data.alert_key} ${alert.data.episode}`;
        // Episodes that opened before there was a receiver may end without it.
        if (!byKey.has(key) && !at.has(alert.id)) continue;
        meant += 1;
        assert.ok(at.has(alert.id), `${alert.type} ${key} did not arrive`);
        assert.ok(at.get(alert.id) > (byKey.get(key) ?? -1), `${key} arrived out of order`);
        byKey.set(key, at.get(alert.id));
    }
    assert.ok(meant > 50, `only ${meant}`);
    assert.equal(meant, arrived.length);
});

test('a protocol and a chain that are taken away end what was open there', { timeout: 120_000 }, async () => {
    const openBefore = [...episodesOf(archived(market.folder))].filter(([, messages]) => messages[0].state === 'firing' && messages.at(-1).state !== 'resolved');
    assert.ok(openBefore.length > 0);
    const renamed = base.replaceAll('chains.devnet', 'chains.renamed').replaceAll('chain = "devnet"', 'chain = "renamed"').replaceAll('aave-v3-devnet', 'aave-v3-renamed');
    assert.equal((await reload(renamed)).last_reload_successful, true);
    await until('the ends', async () => {
        const episodes = episodesOf(archived(market.folder));
        return openBefore.every(([name]) => episodes.get(name).at(-1).reason === 'rule_changed');
    });
    await reload(base);
    await market.settled();
});

test('a protocol with another start block is read anew', { timeout: 120_000 }, async () => {
    const known = await market.daemon.positions();
    await reload(base.replace('start_block = 0', 'start_block = 1'));
    await market.mineQuietBlock();
    await market.settled();
    assert.match(readFileSync(market.daemon.log, 'utf8'), /has another address or start block now; it is read anew/);
    const accounts = (rows) => rows.map(({ account }) => account).sort();
    assert.deepEqual(accounts(await market.daemon.positions()), accounts(known));
    await reload(base);
    await market.settled();
});

test('USR1 takes a snapshot', { timeout: 60_000 }, async () => {
    await market.mineQuietBlock();
    const { number } = market.anvil.chain.head();
    market.daemon.signal('SIGUSR1');
    const latest = path.join(market.folder, 'state/snapshots/latest.json');
    await until('the snapshot', () => existsSync(latest) && JSON.parse(readFileSync(latest, 'utf8')).chains.devnet.block === number);
});

test('a backup of the running daemon is a whole store', { timeout: 120_000 }, async () => {
    await delivered();
    const done = spawnSync(BINARY, ['backup', '--json', '--config', market.daemon.config], { encoding: 'utf8' });
    assert.equal(done.status, 0, done.stderr);
    const { file } = JSON.parse(done.stdout);
    const state = path.join(market.folder, 'state');
    assert.equal(path.dirname(file), path.join(state, 'backups'));
    assert.equal(await market.daemon.stop(), 0);

    const told = receiver.taken.length;
    assert.ok(told > 0);
    for (const name of ['state.db', 'state.db-wal', 'state.db-shm']) rmSync(path.join(state, name), { force: true });
    copyFileSync(file, path.join(state, 'state.db'));
    market.daemon.start();
    await market.settled();
    await market.mineQuietBlock();
    await delivered();
    assert.equal(receiver.taken.length, told, 'it goes on where it was, and says nothing again');
});

test('TERM ends it well', { timeout: 60_000 }, async () => {
    assert.equal(await market.daemon.stop(), 0);
});
