// A signing key is replaced: the daemon tells once, signed by the old key, which one follows.
import assert from 'node:assert/strict';
import { mkdtempSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { spawnTied } from '../devnet/tied.mjs';
import { bareConfiguration } from './bare_config.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const BINARY = process.env.PLIMSOLL_BIN ?? path.join(ROOT, 'build/plimsoll');
const { ethers } = createRequire(path.join(ROOT, 'tests/devnet/package.json'))('ethers');

const OLD = '0x' + '11'.repeat(32);
const NEW = '0x' + '22'.repeat(32);

const configuration = (folder, signing) => bareConfiguration({
    folder,
    daemon: 'instance = "rotating"\nhttp_listen = ""',
    rest: `[sinks.archive]
kind = "jsonl"
[signing]
${signing}
`,
});

function alertsIn(folder) {
    const root = path.join(folder, 'state/alerts');
    const dates = (() => { try { return readdirSync(root); } catch { return []; } })();
    return dates.flatMap((date) => readFileSync(path.join(root, date, 'alerts.jsonl'), 'utf8').split('\n').filter(Boolean))
        .map((line) => JSON.parse(line)).filter(({ type }) => type === 'daemon.signer.updated');
}

/** Runs the daemon until `holds`, or for a second where nothing is awaited. */
async function runUntil(folder, holds) {
    const child = spawnTied(BINARY, ['run', '--config', path.join(folder, 'plimsoll.toml')], { stdio: 'ignore' });
    const deadline = Date.now() + 30_000;
    try {
        while (!holds()) {
            assert.ok(!child.hasEnded(), `the daemon ended with ${child.exitCode}`);
            assert.ok(Date.now() < deadline, 'nothing was archived');
            await new Promise((resolve) => setTimeout(resolve, 50));
        }
    } finally {
        await child.end('SIGTERM');
    }
    return child.exitCode;
}

test('the old key names the new one, once', { timeout: 120_000 }, async () => {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'plimsoll-rotation-'));
    try {
        mkdirSync(path.join(folder, 'state'));
        writeFileSync(path.join(folder, 'plimsoll.toml'), configuration(folder, `key = "${NEW}"\nprevious = "${OLD}"`));
        await runUntil(folder, () => alertsIn(folder).length > 0);
        const [alert, ...others] = alertsIn(folder);
        assert.deepEqual(others, []);
        const { signature, signer, ...body } = alert;
        assert.equal(signer, ethers.computeAddress(OLD));
        assert.equal(ethers.verifyMessage(JSON.stringify(body), signature), ethers.computeAddress(OLD));
        assert.equal(alert.data.new_signer, ethers.computeAddress(NEW));
        assert.equal(alert.data.previous_signer, ethers.computeAddress(OLD));

        const began = Date.now();
        await runUntil(folder, () => Date.now() - began > 1500);
        assert.equal(alertsIn(folder).length, 1, 'a restart tells it not again');
    } finally {
        rmSync(folder, { recursive: true, force: true });
    }
});

test('the same key twice is refused', { timeout: 60_000 }, async () => {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'plimsoll-rotation-'));
    try {
        mkdirSync(path.join(folder, 'state'));
        writeFileSync(path.join(folder, 'plimsoll.toml'), configuration(folder, `key = "${OLD}"\nprevious = "${OLD}"`));
        const child = spawnTied(BINARY, ['run', '--config', path.join(folder, 'plimsoll.toml')], { stdio: 'ignore' });
        assert.equal(await new Promise((resolve) => child.once('exit', resolve)), 78);
    } finally {
        rmSync(folder, { recursive: true, force: true });
    }
});
