// What people and programs see of the daemon: commands, HTTP and metrics, on one market with
// liquidations and signed alerts; while the daemon runs, and after it was stopped.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { ETH_GROUP } from '../devnet/listings.mjs';
import { liquidateUnhealthy } from '../devnet/liquidator.mjs';
import { freePort } from '../devnet/anvil.mjs';
import { Daemon, PROTOCOL } from '../differential/daemon.mjs';
import { BINARY, startMarket } from './market.mjs';
import { METRICS, metricsIn, metricsTold } from './metrics_list.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const MONITORING = path.join(ROOT, 'docs/monitoring');

let market;
let scratch;
let signer;
let base;

const run = (...args) => spawnSync(BINARY, args, { encoding: 'utf8', maxBuffer: 1 << 28 });
const here = () => ['--config', market.daemon.config];
const plimsoll = (...args) => {
    const done = run(...args, ...here());
    assert.equal(done.status, 0, `plimsoll ${args.join(' ')}: ${done.stderr}`);
    return done.stdout;
};
const jsonLines = (text) => text.split('\n').filter(Boolean).map((line) => JSON.parse(line));
const json = (...args) => jsonLines(plimsoll(...args, '--json'));
const get = async (target, init) => {
    const response = await fetch(base + target, { signal: AbortSignal.timeout(20_000), ...init });
    return { status: response.status, headers: response.headers, text: await response.text() };
};
const getJson = async (target) => JSON.parse((await get(target)).text);
const alertFiles = () => {
    const root = path.join(market.folder, 'state/alerts');
    return readdirSync(root).map((date) => path.join(root, date, 'alerts.jsonl'));
};

before(async () => {
    scratch = mkdtempSync(path.join(os.tmpdir(), 'plimsoll-surface-'));
    const key = path.join(scratch, 'signing.key');
    signer = JSON.parse(run('keygen', key, '--json').stdout).address;
    market = await startMarket({
        accounts: 80,
        seed: 11,
        moreConfiguration: () => `[signing]\nkey = "\${file:${key}}"\nexpect_address = "${signer}"\n`,
    });
    base = market.daemon.base;
    const { world } = market;
    for (let i = 0; i < 6; i++) {
        for (const symbol of ETH_GROUP) {
            world.market.setPrice(symbol, (world.market.price(symbol) * 93n) / 100n);
        }
        await world.mine();
        await liquidateUnhealthy(world, 6);
        await world.mine();
        await market.settled();
    }
});
after(async () => {
    await market?.stop();
    rmSync(scratch, { recursive: true, force: true });
});

// ---- HTTP ----------------------------------------------------------------------------------------

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

// ---- commands ------------------------------------------------------------------------------------

test('commands print JSON Lines and nothing else on standard output', () => {
    for (const args of [
        ['status'], ['tvl'], ['markets'], ['bands'], ['positions'], ['heatmap', 'ETH'],
        ['what-if', 'ETH', '--change=-10'], ['liquidations', '--since', '0'],
        ['liquidations', '--by', 'asset'], ['alerts', '--limit', '5'], ['snapshot', 'now'],
    ]) {
        const rows = json(...args);
        assert.ok(rows.length > 0, args.join(' '));
        assert.ok(rows.every((row) => row !== null && typeof row === 'object'));
    }
});

test('those who ask for risk get the riskiest first', () => {
    const health = json('positions', '--at-risk', '--limit', '1000')
        .map((row) => (row.computable ? BigInt(row.health_factor) : 0n));
    assert.ok(health.length > 5);
    health.forEach((value, i) => assert.ok(i === 0 || health[i - 1] <= value));
    assert.deepEqual(json('positions', '--at-risk', '--limit', '2'), json('positions', '--at-risk', '--limit', '1000').slice(0, 2));
});

test('a name that nobody knows is no empty answer', async () => {
    for (const [command, ...args] of [['tvl'], ['markets'], ['bands'], ['positions'], ['heatmap', 'ETH'], ['liquidations'], ['alerts'], ['liquidations', '--by', 'side']]) {
        const done = run(command, ...args, '--protocol', 'aave-v3-devnt', ...here());
        assert.equal(done.status, 64, command);
        assert.match(done.stderr, /'aave-v3-devnt'.*did you mean 'aave-v3-devnet'\?/, command);
        assert.equal(done.stdout, '');
    }
    for (const target of ['/v1/tvl?protocol=nosuch', '/v1/alerts?protocol=nosuch', '/v1/alerts?chain=nosuch', '/v1/liquidations?protocol=nosuch']) {
        const { status, text } = await get(target);
        assert.equal(status, 400, target);
        assert.match(JSON.parse(text).error, /nosuch.*known: /);
    }
    assert.deepEqual((await getJson('/v1/alerts?chain=devnet')).rows, (await getJson('/v1/alerts?chain=eip155:31337')).rows);
});

test('tables are aligned, with thousands separated, and without colours in a pipe', () => {
    const table = plimsoll('tvl');
    assert.match(table, /\d{1,3},\d{3}\.\d\d/);
    assert.doesNotMatch(table, /\x1b/);
    const [head, row] = table.split('\n');
    assert.equal(head.indexOf('TVL USD') + 'TVL USD'.length, row.indexOf(money(json('tvl')[0].tvl_usd)) + money(json('tvl')[0].tvl_usd).length);
});
const money = (value) => value.toLocaleString('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 2 });

test('colours appear on a terminal, and never with NO_COLOR', () => {
    const onTerminal = (env) => execFileSync('script', ['-qec', `${BINARY} status ${here().join(' ')}`, '/dev/null'], {
        encoding: 'utf8',
        env: { ...process.env, TERM: 'xterm', ...env },
    });
    assert.match(onTerminal({ NO_COLOR: '' }), /\x1b\[32mlive\x1b\[0m/);
    assert.doesNotMatch(onTerminal({ NO_COLOR: '1' }), /\x1b/);
});

test('every command teaches', () => {
    const { stdout } = run('--help');
    const commands = [...stdout.matchAll(/^  ([a-z-]+) {2,}/gm)].map(([, name]) => name).filter((name) => !name.startsWith('-'));
    assert.ok(commands.length >= 17, commands.join(' '));
    for (const command of commands) {
        const help = run(command, '--help');
        assert.equal(help.status, 0, command);
        assert.match(help.stdout, /Examples:\n +(plimsoll|source)/, command);
    }
});

test('sums of liquidations say their method, window, coverage and chains', () => {
    const all = json('liquidations', '--since', '0', '--limit', '1000');
    for (const by of ['asset', 'side', 'protocol', 'account']) {
        const sums = json('liquidations', '--by', by);
        assert.equal(sums.reduce((sum, row) => sum + row.events, 0), all.length);
        const dollars = (rows, key) => Math.round(rows.reduce((sum, row) => sum + (row[key] ?? 0), 0) * 100);
        assert.equal(dollars(sums, 'debt_usd'), dollars(all, 'debt_usd'));
        assert.ok(sums.every((row) => row.method && row.chains[0] === 'eip155:31337' && row.coverage[PROTOCOL] === '1.000000'));
        assert.ok(sums.every((row) => row.recorded_since.devnet > 0));
    }
    const text = plimsoll('liquidations', '--by', 'side');
    for (const word of ['method:', 'chains: eip155:31337', 'coverage:', 'recorded']) assert.ok(text.includes(word), text);
    const day = new Date(all[0].block_time * 1000).toISOString().slice(0, 10);
    const next = new Date((all.at(-1).block_time + 86_400) * 1000).toISOString().slice(0, 10);
    const byDay = json('liquidations', '--by', 'side', '--window', 'day', '--since', day, '--until', next);
    assert.equal(byDay[0].window, day);
    assert.equal(byDay.reduce((sum, row) => sum + row.events, 0), all.length);
    const east = json('liquidations', '--by', 'side', '--window', 'day', '--since', day, '--until', next, '--tz', '+14:00');
    assert.ok(east.every((row) => row.tz === '+14:00' && (row.from + 14 * 3600) % 86_400 === 0));
    // "24h" ends with the newest block, whatever the wall clock says: these chains live in the past.
    const head = market.anvil.chain.head().timestamp;
    const recent = all.filter((row) => row.block_time > head - 24 * 3600).length;
    assert.ok(recent > 0);
    assert.equal(json('liquidations', '--by', 'side', '--window', '24h').reduce((sum, row) => sum + row.events, 0), recent);
    assert.equal(json('liquidations', '--since', '24h').length, recent);
    assert.equal(run('liquidations', '--window', '24h', ...here()).status, 64);
    assert.equal(run('liquidations', '--by', 'side', '--tz', 'Mars/Base', ...here()).status, 64);
});

test('alerts are filtered', async () => {
    const all = json('alerts', '--limit', '100000');
    const of = (...args) => json('alerts', '--limit', '100000', ...args);
    assert.deepEqual(of('--type', 'position.liquidated').map(({ id }) => id),
        all.filter(({ type }) => type.startsWith('position.liquidated.')).map(({ id }) => id));
    assert.ok(of('--severity', 'critical').every(({ data }) => data.severity === 'critical'));
    assert.ok(of('--rule', 'liquidatable').length > 0);
    const { subject } = of('--rule', 'liquidatable')[0].data;
    assert.ok(of('--subject', subject.toLowerCase()).every(({ data }) => data.subject === subject));
    assert.deepEqual(of('--chain', 'devnet'), of('--chain', 'eip155:31337'));
    assert.deepEqual(of('--chain', 'devnet').length, all.length);
    const rule = run('alerts', '--rule', 'liquidatble', ...here());
    assert.equal(rule.status, 64);
    assert.match(rule.stderr, /no rule 'liquidatble'; did you mean 'liquidatable'\?/);
    assert.deepEqual(json('alerts'), all, 'programs get all of them');
    const shown = Math.min(all.length, 100); // mostly there are more
    assert.equal(plimsoll('alerts').trimEnd().split('\n').length, 1 + shown, 'people get a hundred, and a head');
    const latest = json('alerts', '--limit', '3');
    assert.deepEqual(latest.map(({ id }) => id), all.slice(-3).map(({ id }) => id));
    // The archive and the daemon tell the same.
    const live = await market.daemon.rows('alerts', { limit: 1000, since: 0 });
    assert.deepEqual(new Set(live.map(({ id }) => id)), new Set(all.map(({ id }) => id)));
    assert.equal(live[0].signature, all.find(({ id }) => id === live[0].id).signature);
});

test('signatures are verified offline, and a changed line is named', () => {
    const files = alertFiles();
    const fine = run('verify', '--signer', signer, ...files);
    assert.equal(fine.status, 0, fine.stdout);
    const lines = readFileSync(files[0], 'utf8').split('\n').filter(Boolean);
    const broken = path.join(scratch, 'broken.jsonl');
    const changed = lines[1].replace(/"severity":"[a-z]+"/, '"severity":"none"');
    writeFileSync(broken, [lines[0], changed, lines[2], 'no JSON', ''].join('\n'));
    const found = run('verify', '--signer', signer, broken);
    assert.equal(found.status, 65);
    assert.match(found.stdout, new RegExp(`^${broken}:2: `, 'm'));
    assert.match(found.stdout, new RegExp(`^${broken}:4: `, 'm'));
    assert.match(found.stdout, /2 of 4 lines/);
    const rows = jsonLines(run('verify', '--signer', signer, '--json', broken).stdout);
    assert.deepEqual(rows.slice(0, 2).map(({ line }) => line), [2, 4]);
    const other = run('verify', '--signer', '0x2f39d218133AFaB8F2B819B1066c7E434Ad94E9e', files[0]);
    assert.equal(other.status, 65);
    assert.equal(run('verify', '--signer', signer, path.join(scratch, 'none')).status, 66);
    assert.equal(run('verify', '--signer', 'nobody', files[0]).status, 64);
});

test('keygen makes a key only its owner reads, and never overwrites', () => {
    const file = path.join(scratch, 'another.key');
    const made = run('keygen', file);
    assert.equal(made.status, 0, made.stderr);
    assert.match(made.stdout, /^0x[0-9a-fA-F]{40}\n$/);
    assert.equal(statSync(file).mode & 0o777, 0o600);
    const key = readFileSync(file, 'utf8');
    assert.match(key, /^[0-9a-f]{64}$/);
    assert.ok(!(made.stdout + made.stderr).includes(key));
    assert.equal(run('keygen', file).status, 74);
    assert.equal(readFileSync(file, 'utf8'), key);
    assert.equal(run('keygen', path.join(scratch, 'no/such/folder')).status, 66);
    assert.notEqual(run('keygen', file + '2').stdout, made.stdout);
});

test('completion scripts are scripts of their shells', () => {
    const script = (shell) => run('completion', shell).stdout;
    const shells = { bash: ['-n'], zsh: ['-n'], fish: ['--no-execute'] };
    for (const [shell, flags] of Object.entries(shells)) {
        const file = path.join(scratch, `completion.${shell}`);
        writeFileSync(file, script(shell));
        const checked = spawnSync(shell, [...flags, file], { encoding: 'utf8' });
        assert.equal(checked.error, undefined, `${shell} is missing: run scripts/test.sh`);
        assert.equal(checked.status, 0, checked.stderr);
    }
    const complete = (...words) => {
        const ask = `source ${scratch}/completion.bash; COMP_WORDS=(plimsoll ${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length}; _plimsoll; printf '%s\\n' "\${COMPREPLY[@]}"`;
        return execFileSync('bash', ['-c', ask], { encoding: 'utf8' }).split('\n').filter(Boolean);
    };
    assert.deepEqual(complete('heat'), ['heatmap']);
    assert.ok(complete('positions', '--').includes('--at-risk'));
    assert.deepEqual(complete('liquidations', '--by', 's'), ['side']);
    assert.deepEqual(complete('snapshot', ''), complete('snapshot', '').filter((word) => word === 'now' || word.startsWith('--')));
    assert.deepEqual(complete('completion', 'f'), ['fish']);
});

test('what every command takes is taken by every command, before it or behind', () => {
    const bare = run();
    assert.equal(bare.status, 64);
    assert.equal(bare.stdout, '');
    assert.match(bare.stderr, /^ {2}positions {2,}Loans/m);
    const { config } = market.daemon;
    const tvl = json('tvl');
    assert.deepEqual(jsonLines(run('--config', config, '--json', 'tvl').stdout), tvl);
    assert.deepEqual(jsonLines(run(`--config=${config}`, 'tvl', '--json').stdout), tvl);
    const common = ['--config', config, '--state-dir', path.join(market.folder, 'state'), '--json'];
    assert.equal(jsonLines(run('schema', ...common).stdout)[0].title, JSON.parse(run('schema').stdout).title);
    assert.equal(run('completion', 'bash', ...common).stdout, run('completion', 'bash').stdout);
    assert.equal(run('verify', '--signer', signer, ...alertFiles(), ...common).status, 0);
    assert.ok(jsonLines(run('keygen', path.join(scratch, 'third.key'), ...common).stdout)[0].address);
});

test('a snapshot says what it wrote', () => {
    const [row] = json('snapshot', 'now');
    const { number, hash } = market.anvil.chain.head();
    assert.deepEqual([row.chain, row.block, row.block_hash], ['devnet', number, hash]);
    const written = path.join(market.folder, 'state/snapshots', row.files.positions[0]);
    assert.equal(jsonLines(readFileSync(written, 'utf8')).length, json('positions').length);
    assert.ok(plimsoll('snapshot', 'now').includes(written));
});

test('what is not known yet is not called empty', { timeout: 60_000 }, async () => {
    const folder = path.join(scratch, 'blind');
    const text = readFileSync(market.daemon.config, 'utf8')
        .replace(/state_dir = .*/, `state_dir = "${folder}/state"`)
        .replace(/endpoints = .*/, `endpoints = ["http://127.0.0.1:${await freePort()}"]`);
    const port = await freePort();
    const blind = new Daemon({ binary: BINARY, folder, port, text: text.replace(/http_listen = .*/, `http_listen = "127.0.0.1:${port}"`) });
    blind.start();
    try {
        while (!(await blind.get('/-/healthy').catch(() => null))) await new Promise((resolve) => setTimeout(resolve, 50));
        const [{ account }] = json('positions');
        for (const args of [['tvl'], ['markets'], ['positions'], ['bands'], ['explain', account], ['heatmap', 'ETH'], ['snapshot', 'now']]) {
            for (const form of [[], ['--json']]) {
                const done = run(...args, ...form, '--config', blind.config);
                assert.equal(done.status, 69, args.join(' '));
                assert.equal(done.stdout, '');
                assert.match(done.stderr, /nothing (is known just now of aave-v3-devnet|was written)/);
            }
        }
        assert.match(run('status', '--config', blind.config).stdout, /unknown/);
        // What is asked wrongly is wrong whatever is known.
        for (const args of [['heatmap', 'ETH', '--step', '0'], ['heatmap', 'ETH', '--low', '5', '--high', '4'], ['what-if', 'ETH', '--price', '0'], ['what-if', 'ETH', '--change=-100'], ['tvl', '--protocol', 'nosuch'], ['alerts', '--protocol', 'nosuch']]) {
            const done = run(...args, '--config', blind.config);
            assert.equal(done.status, 64, `${args.join(' ')}: ${done.stderr}`);
        }
        const sums = run('liquidations', '--by', 'side', '--config', blind.config);
        assert.equal(sums.status, 0, sums.stderr);
        assert.match(sums.stdout, /^chains: eip155:31337; recorded/m);
        assert.match(sums.stdout, /^coverage: unknown/m);
        const answer = await fetch(`${blind.base}/v1/positions`);
        assert.equal(answer.status, 503);
        assert.match((await answer.json()).error, /nothing is known just now of aave-v3-devnet/);
    } finally {
        await blind.kill();
    }
});

test('an answer that was not taken is no success', () => {
    const full = openSync('/dev/full', 'w');
    try {
        for (const args of [
            ['schema'], ['completion', 'bash'], ['--version'], ['--help'], ['tvl', '--help'],
            ['check-config', ...here()], ['status', '--json', ...here()], ['positions', '--json', ...here()],
        ]) {
            const done = spawnSync(BINARY, args, { encoding: 'utf8', stdio: ['ignore', full, 'pipe'] });
            assert.equal(done.status, 74, args.join(' '));
            assert.match(done.stderr, /standard output did not take all of the answer/);
        }
        const wrong = spawnSync(BINARY, ['tvl', '--protocol', 'nobody', ...here()], { stdio: ['ignore', full, 'pipe'] });
        assert.equal(wrong.status, 64);
    } finally {
        closeSync(full);
    }
});

test('wrong questions have an exit code', () => {
    assert.equal(run('no-such-command').status, 64);
    assert.match(run('positons').stderr, /no command 'positons' \(did you mean 'positions'\?\)/);
    assert.equal(run('positions', '--limit', 'x', ...here()).status, 64);
    assert.equal(run('positions', '--max-health-factor', 'x', ...here()).status, 64);
    assert.equal(run('tvl', '--protocol', 'nobody', ...here()).status, 64);
    assert.equal(run('heatmap', 'DOGE', ...here()).status, 64);
    assert.equal(run('what-if', 'ETH', ...here()).status, 64);
    assert.equal(run('what-if', 'ETH', '--price', '5', '--change', '5', ...here()).status, 64);
    assert.equal(run('alerts', '--since', 'yesterday', ...here()).status, 64);
    assert.equal(run('explain', '0x12', ...here()).status, 64);
    assert.equal(run('tvl', '--config', path.join(scratch, 'none.toml')).status, 66);
    assert.equal(run('tvl', '--state-dir', path.join(scratch, 'nothing')).status, 69);
    writeFileSync(path.join(scratch, 'broken.toml'), 'version = 2\n');
    assert.equal(run('tvl', '--config', path.join(scratch, 'broken.toml')).status, 78);
});

// ---- hostile clients -----------------------------------------------------------------------------

/** Opens a connection and does `act(socket)`; answers nothing, survives everything. */
const attack = (act) => {
    const { port } = new URL(base);
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

// ---- a stopped daemon; last, for nothing runs behind it ------------------------------------------

test('a stopped daemon answers from what it left, and the same', async () => {
    json('snapshot', 'now');
    const questions = [
        ['tvl'], ['markets'], ['bands'], ['positions', '--limit', '1000'],
        ['positions', '--at-risk', '--limit', '1000'], ['liquidations', '--since', '0', '--limit', '1000'],
        ['liquidations', '--by', 'asset'], ['alerts', '--limit', '1000'],
    ];
    const live = questions.map((args) => json(...args));
    const heat = json('heatmap', 'ETH', '--step', '100', '--low', '500', '--high', '3500');
    const heatOfOne = json('heatmap', 'WETH', '--step', '100', '--low', '500', '--high', '3500');
    const shock = json('what-if', 'ETH', '--change=-15');
    const [{ account }] = live[3];
    const explained = json('explain', account);
    assert.ok(shock.length > 3, 'the shock endangers somebody');
    await market.daemon.kill();

    questions.forEach((args, i) => assert.deepEqual(json(...args), live[i], args.join(' ')));
    assert.deepEqual(json('explain', account), explained);
    const exact = ({ collateral_usd, debt_usd, ...rest }) => rest;
    const near = (rows, others) => rows.forEach((row, i) => {
        assert.deepEqual(exact(row), exact(others[i]));
        assert.ok(Math.abs(row.debt_usd - others[i].debt_usd) <= 0.01 * (row.positions ?? 1) + 0.001, JSON.stringify([row, others[i]]));
        assert.ok(Math.abs(row.collateral_usd - others[i].collateral_usd) <= 0.05 * (row.positions ?? 1) + 0.001);
    });
    near(json('heatmap', 'ETH', '--step', '100', '--low', '500', '--high', '3500'), heat);
    near(json('heatmap', 'WETH', '--step', '100', '--low', '500', '--high', '3500'), heatOfOne);
    near(json('what-if', 'ETH', '--change=-15'), shock);

    const [status] = json('status');
    assert.equal(status.running, false);
    assert.equal(status.chains[0].state, 'unknown');
    assert.equal(status.chains[0].processed, live[0][0].block);
    assert.equal(status.protocols[0].reason, 'the daemon is not running');
    assert.match(plimsoll('status'), /the daemon is not running/);
    const bare = run('positions', '--state-dir', path.join(market.folder, 'state'), '--json', '--limit', '1000');
    assert.deepEqual(jsonLines(bare.stdout), live[3]);
    assert.equal(run('snapshot', 'now', ...here()).status, 69);
    assert.equal(run('heatmap', 'DOGE', ...here()).status, 64);
});
