// Routing, delivery and the operator's commands end to end: the daemon on a real market, real HTTP
// receivers, the commands as an operator types them, and kill -9 in between.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import http from 'node:http';
import path from 'node:path';
import { after, before, test } from 'node:test';

import { ETH_GROUP } from '../devnet/listings.mjs';
import { archived } from './archive.mjs';
import { BINARY, startMarket } from './market.mjs';

const GROUP_WAIT_MS = 8000;

/** A receiver that keeps what it was told and answers as it is told. */
class Receiver {
    constructor(answer) {
        this.answer = answer;
        this.bodies = [];
    }

    async start() {
        this.server = http.createServer((request, response) => {
            const parts = [];
            request.on('data', (part) => parts.push(part));
            request.on('end', () => {
                const body = JSON.parse(Buffer.concat(parts).toString());
                const [status, text] = this.answer(body);
                if (status < 300) this.bodies.push(body);
                response.writeHead(status).end(text);
            });
        });
        await new Promise((resolve) => this.server.listen(0, '127.0.0.1', resolve));
        this.url = `http://127.0.0.1:${this.server.address().port}/hook`;
        return this;
    }

    take() {
        return this.bodies.splice(0);
    }

    stop() {
        this.server.closeAllConnections();
        return new Promise((resolve) => this.server.close(resolve));
    }
}

let market;
let hook;
let team;
let bad;

/** A command as an operator types it. Does not wait blindly: the receivers live in this process. */
const run = (...args) =>
    new Promise((resolve) => {
        execFile(BINARY, [...args, '--config', market.daemon.config], (error, stdout, stderr) => resolve({ status: error?.code ?? 0, stdout, stderr }));
    });
const plimsoll = async (...args) => {
    const done = await run(...args);
    assert.equal(done.status, 0, `plimsoll ${args.join(' ')}: ${done.stderr}`);
    return done.stdout;
};
const json = async (...args) => (await plimsoll(...args, '--json')).split('\n').filter(Boolean).map((line) => JSON.parse(line));

const archive = () => archived(market.folder);

async function becomes(what, holds, deadlineMs = 60_000) {
    const deadline = Date.now() + deadlineMs;
    for (;;) {
        const seen = await Promise.resolve().then(what).catch((error) => error); // it may be starting
        if (!(seen instanceof Error) && holds(seen)) return seen;
        if (Date.now() > deadline) throw new Error(`still ${seen instanceof Error ? seen : JSON.stringify(seen).slice(0, 1500)}\n${market.daemon.lastLines()}`);
        await new Promise((resolve) => setTimeout(resolve, 100));
    }
}
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const drained = () =>
    becomes(
        async () => (await market.daemon.status()).sinks,
        (sinks) => sinks.every(({ queued }) => queued === 0),
    );

/** Moves the price of ETH, and waits until the daemon has seen it. */
async function move(numerator, denominator) {
    for (const symbol of ETH_GROUP) {
        market.world.market.setPrice(symbol, (market.world.market.price(symbol) * numerator) / denominator);
    }
    await market.world.mine();
    await market.settled();
}
const isOf = (type) => (body) => body.type === type;

before(async () => {
    hook = await new Receiver(() => [200, 'fine']).start();
    team = await new Receiver(() => [200, 'ok']).start();
    bad = await new Receiver(() => [400, 'no']).start();
    const reach = 'allow_http = true\nallow_private = ["127.0.0.0/8"]\n';
    market = await startMarket({
        accounts: 60,
        seed: 5,
        edit: (text) => text.replaceAll('to = ["archive"]', 'to = ["archive", "hook", "team"]'),
        moreConfiguration: () => `
[rules.bad-only]
when = "health_factor < 0.9"
confirm = "latest"
severity = "info"
to = ["bad"]
[sinks.hook]
kind = "webhook"
url = "${hook.url}"
${reach}
[sinks.team]
kind = "slack"
url = "${team.url}"
group_wait = "${GROUP_WAIT_MS}ms"
group_interval = "${GROUP_WAIT_MS}ms"
max_alerts = 2
${reach}
[sinks.bad]
kind = "webhook"
url = "${bad.url}"
max_age = "10m"
${reach}
[heartbeat]
every = "10s"
to = ["hook"]
`,
    });
});
after(async () => {
    await market?.stop();
    for (const receiver of [hook, team, bad]) await receiver?.stop();
});

test('a heartbeat arrives though nothing happens', { timeout: 60_000 }, async () => {
    const [first] = await becomes(() => hook.bodies.filter(isOf('daemon.heartbeat')), (list) => list.length >= 1);
    assert.equal(first.data.severity, 'info');
});

test('what is silenced goes to the archive alone, and is told once the silence ends', { timeout: 180_000 }, async () => {
    await drained();
    hook.take();
    team.take();
    const [silence] = await json('silence', 'add', '--for', '1h', '--by', 'ana', '--why', 'planned work', 'rule=*', 'type=position.*');
    assert.equal(silence.state, 'active');
    await move(62n, 100n);
    await drained();
    const muted = archive().filter(({ muted_by }) => muted_by === `silence:${silence.id}`);
    assert.ok(muted.length >= 4, `${muted.length} muted`);
    assert.deepEqual(hook.bodies.filter(({ type }) => type.startsWith('position.') && type !== 'position.liquidated.fired'), []);
    const [shown] = await json('outbox', 'show', muted[0].id);
    assert.equal(shown.muted_by, `silence:${silence.id}`);
    assert.deepEqual(shown.sinks.map(({ sink }) => sink), ['archive']);

    await market.daemon.kill(); // the silence and what it holds back lie in the store
    market.daemon.start();
    await market.settled();
    await market.mineQuietBlock();
    await drained();
    assert.equal(hook.bodies.filter(isOf('position.liquidatable.firing')).length, 0);
    assert.deepEqual((await json('silence', 'list')).map(({ id, state }) => ({ id, state })), [{ id: silence.id, state: 'active' }]);

    await json('silence', 'expire', silence.id);
    await market.mineQuietBlock();
    const keys = new Set(muted.map(({ data }) => data.alert_key));
    const told = await becomes(
        () => hook.bodies.filter(({ data }) => data.reason === 'unmuted'),
        (list) => list.length >= keys.size,
    );
    assert.deepEqual(new Set(told.map(({ data }) => data.alert_key)), keys);
    assert.ok(told.every(({ type }) => type.endsWith('.repeated')));
    await market.mineQuietBlock();
    await drained();
    assert.equal(hook.bodies.filter(({ data }) => data.reason === 'unmuted').length, keys.size, 'told once');
});

test('a chat gets few messages that name many alerts, after a kill as well', { timeout: 240_000 }, async () => {
    await drained();
    await pause(2 * GROUP_WAIT_MS);
    team.take();
    hook.take();
    await move(190n, 100n); // most of it ends
    const ended = await becomes(() => hook.bodies.filter(({ type }) => type.endsWith('.resolved')), (list) => list.length >= 5);
    const waiting = await json('outbox', 'list', '--sink', 'team', '--state', 'pending');
    assert.ok(waiting.some(({ not_before }) => not_before !== null && not_before * 1000 > Date.now()), 'the group waits');
    await market.daemon.kill();
    market.daemon.start();
    await becomes(() => team.bodies, (list) => list.length >= 1);
    await drained();
    const rules = new Set(ended.map(({ data }) => data.rule));
    assert.ok(team.bodies.length <= 2 * rules.size, `${team.bodies.length} messages for ${ended.length} alerts`);
    const texts = team.bodies.map((body) => JSON.stringify(body.blocks));
    assert.ok(texts.some((text) => /\d+ alerts of rule/.test(text)), texts.join('\n'));
    assert.ok(texts.some((text) => /\.\.\. and \d+ more/.test(text)), 'at most two are listed');
});

test('what a sink refuses becomes a dead letter that others hear of, and can be sent again', { timeout: 240_000 }, async () => {
    await drained();
    hook.take();
    await move(50n, 100n);
    const given = () => json('outbox', 'list', '--state', 'dead', '--sink', 'bad');
    await becomes(given, (list) => list.length >= 1);
    const [letter] = await becomes(() => hook.bodies.filter(isOf('daemon.dead_letter.fired')), (list) => list.length >= 1);
    const dead = await given();
    assert.equal(dead[0].reason, 'poison');
    assert.match(dead[0].error, /400/);
    assert.equal(letter.data.subject, 'bad');
    assert.equal(letter.data.reasons.poison, letter.data.count);
    assert.ok(dead.some(({ id }) => id === letter.data.messages[0].id));

    bad.answer = () => [200, 'fine'];
    const [{ changed }] = await json('outbox', 'retry', '--sink', 'bad', '--state', 'dead');
    assert.ok(changed >= dead.length);
    await becomes(() => bad.bodies.filter(({ type }) => type.startsWith('position.')), (list) => list.length >= dead.length);
    assert.deepEqual(await given(), []);
});

test('a sink that is gone stays so until it is enabled, over restarts', { timeout: 240_000 }, async () => {
    await drained();
    assert.match(await plimsoll('sink', 'test', 'bad'), /took the test message/);
    assert.equal(bad.bodies.filter(isOf('daemon.test')).length, 1);
    bad.answer = () => [410, 'gone'];
    hook.take();
    await move(150n, 100n); // ends what fires
    await move(40n, 100n);
    const [down] = await becomes(() => hook.bodies.filter(isOf('daemon.sink_down.firing')), (list) => list.length >= 1);
    assert.equal(down.data.subject, 'bad');
    assert.equal(down.data.gone, true);
    await market.daemon.kill();
    market.daemon.start();
    await market.settled();
    const circuit = async () => (await market.daemon.status()).sinks.find(({ name }) => name === 'bad').circuit;
    assert.equal(await circuit(), 'disabled');
    bad.answer = () => [200, 'fine'];
    await plimsoll('sink', 'enable', 'bad');
    await becomes(circuit, (state) => state === 'closed');
    assert.deepEqual(hook.bodies.filter(isOf('daemon.sink_down.resolved')), [], 'nothing has reached it yet');
    await move(150n, 100n); // what fires ends, and fires again
    await move(40n, 100n);
    const [up] = await becomes(() => hook.bodies.filter(isOf('daemon.sink_down.resolved')), (list) => list.length >= 1);
    assert.equal(up.data.alert_key, down.data.alert_key);
});

/** Questions that name what is not there: they are no empty answers. */
const UNKNOWN = [
    [/no sink 'nosuch'; known: .*bad/, 'outbox', 'list', '--sink', 'nosuch'],
    [/no sink 'bda'; did you mean 'bad'\? known: /, 'outbox', 'retry', '--sink', 'bda'],
    [/no sink 'nosuch'; known: .*bad/, 'outbox', 'drop', '--sink', 'nosuch'],
    [/no sink 'nosuch'; known: .*bad/, 'sink', 'enable', 'nosuch'],
    [/no chain 'nosuch'; known: devnet, eip155:31337/, 'alerts', '--chain', 'nosuch'],
    ...['alerts', 'tvl', 'markets', 'positions', 'bands', 'liquidations'].map((command) => [/'aave-v3-devne'.*did you mean 'aave-v3-devnet'/, command, '--protocol', 'aave-v3-devne']),
    [/step: must be above 0/, 'heatmap', 'ETH', '--step', '0'],
];

async function refusesUnknown() {
    for (const [message, ...args] of UNKNOWN) {
        const done = await run(...args);
        assert.equal(done.status, 64, `${args.join(' ')}: ${done.stderr}`);
        assert.match(done.stderr, message);
        assert.equal(done.stdout, '');
    }
}

test('wrong commands are told what is wrong', async () => {
    for (const [code, message, ...args] of [
        [64, /--for is needed/, 'silence', 'add', 'rule=a'],
        [64, /an author/, 'silence', 'add', '--for', '1h', 'rule=a'],
        [64, /30 days/, 'silence', 'add', '--for', '31d', '--by', 'a', '--why', 'b', 'rule=a'],
        [64, /no label/, 'silence', 'add', '--for', '1h', '--by', 'a', '--why', 'b', 'colour=a'],
        [64, /no silence/, 'silence', 'expire', 'nosuch'],
        [64, /which messages/, 'outbox', 'retry'],
        [64, /no message/, 'outbox', 'show', 'msg_nosuch'],
        [64, /no message/, 'outbox', 'retry', 'msg_nosuch'],
        [64, /no message msg_nosuch at sink bad/, 'outbox', 'drop', 'msg_nosuch', '--sink', 'bad'],
        [64, /no sink 'nosuch'/, 'sink', 'enable', 'nosuch'],
        [64, /no sink 'nosuch'/, 'sink', 'test', 'nosuch'],
    ]) {
        const done = await run(...args);
        assert.equal(done.status, code, `${args.join(' ')}: ${done.stderr}`);
        assert.match(done.stderr, message);
        assert.equal(done.stdout, '');
    }
    await refusesUnknown();
});

test('a stopped daemon leaves a store that the commands work on', { timeout: 120_000 }, async () => {
    const [silence] = await json('silence', 'add', '--for', '1h', '--by', 'ana', '--why', 'night', 'severity=info');
    await plimsoll('snapshot', 'now');
    await market.daemon.stop();
    await refusesUnknown();
    const alone = (...args) => new Promise((resolve) => {
        const done = (error, stdout, stderr) => resolve({ status: error?.code ?? 0, stdout, stderr });
        execFile(BINARY, [...args, '--state-dir', path.join(market.folder, 'state')], done);
    });
    for (const args of [['sink', 'enable', 'nosuch'], ['outbox', 'list', '--sink', 'nosuch'], ['positions', '--protocol', 'nosuch'], ['alerts', '--chain', 'nosuch']]) {
        const done = await alone(...args);
        assert.equal(done.status, 64, `${args.join(' ')}: ${done.stderr}`);
        assert.match(done.stderr, /no \w+ 'nosuch'; known: \w+/);
    }
    assert.equal((await alone('sink', 'enable', 'bad')).status, 0);
    assert.equal((await alone('outbox', 'list', '--sink', 'bad')).status, 0);
    assert.ok((await json('silence', 'list')).some(({ id }) => id === silence.id));
    assert.equal((await json('silence', 'expire', silence.id))[0].state, 'expired');
    assert.equal((await json('outbox', 'list', '--limit', '5')).length, 5);
    const refused = await run('sink', 'test', 'bad');
    assert.equal(refused.status, 69);
    assert.match(refused.stderr, /no daemon answers/);
    assert.match(await plimsoll('sink', 'enable', 'bad'), /bad is used again/);
    for (const [message, ...args] of [
        [/no sink 'nosuch'; known: .*bad/, 'sink', 'enable', 'nosuch'],
        [/no message msg_nosuch/, 'outbox', 'retry', 'msg_nosuch'],
        [/no message msg_nosuch/, 'outbox', 'drop', 'msg_nosuch'],
    ]) {
        const done = await run(...args);
        assert.equal(done.status, 64, `${args.join(' ')}: ${done.stderr}`);
        assert.match(done.stderr, message);
        assert.equal(done.stdout, '');
    }
    market.daemon.start();
    await market.settled();
});
