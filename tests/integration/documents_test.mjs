// What can be seen of documents and scripts without running anything: no command goes unseen by
// docs_test.mjs, every alert about the daemon is explained, every script is one.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';

import { ELSEWHERE, ROOT, RUN, commandsIn, documents, nameOf, strayIn, textOf } from './documents.mjs';

const isRun = (command) => RUN.some((begin) => command.startsWith(begin));

test('commands stand in blocks that are marked `sh`', () => {
    assert.deepEqual(documents().flatMap((file) => strayIn(textOf(file)).map((line) => `${nameOf(file)}: ${line}`)), []);
});

test('a command in any other block is found', () => {
    assert.deepEqual(strayIn('a\n```\nplimsoll status\n```\n    ./scripts/test.sh\n  ```text\n  curl x\n  ```\n'), ['plimsoll status', './scripts/test.sh', 'curl x']);
    assert.deepEqual(commandsIn('```sh\njq . \\\n   x   # why\n```\n  ```sh\n  sudo y\n  ```\n'), ['jq . x', 'sudo y']);
});

test('every command is run, or said where it is and why not here', () => {
    const all = documents().flatMap((file) => commandsIn(textOf(file)).map((command) => ({ file, command })));
    const unknown = all.filter(({ command }) => !isRun(command) && !ELSEWHERE.has(command));
    assert.deepEqual(unknown.map(({ file, command }) => `${nameOf(file)}: ${command}`), []);
    const present = new Set(all.map(({ command }) => command));
    assert.deepEqual([...ELSEWHERE.keys()].filter((command) => !present.has(command)), []);
});

test('operations.md explains every alert about the daemon and its sources', () => {
    const schema = JSON.parse(readFileSync(path.join(ROOT, 'docs/formats/alert.schema.json'), 'utf8'));
    const types = schema.properties.type.enum.filter((type) => /^(source|daemon)\./.test(type));
    const conditions = new Set(types.map((type) => type.replace(/\.(firing|repeated|updated|resolved|retracted|fired)$/, '')));
    assert.ok(conditions.size > 8, [...conditions].join());
    const told = readFileSync(path.join(ROOT, 'docs/operations.md'), 'utf8');
    assert.deepEqual([...conditions].filter((name) => !told.includes(`| \`${name}\``) && !told.includes(`| \`${name}.updated\``)), []);
});

test('every script can be read by bash', () => {
    const scripts = [...readdirSync(path.join(ROOT, 'scripts')).map((name) => path.join('scripts', name)), '.ci/run'];
    for (const script of scripts) {
        const read = spawnSync('bash', ['-n', path.join(ROOT, script)], { encoding: 'utf8' });
        assert.equal(read.status, 0, `${script}: ${read.stderr}`);
    }
});

test('run.sh tells how it is used', () => {
    const help = spawnSync(path.join(ROOT, 'scripts/run.sh'), ['--help'], { encoding: 'utf8' });
    assert.equal(help.status, 0, help.stderr);
    for (const option of ['--config FILE', '--pace', '--accounts', '--release', '--once']) assert.ok(help.stdout.includes(option), option);
});
