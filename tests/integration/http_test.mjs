// What programs see of the daemon: HTTP and metrics, and what hostile clients can do there.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { PROTOCOL } from '../differential/daemon.mjs';
import { METRICS, metricsIn, metricsTold } from './metrics_list.mjs';
import { startSurface } from './surface.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const MONITORING = path.join(ROOT, 'docs/monitoring');

const { market, get, getJson, stop } = await startSurface();
after(stop);

test('only GET and HEAD; errors are JSON and say what to do', async () => {
    const head = await get('/v1/tvl', { method: 'HEAD' });
    assert.equal(head.status, 200);
    assert.equal(head.text, '');
    assert.ok(Number(head.headers.get('content-length')) > 100);
    const post = await get('/v1/tvl', { method: 'POST', body: 'x' });
    assert.equal(post.status, 405);
    assert.equal(post.headers.get('allow'), 'GET, HEAD');
    const unknown = await get('/v1/position');
    assert.equal(unknown.status, 404);
    assert.ok(JSON.parse(unknown.text).paths.includes('/v1/positions'));
    const misspelt = await get('/v1/positions?acount=0x0');
    assert.equal(misspelt.status, 400);
    assert.match(JSON.parse(misspelt.text).error, /unknown parameter 'acount'; known: .*account/);
});

test('every path answers, and the index names them all', async () => {
    const [{ account }] = await market.daemon.positions();
    const index = await get('/');
    assert.match(index.headers.get('content-type'), /text\/html/);
    for (const target of [
        '/status',
        '/-/healthy',
        '/metrics',
        '/v1/tvl',
        '/v1/markets',
        '/v1/positions?at_risk=true',
        `/v1/explain?account=${account}&protocol=${PROTOCOL}`,
        '/v1/bands',
        '/v1/heatmap?collateral=ETH&step=50',
        '/v1/what-if?collateral=ETH&change=-20',
        '/v1/liquidations?since=0',
        '/v1/alerts?since=0&limit=5',
    ]) {
        const answer = await get(target);
        assert.equal(answer.status, 200, `${target}: ${answer.text}`);
        assert.ok(index.text.includes(target.split('?')[0]), target);
    }
});

test('pages of positions, liquidations and alerts are complete and survive new blocks', async () => {
    const whole = async (table, key) => (await market.daemon.rows(table, { limit: 1000 })).map(key);
    for (const [table, key] of [
        ['liquidations', (row) => `${row.tx}/${row.log_index}`],
        ['alerts', (row) => row.id],
    ]) {
        const all = await whole(table, key);
        assert.ok(all.length > 3, `${table}: ${all.length}`);
        const rows = await market.daemon.rows(table, { limit: 2 });
        assert.deepEqual(rows.map(key), all, table);
        assert.equal(new Set(all).size, all.length);
    }
    const expected = new Set(await whole('positions', (row) => row.account));
    const seen = [];
    let page = await getJson('/v1/positions?limit=9');
    for (;;) {
        seen.push(...page.rows.map((row) => row.account));
        if (page.next === null) break;
        await market.mineQuietBlock();
        page = await getJson(`/v1/positions?limit=9&cursor=${encodeURIComponent(page.next)}`);
    }
    assert.equal(seen.length, expected.size);
    assert.deepEqual(new Set(seen), expected);
});

test('a step of the heat map is what the positions themselves say', async () => {
    const { rows } = await getJson('/v1/heatmap?collateral=ETH&step=100&low=500&high=3500');
    const positions = await market.daemon.positions();
    let found = 0;
    for (const row of rows) {
        const [low, high] = [row.low, row.high].map((usd) => BigInt(usd) * 100_000_000n);
        const inside = positions.filter((position) => {
            const price = [...position.collateral, ...position.debt]
                .map((entry) => entry.liquidation_price.group)
                .find((one) => one?.leader === 'WETH' && one.side === row.side);
            if (!price) return false;
            const at = BigInt(price.price_raw);
            return row.side === 'below' ? at >= low && at < high : at > low && at <= high;
        });
        assert.equal(row.positions, inside.length, JSON.stringify(row));
        const debt = inside.reduce((sum, position) => sum + position.debt_usd, 0);
        assert.ok(Math.abs(row.debt_usd - debt) < 0.02 * (inside.length + 1), `${row.debt_usd} ${debt}`);
        found += inside.length;
    }
    assert.ok(found > 10, `${found} positions in the map`);
});

// ---- metrics -------------------------------------------------------------------------------------

const promtool = () => {
    for (const file of [process.env.PLIMSOLL_PROMTOOL, path.join(ROOT, 'build/tools/promtool'), '/usr/bin/promtool']) {
        if (file && existsSync(file)) return file;
    }
    throw new Error('promtool is missing: run scripts/test.sh, which fetches it');
};

test('metrics are what promtool expects', async () => {
    const { text, headers } = await get('/metrics');
    assert.match(headers.get('content-type'), /^text\/plain; version=0\.0\.4/);
    const checked = spawnSync(promtool(), ['check', 'metrics'], { input: text, encoding: 'utf8' });
    assert.equal(checked.stdout + checked.stderr, '');
    assert.equal(checked.status, 0);
    const value = (line) => Number(text.split('\n').find((one) => one.startsWith(line + ' '))?.split(' ')[1]);
    const status = await market.daemon.status();
    assert.equal(value('plimsoll_chain_processed_block{chain="devnet"}'), status.chains[0].processed);
    assert.equal(value(`plimsoll_positions{protocol="${PROTOCOL}"}`), status.protocols[0].positions);
    assert.equal(value('plimsoll_config_last_reload_successful'), 1);
    const fired = (await market.daemon.rows('alerts', { rule: 'liquidations', type: 'position.liquidated.fired' })).length;
    assert.equal(value('plimsoll_alerts_total{rule="liquidations",state="fired"}'), fired);
    assert.ok(value('plimsoll_rpc_requests_total{chain="devnet",endpoint="devnet-1",result="ok"}') > 10);
    assert.ok(value('plimsoll_store_commit_duration_seconds_count') > 3);
    assert.ok(value('plimsoll_delivery_attempts_total{result="ok",sink="archive"}') > 3);
    assert.ok(value('plimsoll_delivery_latency_seconds_count{sink="archive"}') > 3);
    const accounts = (await market.daemon.positions()).map((row) => row.account.toLowerCase());
    for (const account of accounts) assert.ok(!text.toLowerCase().includes(account));
});

test('metrics have the names, types and labels that are promised, and no others', async () => {
    const { text } = await get('/metrics');
    assert.deepEqual(metricsIn(text), METRICS);
    assert.deepEqual(metricsTold(readFileSync(path.join(ROOT, 'docs/monitoring.md'), 'utf8')), METRICS);
    // The reader itself sees types and labels.
    assert.deepEqual(metricsIn('# TYPE a histogram\na_bucket{b="x{,}\\"",le="+Inf"} 1\na_sum{b="x"} 2\n'), ['a histogram b']);
});

test('dashboard and rules use metrics that exist', async () => {
    const { text } = await get('/metrics');
    const known = new Set([...text.matchAll(/^# TYPE (\S+) (\S+)/gm)].flatMap(([, name, type]) =>
        type === 'histogram' ? [name, `${name}_bucket`, `${name}_sum`, `${name}_count`] : [name]));
    for (const file of ['grafana-dashboard.json', 'prometheus-rules.yml']) {
        const used = new Set(readFileSync(path.join(MONITORING, file), 'utf8').match(/\b(plimsoll|process)_[a-z_]+\b/g));
        assert.ok(used.size > 5, file);
        for (const name of used) assert.ok(known.has(name), `${file}: ${name}`);
    }
    JSON.parse(readFileSync(path.join(MONITORING, 'grafana-dashboard.json'), 'utf8'));
    const rules = path.join(MONITORING, 'prometheus-rules.yml');
    const checked = spawnSync(promtool(), ['check', 'rules', '--lint-fatal', rules], { encoding: 'utf8' });
    assert.equal(checked.status, 0, checked.stdout + checked.stderr);
    const fired = spawnSync(promtool(), ['test', 'rules', path.join(ROOT, 'tests/integration/prometheus_rules.test.yml')], { encoding: 'utf8' });
    assert.equal(fired.status, 0, fired.stdout + fired.stderr);
});

// ---- hostile clients -----------------------------------------------------------------------------

/** Opens a connection and does `act(socket)`; answers nothing, survives everything. */
const attack = (act) => {
    const { port } = new URL(market.daemon.base);
    const socket = net.connect(Number(port), '127.0.0.1', () => act(socket));
    socket.on('error', () => {});
    return socket;
};

test('hostile clients hinder neither other clients nor the rounds', { timeout: 60_000 }, async () => {
    const sockets = [];
    const timers = [];
    const drip = (socket) => {
        socket.write('GET /v1/tvl HTTP/1.1\r\nX-Slow: ');
        timers.push(setInterval(() => socket.writable && socket.write('a'), 100));
    };
    const kinds = [
        drip,
        () => {}, // opens and says nothing
        (socket) => socket.write('GET / HTTP/1.1\r\nX: ' + 'a'.repeat(1 << 20)),
        (socket) => socket.write('GET /v1/tvl HTTP/1.1\r\nHost: x\r\n\r\n\x00\xff garbage\r\n\r\nPOST / HTTP/1.1\r\n'),
        (socket) => socket.write('\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'),
        (socket) => socket.end('GET /v1/positions?limit=1000 HTTP/1.1\r\n'), // half-open
        (socket) => { // asks for much and reads nothing
            socket.pause();
            for (let i = 0; i < 20; i++) socket.write('GET /v1/markets HTTP/1.1\r\nHost: x\r\n\r\n');
        },
        (socket) => socket.write('GET /v1/heatmap?collateral=ETH&step=1&low=1000&high=2000 HTTP/1.1\r\nHost: x\r\n\r\n'),
    ];
    const keepOn = setInterval(() => {
        if (sockets.length < 400) sockets.push(attack(kinds[sockets.length % kinds.length]));
    }, 25);
    for (let i = 0; i < 200; i++) sockets.push(attack(kinds[i % kinds.length]));
    try {
        const begin = market.anvil.chain.head().number;
        const took = [];
        for (let i = 0; i < 20; i++) {
            if (i % 4 === 0) await market.anvil.chain.mine();
            const started = Date.now();
            // A client may find the house full for a moment; then it asks again, as clients do.
            for (;;) {
                const answer = await get('/-/healthy').catch(() => ({ status: 0 }));
                if (answer.status === 200) break;
                assert.ok(Date.now() - started < 10_000, `no answer: ${answer.status}`);
            }
            took.push(Date.now() - started);
            await new Promise((resolve) => setTimeout(resolve, 100));
        }
        took.sort((a, b) => a - b);
        assert.ok(took[15] < 4_000, `answers took ${took.join(' ')} ms`);
        await market.settled();
        assert.equal(market.anvil.chain.head().number, begin + 5);
    } finally {
        clearInterval(keepOn);
        timers.forEach(clearInterval);
        sockets.forEach((socket) => socket.destroy());
    }
    const { chains } = await market.daemon.status();
    assert.equal(chains[0].state, 'live');
});
