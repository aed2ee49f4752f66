// `check-config` as a program: every broken file is refused with all its errors, each with its place;
// warnings become errors on request; endpoints are really asked.
import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { freePort, startAnvil } from '../devnet/anvil.mjs';
import { BINARY } from './market.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const BROKEN = path.join(ROOT, 'tests/config/broken');
const KEY = 'ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80';
const KEY_ADDRESS = '0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266';

let folder;
const check = (...args) => spawnSync(BINARY, ['check-config', ...args], { encoding: 'utf8', cwd: folder });
const write = (name, text) => {
    const file = path.join(folder, name);
    writeFileSync(file, text, { mode: 0o600 });
    return file;
};
const lines = (text) => text.split('\n').filter(Boolean);
const jsonLines = (text) => lines(text).map((line) => JSON.parse(line));

before(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'plimsoll-config-'));
});
after(() => rmSync(folder, { recursive: true, force: true }));

test('every broken file is refused with all its errors, in one run', () => {
    const names = readdirSync(BROKEN);
    assert.ok(names.length >= 60, `${names.length} files`);
    for (const name of names) {
        const text = readFileSync(path.join(BROKEN, name), 'utf8');
        const expected = [];
        for (const line of text.split('\n')) {
            if (!line.startsWith('# ')) break;
            expected.push(`${name}:${line.slice(2)}`);
        }
        const run = spawnSync(BINARY, ['check-config', name], { encoding: 'utf8', cwd: BROKEN });
        assert.deepEqual(lines(run.stderr), expected, name);
        assert.equal(run.status, 78, name);
        assert.equal(run.stdout, '', name);
    }
});

test('a missing and an unreadable file have codes of their own', () => {
    assert.equal(check('--config', 'none.toml').status, 66);
    assert.equal(check('--config', folder).status, 77);
});

const good = ({ url = 'https://node.example', chainId = 1, rest = '' } = {}) => `version = 1
[daemon]
state_dir = "state"
[chains.devnet]
kind = "evm"
chain_id = ${chainId}
endpoints = ["${url}"]
[protocols.lend]
kind = "aave-v3"
chain = "devnet"
address = "0x2f39d218133AFaB8F2B819B1066c7E434Ad94E9e"
${rest}`;

test('the effective configuration is printed without secrets, and reads as itself', () => {
    write('signing.key', KEY);
    const file = write(
        'good.toml',
        good({
            url: 'https://user:hunter2@node.example/v2/MARKER-1',
            rest: `[signing]
key = "\${file:signing.key}"
[sinks.hook]
kind = "webhook"
url = "https://hooks.example/MARKER-2"
[sinks.archive]
kind = "jsonl"
`,
        }),
    );
    for (const args of [[], ['--json'], ['--show']]) {
        const run = check(file, ...args);
        assert.equal(run.status, 0, run.stderr);
        assert.match(run.stdout, /aave-v3/);
        assert.match(run.stdout, /source_stale/); // default rules are shown as well
        assert.doesNotMatch(run.stdout + run.stderr, /MARKER|hunter2/);
        assert.ok(!(run.stdout + run.stderr).includes(KEY));
    }
    const [shown] = jsonLines(check(file, '--json').stdout);
    assert.equal(shown.daemon.http_listen, '127.0.0.1:9464');
});

test('--strict turns every warning into an error', () => {
    const file = write('warned.toml', good().replace('version = 1\n', ''));
    const relaxed = check(file);
    assert.equal(relaxed.status, 0);
    assert.match(relaxed.stderr, /^warning: .*warned\.toml:1:1: no 'version'/m);
    const strict = check(file, '--strict');
    assert.equal(strict.status, 78);
    assert.match(strict.stderr, /^.*warned\.toml:1:1: no 'version'/m);
    assert.equal(strict.stdout, '');
});

test('the configuration comes from the flag, the argument or the environment', () => {
    const file = write('here.toml', good());
    assert.equal(check(file).status, 0);
    assert.equal(check('--config', file).status, 0);
    const run = spawnSync(BINARY, ['check-config'], { encoding: 'utf8', env: { ...process.env, PLIMSOLL_CONFIG: file } });
    assert.equal(run.status, 0, run.stderr);
});

test('--online asks the endpoints and looks for code', { timeout: 120_000 }, async () => {
    const anvil = await startAnvil({ chainId: 31337 });
    for (let i = 0; i < 3; i++) await anvil.chain.mine();
    const silent = createServer((request, response) => response.writeHead(401).end('no'));
    await new Promise((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const refused = `http://127.0.0.1:${silent.address().port}`;
    try {
        // Not spawnSync: one of the endpoints lives in this process.
        const online = (text) => new Promise((resolve) => {
            const args = ['check-config', write('online.toml', text), '--online', '--json'];
            const child = execFile(BINARY, args, { cwd: folder }, (error, stdout) =>
                resolve({ status: child.exitCode, stdout, rows: jsonLines(stdout) }));
        });
        const row = ({ rows }, what, name) => rows.find((one) => one.check === what && one.name === name);

        const everythingHasARow = ({ rows }, wanted) => {
            assert.deepEqual(rows.map(({ check, name }) => `${check} ${name}`), wanted);
            for (const one of rows) assert.ok(['ok', 'unreachable', 'wrong'].includes(one.state) && one.detail, JSON.stringify(one));
        };

        const noCode = await online(good({ url: anvil.url, chainId: 31337 }));
        assert.equal(row(noCode, 'endpoint', 'devnet-1').state, 'ok');
        assert.match(row(noCode, 'endpoint', 'devnet-1').detail, /chain id 31337, block/);
        assert.equal(row(noCode, 'code', 'lend').state, 'wrong');
        assert.equal(noCode.status, 78);

        await anvil.chain.rpc.call('anvil_setCode', ['0x2f39d218133AFaB8F2B819B1066c7E434Ad94E9e', '0x6001']);
        const another = await online(good({ url: anvil.url, chainId: 31337 }));
        assert.equal(row(another, 'code', 'lend').state, 'ok');
        assert.equal(row(another, 'kind', 'lend').state, 'wrong');
        assert.match(row(another, 'kind', 'lend').detail, /PoolAddressesProvider/);
        assert.equal(another.status, 78, another.stdout);
        // Answers every call with its own address, as a provider answers getPool().
        await anvil.chain.rpc.call('anvil_setCode', ['0x2f39d218133AFaB8F2B819B1066c7E434Ad94E9e', '0x3060005260206000f3']);
        const fine = await online(good({ url: anvil.url, chainId: 31337 }));
        assert.equal(row(fine, 'kind', 'lend').state, 'ok');
        assert.equal(fine.status, 0, fine.stdout);
        const table = check(path.join(folder, 'online.toml'), '--online');
        assert.match(table.stdout, /^check +chain +name +state +detail$/m);

        const otherChain = await online(good({ url: anvil.url, chainId: 1 }));
        assert.equal(row(otherChain, 'endpoint', 'devnet-1').state, 'wrong');
        assert.match(row(otherChain, 'endpoint', 'devnet-1').detail, /31337/);
        assert.equal(otherChain.status, 78);

        // A node that fails every call once it was asked for the code.
        let wasAsked = false;
        const deaf = createServer((request, response) => {
            const parts = [];
            request.on('data', (part) => parts.push(part));
            request.on('end', async () => {
                const asked = Buffer.concat(parts).toString();
                if (wasAsked && asked.includes('eth_call')) return response.writeHead(503).end('later');
                wasAsked ||= asked.includes('eth_getCode') && asked.toLowerCase().includes('2f39d218133afab8f2b819b1066c7e434ad94e9e');
                const answer = await fetch(anvil.url, { method: 'POST', body: asked, headers: { 'content-type': 'application/json' } });
                response.writeHead(200, { 'content-type': 'application/json' }).end(await answer.text());
            });
        });
        await new Promise((resolve) => deaf.listen(0, '127.0.0.1', resolve));
        try {
            const mute = await online(good({ url: `http://127.0.0.1:${deaf.address().port}`, chainId: 31337 }));
            everythingHasARow(mute, ['chain devnet', 'endpoint devnet-1', 'code lend', 'kind lend', 'sink archive']);
            assert.equal(row(mute, 'code', 'lend').state, 'ok', mute.stdout);
            assert.equal(row(mute, 'kind', 'lend').state, 'unreachable', mute.stdout);
            assert.match(row(mute, 'kind', 'lend').detail, /could not be asked: /);
            assert.equal(mute.status, 69, mute.stdout);
        } finally {
            deaf.close();
        }

        // A node that tells no logs cannot be followed.
        const logless = createServer((request, response) => {
            const parts = [];
            request.on('data', (part) => parts.push(part));
            request.on('end', async () => {
                const asked = Buffer.concat(parts).toString();
                const answer = await fetch(anvil.url, { method: 'POST', body: asked, headers: { 'content-type': 'application/json' } });
                const body = await answer.json();
                const without = ([call, reply]) => (call.method === 'eth_getLogs' ? { jsonrpc: '2.0', id: call.id, error: { code: -32601, message: 'the method eth_getLogs does not exist' } } : reply);
                const calls = JSON.parse(asked);
                const told = Array.isArray(calls) ? calls.map((call) => without([call, body.find(({ id }) => id === call.id)])) : without([calls, body]);
                response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(told));
            });
        });
        await new Promise((resolve) => logless.listen(0, '127.0.0.1', resolve));
        try {
            const blind = await online(good({ url: `http://127.0.0.1:${logless.address().port}`, chainId: 31337 }));
            assert.equal(row(blind, 'endpoint', 'devnet-1').state, 'wrong', blind.stdout);
            assert.match(row(blind, 'endpoint', 'devnet-1').detail, /eth_getLogs/);
            assert.equal(blind.status, 78);
        } finally {
            logless.close();
        }

        const credentials = await online(good({ url: refused }));
        assert.equal(row(credentials, 'endpoint', 'devnet-1').state, 'wrong');
        assert.equal(credentials.status, 78);

        const nobody = await online(good({ url: `http://127.0.0.1:${await freePort()}` }));
        assert.equal(row(nobody, 'endpoint', 'devnet-1').state, 'unreachable');
        everythingHasARow(nobody, ['chain devnet', 'endpoint devnet-1', 'code lend', 'sink archive']);
        assert.equal(row(nobody, 'chain', 'devnet').state, 'unreachable');
        assert.equal(row(nobody, 'code', 'lend').state, 'unreachable');
        assert.match(row(nobody, 'code', 'lend').detail, /devnet-1 failed/);
        assert.equal(nobody.status, 69);

        // One endpoint is enough for the chain; the other has its rows all the same.
        const half = await online(good({ url: anvil.url, chainId: 31337, rest: '[sinks.archive]\nkind = "jsonl"\n[sinks.team]\nkind = "slack"\nurl = "https://hooks.slack.example/services/T0/B0/x"\n' })
            .replace('endpoints = [', `endpoints = ["http://127.0.0.1:${await freePort()}", `));
        everythingHasARow(half, ['chain devnet', 'endpoint devnet-1', 'code lend', 'endpoint devnet-2', 'code lend', 'kind lend', 'sink archive', 'sink team']);
        assert.equal(row(half, 'chain', 'devnet').state, 'ok');
        assert.match(row(half, 'chain', 'devnet').detail, /eip155:31337, 1 of 2 endpoints/);
        assert.equal(row(half, 'endpoint', 'devnet-2').state, 'ok');
        assert.equal(half.status, 69, half.stdout);

        write('signing.key', KEY);
        const wrongKey = await online(
            good({ url: anvil.url, chainId: 31337, rest: `[signing]\nkey = "\${file:signing.key}"\n` }),
        );
        assert.equal(row(wrongKey, 'signing', 'key').detail, KEY_ADDRESS);
        const other = await online(
            good({
                url: anvil.url,
                chainId: 31337,
                rest: `[signing]\nkey = "\${file:signing.key}"\nexpect_address = "0x2f39d218133AFaB8F2B819B1066c7E434Ad94E9e"\n`,
            }),
        );
        assert.equal(row(other, 'signing', 'key').state, 'wrong');
        assert.equal(other.status, 78);
    } finally {
        silent.close();
        await anvil.stop();
    }
});
