// What `cmake --install` leaves, and the unit as systemd's own tools see it.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { accessSync, appendFileSync, constants, existsSync, lstatSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { commandsIn } from '../integration/documents.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const BUILD = path.dirname(process.env.PLIMSOLL_BIN ?? path.join(ROOT, 'build/plimsoll'));
const SHIPPED = path.join(ROOT, 'systemd/plimsoll.service');

let folder;
let unit;

const run = (program, args, options = {}) => spawnSync(program, args, { encoding: 'utf8', ...options });
const isInstalled = (program) => run(program, ['--version']).error?.code !== 'ENOENT';
const needs = (t, program) => {
    if (isInstalled(program)) return true;
    t.skip(`${program} is not installed (Debian package systemd)`);
    return false;
};

function install(args, env = {}) {
    const done = run('cmake', ['--install', BUILD, ...args], { env: { ...process.env, ...env } });
    assert.equal(done.status, 0, done.stdout + done.stderr);
    return done.stdout;
}

before(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'plimsoll-unit-'));
    install(['--prefix', folder]);
    unit = path.join(folder, 'lib/systemd/system/plimsoll.service');
});
after(() => rmSync(folder, { recursive: true, force: true }));

/** "[Section]Name" -> values, in order. */
function settingsOf(file) {
    const out = {};
    let section = '';
    for (const line of readFileSync(file, 'utf8').split('\n')) {
        if (/^\[.*\]$/.test(line)) section = line;
        const at = line.indexOf('=');
        if (at > 0) (out[section + line.slice(0, at)] ??= []).push(line.slice(at + 1));
    }
    return out;
}

test('everything is where it belongs', () => {
    accessSync(path.join(folder, 'bin/plimsoll'), constants.X_OK);
    for (const file of ['lib/sysusers.d/plimsoll.conf', 'etc/plimsoll/plimsoll.toml', 'share/doc/plimsoll/examples/ethereum.toml', 'share/doc/plimsoll/examples/tron-justlend.toml']) {
        assert.ok(existsSync(path.join(folder, file)), file);
    }
});

test('below /usr the unit is the shipped text, and the configuration lies in /etc', () => {
    const stage = path.join(folder, 'stage');
    install(['--prefix', '/usr'], { DESTDIR: stage });
    assert.equal(readFileSync(path.join(stage, 'usr/lib/systemd/system/plimsoll.service'), 'utf8'), readFileSync(SHIPPED, 'utf8'));
    assert.ok(existsSync(path.join(stage, 'etc/plimsoll/plimsoll.toml')));
    accessSync(path.join(stage, 'usr/bin/plimsoll'), constants.X_OK);
});

test('an installed configuration stays as it is', () => {
    const config = path.join(folder, 'etc/plimsoll/plimsoll.toml');
    appendFileSync(config, '# mine\n');
    assert.match(install(['--prefix', folder]), /Kept: /);
    assert.match(readFileSync(config, 'utf8'), /# mine\n$/);
});

test('the installed program reads the installed configuration', () => {
    const env = { ...process.env, ETH_RPC_URL_1: 'https://a.example', ETH_RPC_URL_2: 'https://b.example' };
    const check = run(path.join(folder, 'bin/plimsoll'), ['check-config', path.join(folder, 'etc/plimsoll/plimsoll.toml')], { env });
    assert.equal(check.status, 0, check.stderr);
});

test('the unit says what the program relies on', () => {
    const settings = settingsOf(SHIPPED);
    const says = (name, ...values) => assert.deepEqual(settings[name], values, name);
    says('[Service]Type', 'notify');
    says('[Service]NotifyAccess', 'main');
    says('[Service]User', 'plimsoll');
    says('[Service]ExecReload', '/usr/bin/plimsoll check-config /etc/plimsoll/plimsoll.toml', '/bin/kill -HUP $MAINPID');
    says('[Service]RestartPreventExitStatus', '64 65 66 77 78');
    says('[Service]WatchdogSec', '60s');
    says('[Service]TimeoutStopSec', '30s');
    says('[Service]StateDirectory', 'plimsoll');
    says('[Service]LoadCredential', 'signing_key:/etc/plimsoll/credentials/signing_key');
    says('[Service]LimitCORE', '0');
    says('[Service]TasksMax', '64');
});

test('the documentation that the unit names is installed', () => {
    const [page, link] = settingsOf(unit)['[Unit]Documentation'][0].split(' ');
    assert.equal(page, 'man:plimsoll(1)');
    assert.ok(link.startsWith(`file:${folder}/`), link);
    assert.match(readFileSync(link.slice('file:'.length), 'utf8'), /^# Operations/);
});

test('the manual page has every command, and roff understands it', () => {
    const page = path.join(folder, 'share/man/man1/plimsoll.1');
    const text = readFileSync(page, 'utf8');
    const help = run(path.join(folder, 'bin/plimsoll'), ['--help']).stdout;
    const commands = [...help.matchAll(/^ {2}([a-z][a-z-]+) {2,}/gm)].map(([, name]) => name);
    assert.ok(commands.length >= 17, commands.join());
    assert.deepEqual([...text.matchAll(/^\.SS (.*)$/gm)].map(([, name]) => name.replaceAll('\\', '')), commands);
    assert.match(text, /Exit codes: 0 fine, 64 usage/);
    const read = run('groff', ['-k', '-man', '-Tutf8', '-ww', page]);
    assert.equal(read.stderr, '');
    assert.match(read.stdout, /plimsoll positions --at-risk/);
});

/** Commands of operations.md that begin so, each made to be about a folder instead of the machine. */
const operations = (begin, stage) => commandsIn(readFileSync(path.join(ROOT, 'docs/operations.md'), 'utf8'))
    .filter((command) => command.startsWith(begin))
    .map((command) => command.replace('sudo ', '').replaceAll(/ \/(?=usr|etc|var)/g, ` ${stage}/`));

function typed(command, stage) {
    const done = run('sh', ['-c', command], { env: { ...process.env, PATH: `${stage}/usr/bin:${process.env.PATH}` } });
    assert.equal(done.status, 0, `${command}: ${done.stderr}`);
}

test('what operations.md says of installing and removing leaves no file', () => {
    const stage = path.join(folder, 'removed');
    install(['--prefix', '/usr'], { DESTDIR: stage });
    const secrets = [...operations('sudo install ', stage), ...operations('sudo plimsoll keygen ', stage)];
    assert.equal(secrets.length, 2, secrets.join('\n'));
    for (const command of secrets) typed(command, stage);
    assert.equal(statSync(path.join(stage, 'etc/plimsoll/credentials')).mode & 0o777, 0o700);
    assert.equal(statSync(path.join(stage, 'etc/plimsoll/credentials/signing_key')).mode & 0o777, 0o600);
    mkdirSync(path.join(stage, 'var/lib/plimsoll/state'), { recursive: true });  // systemd makes it
    const files = () => readdirSync(stage, { recursive: true }).filter((name) => !lstatSync(path.join(stage, name)).isDirectory());
    if (isInstalled('systemctl')) {
        for (const verb of ['enable', 'disable']) {
            typed(`systemctl --root=${stage} ${verb} plimsoll`, stage);
            assert.equal(files().some((name) => /wants\/plimsoll\.service$/.test(name)), verb === 'enable', verb);
        }
    }
    const removals = operations('sudo rm ', stage);
    assert.equal(removals.length, 3, removals.join('\n'));
    for (const command of removals) typed(command, stage);
    assert.deepEqual(files(), []);
});

test('systemd-analyze verify has nothing to say', (t) => {
    if (!needs(t, 'systemd-analyze')) return;
    const verify = run('systemd-analyze', ['verify', '--man=no', unit]);
    assert.equal(verify.stdout + verify.stderr, '');  // it ends with 0 even for unknown keys
    assert.equal(verify.status, 0);
});

test('the exposure is at most 1.2', (t) => {
    if (!needs(t, 'systemd-analyze')) return;
    const security = run('systemd-analyze', ['security', '--offline=true', '--threshold=12', '--no-pager', unit]);
    assert.equal(security.status, 0, security.stdout + security.stderr);
    assert.match(security.stdout, /Overall exposure level for plimsoll\.service: (0\.\d|1\.[012])/);
});

test('systemd-sysusers makes the user', (t) => {
    if (!needs(t, 'systemd-sysusers')) return;
    const root = path.join(folder, 'root');
    mkdirSync(path.join(root, 'etc'), { recursive: true });
    const made = run('systemd-sysusers', [`--root=${root}`, path.join(folder, 'lib/sysusers.d/plimsoll.conf')]);
    assert.equal(made.status, 0, made.stderr);
    assert.match(readFileSync(path.join(root, 'etc/passwd'), 'utf8'), /^plimsoll:x:\d+:\d+:[^:]*:\/var\/lib\/plimsoll:\/usr\/sbin\/nologin$/m);
    assert.match(readFileSync(path.join(root, 'etc/group'), 'utf8'), /^plimsoll:x:\d+:/m);
});
