// Runs the commands of the documents as they stand there, on the test chain: every line of a ```sh block
// that begins with one of RUN. Names and addresses of the documents are replaced by those of the test
// chain; everything else must work as written, with exit code 0. Lines that are not run here are listed in
// ELSEWHERE; any other one fails the test, so that no command goes unrun unseen. documents_test.mjs sees to
// it that commands stand in such blocks.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';

import { PROTOCOL } from '../differential/daemon.mjs';
import { ELSEWHERE, RUN, commandsIn, documents, nameOf, textOf } from './documents.mjs';
import { BINARY, startMarket } from './market.mjs';

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
    const told = (...command) => JSON.parse(spawnSync(BINARY, [...command, '--config', market.daemon.config, '--json'], { encoding: 'utf8' }).stdout.split('\n')[0]).id;
    const message = told('outbox', 'list');
    const silence = told('silence', 'add', '--for', '1h', '--by', 'docs', '--why', 'to be expired', 'rule=nothing');
    replacements = [
        ['/etc/plimsoll/plimsoll.toml', 'plimsoll.toml'],
        ['0xACCOUNT', account],
        ['0xSIGNER', signer],
        ['http://127.0.0.1:9464', market.daemon.base],
        ['.chains.ethereum', '.chains.devnet'],
        ['aave-v3-ethereum', PROTOCOL],
        ['expire ID', `expire ${silence}`],
        [' ID', ` ${message}`],
        [' NAME', ' archive'],
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

/** The environment of a document's commands: README says itself where the configuration is. */
function environmentOf(file) {
    const { PLIMSOLL_CONFIG: _, ...env } = process.env;
    const installed = nameOf(file) === 'README.md' ? {} : { PLIMSOLL_CONFIG: market.daemon.config };
    return { ...env, ...installed, PATH: `${path.join(scratch, 'bin')}:${env.PATH}`, CURL_HOME: scratch };
}

test('every command of the documents works', () => {
    let count = 0;
    for (const file of documents()) {
        let exported = '';  // what the document had the reader export, for its further commands
        for (const command of commandsIn(textOf(file))) {
            const where = `${nameOf(file)}: ${command}`;
            if (ELSEWHERE.has(command)) continue;
            assert.ok(RUN.some((begin) => command.startsWith(begin)), `nothing runs this line, ${where}`);
            const asRun = replacements.reduce((text, [from, to]) => text.replaceAll(from, to), command);
            const run = spawnSync('bash', ['-o', 'pipefail', '-c', exported + asRun], {
                cwd: scratch,
                encoding: 'utf8',
                timeout: 30_000,
                env: environmentOf(file),
            });
            assert.equal(run.status, 0, `${where}\n${run.stderr}${run.stdout.slice(0, 500)}`);
            if (command.startsWith('export ')) exported += `${asRun}\n`;
            count++;
        }
    }
    assert.ok(count >= 55, `${count} commands`);
});
