// Marked secrets in every place where one may stand, nodes and receivers that echo them in their
// errors, the log at its most talkative: afterwards no mark is found anywhere.
import assert from 'node:assert/strict';
import { execFile, execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';

import { ETH_GROUP } from '../devnet/listings.mjs';
import { startEchoMailServer, startEchoServer, startFlakyProxy } from './echo_server.mjs';
import { BINARY, startMarket } from './market.mjs';

const DEADLINE_MS = 60_000;
const mark = (name) => `MARK${name}x9f27Q4bT81w`;
const KEY = '4c0883a69102937d6231471b5dbb6204fe5129617082792ae468d01a3f362318';
const HOOK_SECRET = Buffer.from(`${mark('HOOKSECRET')}0123456789`).toString('base64');

/** Where each stands is its name. */
const MARKS = {
    path: mark('PATH'),
    query: mark('QUERY'),
    user: mark('USER'),
    password: mark('PASSWORD'),
    loneUser: mark('LONEUSER'),
    lonePassword: mark('LONEPASSWORD'),
    header: mark('HEADER'),
    token: mark('TOKEN'),
    working: mark('WORKING'),
    hookUser: mark('HOOKUSER'),
    hookPassword: mark('HOOKPASSWORD'),
    hookPath: mark('HOOKPATH'),
    hookQuery: mark('HOOKQUERY'),
    deadHook: mark('DEADHOOK'),
    hookSecret: HOOK_SECRET,
    key: KEY,
    wrong: mark('WRONG'),
    slack: mark('SLACK'),
    discord: mark('DISCORD'),
    telegram: mark('TELEGRAM'),
    pagerduty: mark('PAGERDUTY'),
    alertUser: mark('ALERTUSER'),
    alertPassword: mark('ALERTPASSWORD'),
    alertPath: mark('ALERTPATH'),
    mailPassword: mark('MAILPASSWORD'),
    literal: mark('LITERAL'),
};
/** The sinks for people: each of them fails, and what it is told back holds its secret. */
const CHATS = ['slack', 'discord', 'telegram', 'pagerduty', 'alertmanager', 'email'];
/** What goes out as a header for the user and the password of a URL. */
const basic = (user, password) => Buffer.from(`${user}:${password}`).toString('base64');
MARKS.basic = basic(MARKS.loneUser, MARKS.lonePassword);
MARKS.hookBasic = basic(MARKS.hookUser, MARKS.hookPassword);
MARKS.alertBasic = basic(MARKS.alertUser, MARKS.alertPassword);
MARKS.mailPlain = Buffer.from(`\0plimsoll\0${MARKS.mailPassword}`).toString('base64');

let market;
let echo;
let refusing;
let proxy;
let mail;
let base;

before(async () => {
    echo = await startEchoServer(500);
    refusing = await startEchoServer(403);
    // By the other two ways that a configuration has for secrets, besides files.
    process.env.PLIMSOLL_TEST_SLACK = `${echo.url}/services/T0/B0/${MARKS.slack}`;
    process.env.CREDENTIALS_DIRECTORY = mkdtempSync(path.join(os.tmpdir(), 'plimsoll-credentials-'));
    writeFileSync(path.join(process.env.CREDENTIALS_DIRECTORY, 'pagerduty'), MARKS.pagerduty, { mode: 0o600 });
    market = await startMarket({
        accounts: 60,
        seed: 4,
        endpointOf: async (url) => (proxy = await startFlakyProxy(url, 9)).url,
    });
    const credentials = path.join(market.folder, 'secrets');
    mkdirSync(credentials);
    const secret = (name, value) => {
        writeFileSync(path.join(credentials, name), value + '\n');
        chmodSync(path.join(credentials, name), 0o600);
        return '${file:secrets/' + name + '}';
    };
    const host = (url) => url.replace('http://', '');
    const endpoints = [
        `{ url = "${secret('dead', `http://127.0.0.1:1/v2/${MARKS.path}?key=${MARKS.query}`)}" }`,
        `{ url = "${secret('echo', `http://${MARKS.user}:${MARKS.password}@${host(echo.url)}/v3/${MARKS.path}`)}", header = { Authorization = "Bearer ${secret('header', MARKS.header)}", X-Token = "${secret('token', MARKS.token)}" } }`,
        `{ url = "${secret('basic', `http://${MARKS.loneUser}:${MARKS.lonePassword}@${host(echo.url)}/v4`)}" }`,
        `{ url = "${secret('working', `${proxy.url}/${MARKS.working}`)}", header = { X-Token = "${secret('token', MARKS.token)}" } }`,
    ];
    const sink = (name, url) => `
[sinks.${name}]
kind = "webhook"
url = "${secret(`${name}-url`, url)}"
allow_http = true
allow_private = ["127.0.0.0/8"]
secrets = ["${secret(`${name}-secret`, `whsec_${MARKS.hookSecret}`)}"]
`;
    const certificate = ['key.pem', 'cert.pem'].map((name) => path.join(credentials, name));
    execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2',
        '-subj', '/CN=test', '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', certificate[0], '-out', certificate[1]], { stdio: 'ignore' });
    mail = await startEchoMailServer(...certificate.map((file) => readFileSync(file)));
    const chat = (kind, lines) => `
[sinks.${kind}]
kind = "${kind}"
allow_private = ["127.0.0.0/8"]
${kind === 'email' ? '' : 'allow_http = true\n'}${lines.join('\n')}
`;
    const chats = [
        chat('slack', ['url = "${env:PLIMSOLL_TEST_SLACK}"']),
        chat('discord', [`url = "${secret('discord', `${refusing.url}/api/webhooks/1/${MARKS.discord}`)}"`]),
        chat('telegram', [`url = "${echo.url}"`, `token = "${secret('telegram', `123456:${MARKS.telegram}`)}"`, 'chat = "-1001234567890"']),
        chat('pagerduty', [`url = "${echo.url}/v2/enqueue"`, 'routing_key = "${credential:pagerduty}"']),
        chat('alertmanager', [`url = "${secret('alertmanager', `http://${MARKS.alertUser}:${MARKS.alertPassword}@${host(echo.url)}/${MARKS.alertPath}`)}"`]),
        chat('email', [`server = "smtps://127.0.0.1:${mail.port}"`, 'user = "plimsoll"', `password = "${secret('mail', MARKS.mailPassword)}"`,
            'from = "plimsoll@mail.example"', 'to = ["risk@mail.example"]', `ca_file = "${certificate[1]}"`]),
    ];
    base = readFileSync(market.daemon.config, 'utf8')
        .replace(/endpoints = .*/, `endpoints = [${endpoints.join(', ')}]`)
        .replace('[daemon]', '[daemon]\nlog_level = "trace"')
        .replaceAll('to = ["archive"]', '')
        + sink('echoing', `http://${MARKS.hookUser}:${MARKS.hookPassword}@${host(echo.url)}/hooks/${MARKS.hookPath}?token=${MARKS.hookQuery}`)
        + sink('refusing', `${refusing.url}/hooks/${MARKS.hookPath}`)
        + sink('dead', `http://127.0.0.1:1/hooks/${MARKS.deadHook}`)
        + chats.join('')
        + `\n[signing]\nkey = "${secret('key', `0x${MARKS.key}`)}"\n`;
});
after(async () => {
    await market?.stop();
    for (const server of [echo, refusing, proxy, mail]) server?.stop();
    rmSync(process.env.CREDENTIALS_DIRECTORY, { recursive: true, force: true });
});

async function until(what, holds) {
    for (const deadline = Date.now() + DEADLINE_MS; ; await new Promise((resolve) => setTimeout(resolve, 30))) {
        if (await holds()) return;
        assert.ok(Date.now() < deadline, `${what} did not come about\n${market.daemon.lastLines()}`);
    }
}

async function reload(text) {
    const before = (await market.daemon.status()).config.reloads;
    writeFileSync(market.daemon.config, text);
    market.daemon.signal('SIGHUP');
    await until('the reload', async () => (await market.daemon.status()).config.reloads > before);
    return (await market.daemon.status()).config;
}

function* files(folder) {
    for (const name of readdirSync(folder)) {
        const file = path.join(folder, name);
        if (name === 'secrets' && folder === market.folder) continue;
        if (statSync(file).isDirectory()) yield* files(file);
        else if (statSync(file).isFile()) yield file;
    }
}

/** As written, in hex, in base64 and percent-encoded, whatever the case. */
function spellings(secret) {
    const bytes = Buffer.from(secret);
    return [secret, bytes.toString('hex'), bytes.toString('base64').replace(/=+$/, ''), encodeURIComponent(secret)].map((text) => text.toLowerCase());
}

function findMarks(where, bytes) {
    const text = bytes.toString('latin1').toLowerCase();
    return Object.entries(MARKS).filter(([, secret]) => spellings(secret).some((one) => text.includes(one))).map(([name]) => `${name} in ${where}`);
}

/** A command's exit code and what it printed. Does not block: the servers live in this process. */
const plimsoll = (...args) =>
    new Promise((resolve) => {
        execFile(BINARY, [...args, '--config', market.daemon.config], { encoding: 'buffer', maxBuffer: 1 << 26 }, (error, stdout, stderr) =>
            resolve({ status: error?.code ?? 0, stdout, text: Buffer.concat([stdout, stderr]) }));
    });

test('no mark is found in logs, answers, commands or files', { timeout: 240_000 }, async () => {
    const { world, daemon } = market;
    const config = await reload(base);
    assert.equal(config.last_reload_successful, true, config.problem);
    await market.settled();
    for (const percent of [70, 100, 60, 100]) {
        for (const symbol of ETH_GROUP) world.market.setPrice(symbol, (world.market.price(symbol) * BigInt(percent)) / 100n);
        await world.mine();
        await market.settled();
    }
    await until('failed deliveries', async () => {
        const { sinks } = await daemon.status();
        return ['echoing', 'refusing', 'dead', ...CHATS].every((name) => sinks.find((sink) => sink.name === name).last_error);
    });
    assert.ok(echo.state.count > 3 && refusing.state.count > 0, 'the servers that echo were asked');
    assert.ok(mail.state.passwords.has(MARKS.mailPassword), 'the mail server was told the password');
    for (const secret of ['slack', 'telegram', 'pagerduty', 'alertPath']) {
        assert.ok(echo.state.said.some((text) => text.includes(MARKS[secret])), `${secret} was echoed`);
    }
    assert.ok(refusing.state.said.some((text) => text.includes(MARKS.discord)), 'discord was echoed');
    for (const sent of [MARKS.basic, MARKS.hookBasic, MARKS.alertBasic]) {
        assert.ok(echo.state.authorizations.has(`Basic ${sent}`), 'the login of a URL went out as a header');
    }
    const answers = {};
    for (const target of ['/status', '/metrics', '/-/ready', '/-/healthy', '/v1/alerts', '/v1/positions', '/v1/tvl', '/v1/markets', '/v1/bands', '/v1/heatmap?collateral=ETH', '/v1/what-if?collateral=ETH&change=-20', '/v1/liquidations', '/']) {
        const response = await fetch(daemon.base + target);
        answers[`GET ${target}`] = Buffer.from(await response.text());
    }
    const listed = (await plimsoll('outbox', 'list', '--sink', 'slack', '--json')).stdout.toString().trim().split('\n').map((line) => JSON.parse(line));
    const { id } = listed.find(({ error }) => error);
    for (const [status, ...args] of [
        [0, 'status'], [0, 'status', '--json'], [0, 'alerts'], [0, 'check-config'], [0, 'check-config', '--json'],
        [78, 'check-config', '--strict'], // one secret comes from the environment, which is a warning
        [69, 'check-config', '--online'], [69, 'check-config', '--online', '--json'],
        [0, 'outbox', 'list'], [0, 'outbox', 'list', '--json'], [0, 'outbox', 'show', id], [0, 'outbox', 'show', id, '--json'],
        ...[...CHATS, 'echoing', 'refusing', 'dead'].flatMap((sink) => [[69, 'sink', 'test', sink], [69, 'sink', 'test', sink, '--json']]),
    ]) {
        const done = await plimsoll(...args);
        assert.equal(done.status, status, `${args.join(' ')}: ${done.text}`);
        assert.ok(done.text.length > 10, args.join(' '));
        answers[`plimsoll ${args.join(' ')}`] = done.text;
    }
    assert.match(answers['plimsoll outbox show ' + id].toString(), /\*\*\*/, 'the error is kept, without the secret');
    // Mistakes that put a secret where it does not belong.
    // A literal one is a warning that does not say it.
    writeFileSync(daemon.config, base.replace('url = "${env:PLIMSOLL_TEST_SLACK}"', `url = "${echo.url}/services/${MARKS.literal}"`));
    for (const [status, ...args] of [[0, 'check-config'], [78, 'check-config', '--strict']]) {
        const done = await plimsoll(...args);
        assert.equal(done.status, status, done.text.toString());
        assert.match(done.text.toString(), /a hook's URL, which is its key,/);
        answers[`plimsoll ${args.join(' ')} of a literal URL`] = done.text;
    }
    const wrong = [
        base.replace(/token = ".*"/, `token = "${MARKS.wrong}"`),
        base.replace(/password = ".*"/, `password = ${MARKS.wrong}`),
        base.replace(/\nkey = ".*"/, `\nkey = "${MARKS.wrong}"`),
        base.replace(/\nkey = ".*"/, `\nkey = ${MARKS.wrong}`),
        base.replace(/secrets = \[.*\]/, `secrets = ["${MARKS.wrong}"]`),
        base.replace(/endpoints = \[.*\]/, `endpoints = ["ftp://u:${MARKS.wrong}@a.example/"]`),
        base.replace(/endpoints = \[.*\]/, `endpoints = [{ url = "https://a.example", header = { X = "${MARKS.wrong}\\n" } }]`),
    ];
    for (const [i, text] of wrong.entries()) {
        assert.equal((await reload(text)).last_reload_successful, false);
        const done = spawnSync(BINARY, ['check-config', daemon.config]);
        assert.equal(done.status, 78);
        answers[`plimsoll check-config of wrong file ${i}`] = Buffer.concat([done.stdout, done.stderr]);
        answers[`GET /status after wrong file ${i}`] = Buffer.from(await (await fetch(daemon.base + '/status')).text());
    }
    writeFileSync(daemon.config, base);
    assert.equal(await daemon.stop(), 0);

    const log = readFileSync(daemon.log, 'utf8');
    assert.match(log, /sink echoing/, 'the log tells of deliveries that failed');
    assert.match(log, /devnet-[12]/, 'the log tells of endpoints that failed');
    const found = Object.entries(answers).flatMap(([where, bytes]) => findMarks(where, bytes));
    let looked = 0;
    for (const file of files(market.folder)) {
        looked += 1;
        found.push(...findMarks(path.relative(market.folder, file), readFileSync(file)));
    }
    assert.ok(looked >= 4, `${looked} files`);
    assert.deepEqual(found, []);
    // The search itself works.
    assert.deepEqual(findMarks('here', Buffer.from(`...${MARKS.token.toUpperCase()}...`)), ['token in here']);
});
