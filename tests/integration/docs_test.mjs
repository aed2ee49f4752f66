// Runs the commands of the documents as they stand there, on the test chain: every line of a ```sh block
// that begins with one of RUN. Names and addresses of the documents are replaced by those of the test
// chain; everything else must work as written, with exit code 0. Lines that are run elsewhere begin with
// one of ELSEWHERE; a line that begins otherwise fails the test, so that no command goes unrun unseen.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { PROTOCOL } from '../differential/daemon.mjs';
import { BINARY, startMarket } from './market.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const RUN = ['plimsoll ', 'build/plimsoll ', 'curl ', 'jq '];
const ELSEWHERE = [
    './scripts/', // run.sh by the demonstration's test, test.sh and build.sh by the continuous integration
    'scripts/',
    'cp config/examples/', // the example is read by a test of its own
    'node tests/differential/', // a test of its own
    'plimsoll run ', // every integration test
    'build/plimsoll run ',
    // What needs a machine with systemd, or is the operator's own.
    ...['sudo ', 'systemctl ', 'journalctl ', 'systemd-', 'install ', 'apt-get ', 'cd ', 'export ', 'git ', 'sqlite3 ', '(umask 077; '],
];

let market;
let scratch;
let replacements;

before(async () => {
    scratch = mkdtempSync(path.join(os.tmpdir(), 'plimsoll-docs-'));
    mkdirSync(path.join(scratch, 'build'));
    mkdirSync(path.join(scratch, 'bin'));
    symlinkSync(BINARY, path.join(scratch, 'build/plimsoll'));
    symlinkSync(BINARY, path.join(scratch, 'bin/plimsoll'));
    writeFileSync(path.join(scratch, '.curlrc'), 'fail\n');
    const key = path.join(scratch, 'signing.key');
    const signer = JSON.parse(spawnSync(BINARY, ['keygen', key, '--json'], { encoding: 'utf8' }).stdout).address;
    market = await startMarket({ accounts: 60, seed: 5, moreConfiguration: () => `[signing]\nkey = "\${file:${key}}"\n` });
    const state = path.join(market.folder, 'state');
    const [date] = await firstFiles(path.join(state, 'alerts'));
    symlinkSync(market.daemon.config, path.join(scratch, 'plimsoll.toml'));
    symlinkSync(path.join(state, 'snapshots'), path.join(scratch, 'snapshots'));
    symlinkSync(path.join(state, 'alerts', date, 'alerts.jsonl'), path.join(scratch, 'alerts.jsonl'));
    const [{ account }] = await market.daemon.positions();
    replacements = [
        ['/etc/plimsoll/plimsoll.toml', 'plimsoll.toml'],
        ['0xACCOUNT', account],
        ['0xSIGNER', signer],
        ['http://127.0.0.1:9464', market.daemon.base],
        ['.chains.ethereum', '.chains.devnet'],
        ['aave-v3-ethereum', PROTOCOL],
        ['/etc/plimsoll/plimsoll.toml', 'plimsoll.toml'],
    ];
});
after(async () => {
    await market?.stop();
    rmSync(scratch, { recursive: true, force: true });
});

/** What lies in a folder as soon as something does: the archive is written behind the round. */
async function firstFiles(folder) {
    for (const end = Date.now() + 20_000; Date.now() < end; await setTimeout(50)) {
        const names = existsSync(folder) ? readdirSync(folder) : [];
        if (names.length > 0 && existsSync(path.join(folder, names[0], 'alerts.jsonl'))) return names;
    }
    throw new Error(`nothing is written to ${folder}`);
}

const markdown = (folder) => readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const file = path.join(folder, entry.name);
    if (entry.isDirectory()) return markdown(file);
    return entry.name.endsWith('.md') ? [file] : [];
});
const documents = () => [
    ...readdirSync(ROOT).filter((name) => name.endsWith('.md')).map((name) => path.join(ROOT, name)),
    ...markdown(path.join(ROOT, 'docs')),
];

/** The command lines of all ```sh blocks, continued lines joined, comments left out. */
function commandsOf(file) {
    const out = [];
    for (const [, block] of readFileSync(file, 'utf8').matchAll(/^```sh\n(.*?)^```$/gms)) {
        for (const line of block.replaceAll(/\\\n\s*/g, '').split('\n')) {
            const command = line.replace(/(^|\s)# .*$/, '').trim();
            if (command) out.push(command);
        }
    }
    return out;
}

test('every command of the documents works', () => {
    let count = 0;
    for (const file of documents()) {
        for (const command of commandsOf(file)) {
            const where = `${path.relative(ROOT, file)}: ${command}`;
            if (ELSEWHERE.some((begin) => command.startsWith(begin))) continue;
            assert.ok(RUN.some((begin) => command.startsWith(begin)), `nothing runs this line, ${where}`);
            const asRun = replacements.reduce((text, [from, to]) => text.replaceAll(from, to), command);
            const run = spawnSync('bash', ['-o', 'pipefail', '-c', asRun], {
                cwd: scratch,
                encoding: 'utf8',
                timeout: 30_000,
                env: {
                    ...process.env,
                    PATH: `${path.join(scratch, 'bin')}:${process.env.PATH}`,
                    PLIMSOLL_CONFIG: market.daemon.config,
                    CURL_HOME: scratch,
                },
            });
            assert.equal(run.status, 0, `${where}\n${run.stderr}${run.stdout.slice(0, 500)}`);
            count++;
        }
    }
    assert.ok(count >= 40, `${count} commands`);
});
