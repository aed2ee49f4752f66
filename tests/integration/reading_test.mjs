// What the reading commands answer, while the daemon runs and after it was stopped.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, test } from 'node:test';

import { freePort } from '../devnet/anvil.mjs';
import { Daemon, PROTOCOL } from '../differential/daemon.mjs';
import { BINARY } from './market.mjs';
import { jsonLines, run, startSurface } from './surface.mjs';

const { market, scratch, here, plimsoll, json, get, getJson, stop } = await startSurface();
after(stop);

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

test('of two limits of the health factor the stricter one holds', () => {
    const both = json('positions', '--at-risk', '--max-health-factor', '1.01');
    assert.deepEqual(both, json('positions', '--max-health-factor', '1.01'));
    assert.ok(both.length < json('positions', '--at-risk').length);
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

test('a time after the newest block holds nothing, and is told why', () => {
    const why = /the time asked for begins 2099-01-01 00:00 UTC, after the newest block, of \d{4}-\d\d-\d\d \d\d:\d\d UTC/;
    const ahead = ['--since', '2099-01-01'];
    for (const args of [['liquidations'], ['alerts'], ['liquidations', '--by', 'side'], ['liquidations', '--by', 'side', '--window', 'day']]) {
        for (const form of [[], ['--json']]) {
            const done = run(...args, ...ahead, ...form, ...here());
            assert.equal(done.status, 0, done.stderr);
            assert.match(done.stderr, why, args.join(' '));
            if (form.length !== 0) assert.equal(done.stdout, '');
        }
    }
    const sums = (...args) => plimsoll('liquidations', '--by', 'side', ...args);
    // A time that is recorded and holds nothing says so, with what that rests on.
    const [none, ...more] = json('liquidations', '--by', 'side', '--since', '1', '--until', '2');
    assert.deepEqual([none.side, none.events, none.window_recorded_whole, more.length], [null, 0, false, 0]);
    assert.deepEqual(none.coverage, { [PROTOCOL]: '1.000000' });
    assert.match(sums(...ahead), /from 2099-01-01 00:00 UTC on\n/);
    assert.match(sums(...ahead, '--until', '2099-02-01'), /from 2099-01-01 00:00 UTC to 2099-02-01 00:00 UTC\n/);
    assert.match(sums('--window', '24h', '--until', '2099-01-02'), /from 2099-01-01 00:00 UTC to 2099-01-02 00:00 UTC\n/);
    // A window that only ends there ends with the newest block.
    const head = new Date(market.anvil.chain.head().timestamp * 1000).toISOString().slice(0, 16).replace('T', ' ');
    assert.ok(sums('--since', '1', '--until', '2099-01-02').includes(`from 1970-01-01 00:00 UTC to ${head} UTC`));
    assert.doesNotMatch(run('liquidations', '--since', '1', ...here()).stderr, /after/);
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

// ---- a stopped daemon; last, for nothing runs behind it ------------------------------------------

test('a stopped daemon answers from what it left, and the same', async () => {
    // What a round finds to be final is stored with the rounds behind it.
    for (let i = 0; i < 4; i++) await market.mineQuietBlock();
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
    // Without the configuration nothing says that blocks of months ago are fresh here.
    assert.deepEqual(jsonLines(bare.stdout), live[3].map((row) => ({ ...row, state: 'stale' })));
    const usual = path.join(scratch, 'usual.toml');
    writeFileSync(usual, readFileSync(market.daemon.config, 'utf8').replace(/stale_after = .*/, 'stale_after = "60s"'));
    for (const args of [['tvl'], ['tvl', '--by', 'chain'], ['markets'], ['bands'], ['positions'], ['explain', account], ['heatmap', 'ETH'], ['what-if', 'ETH', '--change=-15']]) {
        const rows = jsonLines(run(...args, '--json', '--config', usual).stdout);
        assert.ok(rows.length > 0 && rows.every(({ state }) => state === 'stale'), args.join(' '));
    }
    assert.equal(run('snapshot', 'now', ...here()).status, 69);
    assert.equal(run('heatmap', 'DOGE', ...here()).status, 64);

    // What was configured since, and never followed, is unknown and not empty.
    const grown = path.join(scratch, 'grown.toml');
    const one = readFileSync(market.daemon.config, 'utf8');
    const other = one.slice(one.indexOf(`[protocols.${PROTOCOL}]`)).split(/\n\[/)[0].replace(PROTOCOL, 'later').replace(/0x[0-9a-fA-F]{40}/, `0x${'11'.repeat(20)}`);
    writeFileSync(grown, `${one}\n${other}\n`);
    for (const args of [['tvl'], ['positions'], ['markets'], ['bands'], ['explain', account], ['liquidations'], ['heatmap', 'ETH'], ['what-if', 'ETH', '--change=-15']]) {
        const blind = run(...args, '--protocol', 'later', '--json', '--config', grown);
        assert.equal(blind.status, 69, `${args.join(' ')}: ${blind.stderr}`);
        assert.match(blind.stderr, /nothing is known just now of later: the newest snapshot tells nothing of it/);
        const all = run(...args, '--json', '--config', grown);
        assert.equal(all.status, 0, all.stderr);
        assert.match(all.stderr, /nothing is known just now of later/, args.join(' '));
    }
    const [both] = jsonLines(run('status', '--json', '--config', grown).stdout);
    assert.deepEqual(both.protocols.map(({ name, chain, state }) => [name, chain, state]), [[PROTOCOL, 'devnet', 'unknown'], ['later', null, 'unknown']]);
});
