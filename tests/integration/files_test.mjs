// What the daemon leaves on disk is read with jq and DuckDB, and by the daemon's own commands while it
// runs and after it was stopped.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { after, before, test } from 'node:test';

import { BINARY, startMarket } from './market.mjs';

const require = createRequire(new URL('../devnet/package.json', import.meta.url));
const TABLES = ['tvl', 'markets', 'positions', 'bands', 'liquidations'];

let market;
let snapshots;
let live;

const plimsoll = (...args) => {
    const run = spawnSync(BINARY, [...args, '--config', market.daemon.config], { encoding: 'utf8' });
    assert.equal(run.status, 0, `plimsoll ${args.join(' ')}: ${run.stderr}`);
    return run.stdout;
};
const jsonLines = (text) => text.split('\n').filter(Boolean).map((line) => JSON.parse(line));

before(async () => {
    market = await startMarket({ accounts: 60, seed: 3 });
    snapshots = path.join(market.folder, 'state/snapshots');
    const [written, ...others] = jsonLines(plimsoll('snapshot', 'now', '--json'));
    assert.equal(others.length, 0);
    const { chains } = JSON.parse(readFileSync(path.join(snapshots, 'latest.json'), 'utf8'));
    assert.deepEqual(written, { chain: 'devnet', ...chains.devnet });
    live = await market.daemon.positions();
});
after(() => market?.stop());

test('latest.json names a complete run at one block', () => {
    const { chains } = JSON.parse(readFileSync(path.join(snapshots, 'latest.json'), 'utf8'));
    const run = chains.devnet;
    assert.deepEqual(Object.keys(run.files).sort(), [...TABLES].sort());
    for (const table of TABLES) {
        const [file] = run.files[table];
        assert.match(file, new RegExp(`^table=${table}/chain=devnet/date=\\d{4}-\\d\\d-\\d\\d/\\d{12}\\.jsonl$`));
        const rows = jsonLines(readFileSync(path.join(snapshots, file), 'utf8'));
        assert.ok(rows.every((row) => row.block === run.block && row.block_hash === run.block_hash) || table === 'liquidations');
    }
});

test('jq reads the positions', () => {
    const file = execFileSync('jq', ['-r', '.chains.devnet.files.positions[0]', path.join(snapshots, 'latest.json')], { encoding: 'utf8' }).trim();
    const count = execFileSync('jq', ['-s', 'map(select(.contract_view != null)) | length', path.join(snapshots, file)], { encoding: 'utf8' });
    assert.equal(Number(count), live.filter((row) => row.contract_view).length);
});

test('CSV holds the same as JSON for who reads it as text, and less for who guesses', async () => {
    const { DuckDBInstance } = require('@duckdb/node-api');
    const connection = await (await DuckDBInstance.create(':memory:')).connect();
    const rows = async (file, options) =>
        (await connection.runAndReadAll(`SELECT * FROM read_csv('${file}'${options})`)).getRowObjectsJson();
    const commands = [['tvl'], ['markets'], ['positions'], ['bands'], ['heatmap', 'ETH'], ['alerts']];
    for (const command of commands) {
        const file = path.join(market.folder, `${command[0]}.csv`);
        writeFileSync(file, plimsoll(...command, '--format', 'csv'));
        const wanted = jsonLines(plimsoll(...command, '--format', 'json'));
        assert.ok(wanted.length > 0);
        const members = [...new Set(wanted.flatMap(Object.keys))];
        const read = await rows(file, ', all_varchar = true');
        assert.deepEqual(Object.keys(read[0]), members);
        const value = (text, like) => (text === null || typeof like === 'string' ? text : JSON.parse(text));
        assert.deepEqual(
            read.map((row, i) => members.map((name) => value(row[name], wanted[i]?.[name]))),
            wanted.map((row) => members.map((name) => row[name] ?? null)),
            command[0],
        );
    }
    const guessed = await rows(path.join(market.folder, 'markets.csv'), '');
    const exact = jsonLines(plimsoll('markets', '--json'));
    assert.ok(guessed.some((row, i) => String(row.supplied_raw) !== exact[i].supplied_raw), 'the warning in docs/commands.md');
    for (const [args, message] of [
        [['tvl', '--json', '--format', 'csv'], /--format excludes --json|--json excludes --format/],
        [['tvl', '--format', 'xml'], /--format.*table.*json.*csv/],
        [['status', '--format', 'csv'], /--format/],
    ]) {
        const done = spawnSync(BINARY, [...args, '--config', market.daemon.config], { encoding: 'utf8' });
        assert.equal(done.status, 64, args.join(' '));
        assert.match(done.stderr, message);
    }
});

test('DuckDB reads chain and date from the path, and exact numbers as text', async () => {
    const { DuckDBInstance } = require('@duckdb/node-api');
    const connection = await (await DuckDBInstance.create(':memory:')).connect();
    const query = async (sql) => (await connection.runAndReadAll(sql)).getRowObjectsJson();
    const from = (table) => `read_json_auto('${snapshots}/table=${table}/*/*/*.jsonl', hive_partitioning = true)`;
    const [tvl] = await query(`SELECT protocol, tvl_usd, coverage FROM ${from('tvl')} LIMIT 1`);
    assert.equal(tvl.protocol, 'aave-v3-devnet');
    assert.equal(tvl.coverage, '1.000000');
    const rows = await query(`SELECT account, health_factor, typeof(health_factor) AS type FROM ${from('positions')}`);
    assert.ok(rows.length >= live.length);
    const known = new Map(live.map((row) => [row.account, row.health_factor]));
    for (const { account, health_factor, type } of rows) {
        assert.equal(type, 'VARCHAR');
        assert.ok(known.has(account) && (health_factor === null || /^\d+$/.test(health_factor)));
    }
});

test('the commands answer live and, after a stop, from the files', async () => {
    const account = live[0].account;
    const [explained] = jsonLines(plimsoll('explain', account, '--json'));
    assert.deepEqual(explained.contract_view, live[0].contract_view);
    assert.match(plimsoll('explain', account), /health factor/);
    assert.match(plimsoll('status'), /aave-v3-devnet/);
    for (const command of ['tvl', 'markets', 'bands', 'positions']) assert.match(plimsoll(command), /aave-v3-devnet/);
    await market.daemon.kill();
    for (const command of ['tvl', 'markets', 'bands', 'positions']) assert.match(plimsoll(command), /aave-v3-devnet/);
    assert.equal(jsonLines(plimsoll('positions', '--limit', '1000', '--json')).length, live.length);
    const stopped = spawnSync(BINARY, ['status', '--config', market.daemon.config], { encoding: 'utf8' });
    assert.equal(stopped.status, 0);
    assert.match(stopped.stdout, /the daemon is not running/);
    assert.ok(existsSync(path.join(market.folder, 'state/alerts')) || plimsoll('alerts'));
});
