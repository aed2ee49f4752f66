// The manners of the command line: help, arguments, exit codes, and the commands that need no daemon.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, closeSync, copyFileSync, mkdirSync, openSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, test } from 'node:test';

import { BINARY } from './market.mjs';
import { jsonLines, run, startSurface } from './surface.mjs';

const { market, scratch, signer, here, json, alertFiles, stop } = await startSurface({ falls: 2 });
after(stop);

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
    // What is missing is told before the configuration is.
    const nothing = run('what-if', '--config', '/nowhere.toml');
    assert.equal(nothing.status, 64);
    assert.match(nothing.stderr, /an asset or group, such as ETH, or an e-mode category.* is required/);
    assert.equal(run('what-if', 'ETH', ...here()).status, 64);
    assert.equal(run('what-if', 'ETH', '--price', '5', '--change', '5', ...here()).status, 64);
    assert.equal(run('alerts', '--since', 'yesterday', ...here()).status, 64);
    assert.equal(run('explain', '0x12', ...here()).status, 64);
    assert.equal(run('liquidations', '--since', '2026-02-05', '--until', '2026-02-04', ...here()).status, 64);
    assert.equal(run('alerts', '--since', '5', '--until', '5', ...here()).status, 64);
    assert.match(run('alerts', '--type', 'position.liquidatd', ...here()).stderr, /no type 'position.liquidatd'; did you mean 'position.liquidated'\?/);
    assert.equal(run('alerts', '--type', 'position.liquidatd', ...here()).status, 64);
    assert.equal(run('outbox', 'list', 'msg_0', ...here()).status, 64);
    assert.equal(run('tvl', '--config', path.join(scratch, 'none.toml')).status, 66);
    assert.equal(run('tvl', '--state-dir', path.join(scratch, 'nothing')).status, 69);
    writeFileSync(path.join(scratch, 'broken.toml'), 'version = 2\n');
    assert.equal(run('tvl', '--config', path.join(scratch, 'broken.toml')).status, 78);
});

test('what is named on the command line comes before what the environment names', () => {
    const none = path.join(scratch, 'none.toml');
    const named = (...args) => spawnSync(BINARY, args, { encoding: 'utf8', env: { ...process.env, PLIMSOLL_CONFIG: market.daemon.config } });
    assert.equal(named('tvl').status, 0);
    for (const args of [['tvl', '--config', none], ['--config', none, 'tvl'], [`--config=${none}`, 'status'], ['run', '--config', none], ['check-config', none], ['check-config', '--config', none]]) {
        const done = named(...args);
        assert.equal(done.status, 66, `${args.join(' ')}: ${done.stderr}`);
        assert.ok(done.stderr.includes(`${none}: cannot be read`), done.stderr);
    }
    assert.equal(run('check-config', none, '--config', market.daemon.config).status, 64);
});

test('an argument that is empty asks for nothing, least of all for everything', () => {
    for (const args of [
        ['explain', ''], ['positions', '--account', ''], ['positions', '--protocol', ''], ['positions', '--max-health-factor='],
        ['tvl', '--protocol', ''], ['heatmap', ''], ['liquidations', '--since', ''], ['liquidations', '--by', 'side', '--window', ''],
        ['alerts', '--type', ''], ['alerts', '--subject', ''], ['outbox', 'list', '--sink', ''], ['outbox', 'drop', ''],
    ]) {
        const done = run(...args, ...here());
        assert.equal(done.status, 64, args.join(' '));
        assert.equal(done.stdout, '');
    }
    assert.match(run('explain', '', ...here()).stderr, /^plimsoll: account: what was given is empty$/m);
    assert.equal(run('tvl', '--config', '').status, 64);
    assert.equal(run('tvl', '--state-dir', '').status, 64);
});

test('who may not read the state is told so', { skip: process.getuid() !== 0 && 'only root runs programs as somebody else' }, () => {
    // Somebody else must reach the program and the configuration, and not the state.
    const open = path.join(scratch, 'open');
    mkdirSync(path.join(open, 'state'), { recursive: true });
    const config = path.join(open, 'plimsoll.toml');
    const text = readFileSync(market.daemon.config, 'utf8')
        .replace(/state_dir = .*/, `state_dir = "${open}/state"`).replace(/\[signing\][^[]*/, '');
    writeFileSync(config, text);
    copyFileSync(BINARY, path.join(open, 'plimsoll'));
    for (const folder of [scratch, open]) chmodSync(folder, 0o755);
    chmodSync(path.join(open, 'state'), 0o750);
    for (const args of [['status'], ['tvl'], ['alerts'], ['liquidations'], ['liquidations', '--by', 'side'], ['outbox', 'list'], ['silence', 'list'], ['snapshot', 'now']]) {
        const done = spawnSync(path.join(open, 'plimsoll'), [...args, '--config', config], { encoding: 'utf8', uid: 65_534, gid: 65_534 });
        assert.equal(done.status, 77, `${args.join(' ')}: ${done.error ?? done.stderr}`);
        assert.match(done.stderr, /state: not readable for you/);
    }
});
