// Marked secrets in every place where one may stand, nodes and receivers that echo them in their
// errors, the log at its most talkative: afterwards no mark is found anywhere.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';

import { ETH_GROUP } from '../devnet/listings.mjs';
import { startEchoServer, startFlakyProxy } from './echo_server.mjs';
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
};
/** What goes out as a header for the user and the password of a URL. */
const basic = (user, password) => Buffer.from(`${user}:${password}`).toString('base64');
MARKS.basic = basic(MARKS.loneUser, MARKS.lonePassword);
MARKS.hookBasic = basic(MARKS.hookUser, MARKS.hookPassword);

let market;
let echo;
let refusing;
let proxy;
let base;

before(async () => {
    echo = await startEchoServer(500);
    refusing = await startEchoServer(403);
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
    base = readFileSync(market.daemon.config, 'utf8')
        .replace(/endpoints = .*/, `endpoints = [${endpoints.join(', ')}]`)
        .replace('[daemon]', '[daemon]\nlog_level = "trace"')
        .replaceAll('to = ["archive"]', '')
        + sink('echoing', `http://${MARKS.hookUser}:${MARKS.hookPassword}@${host(echo.url)}/hooks/${MARKS.hookPath}?token=${MARKS.hookQuery}`)
        + sink('refusing', `${refusing.url}/hooks/${MARKS.hookPath}`)
        + sink('dead', `http://127.0.0.1:1/hooks/${MARKS.deadHook}`)
        + `\n[signing]\nkey = "${secret('key', `0x${MARKS.key}`)}"\n`;
});
after(async () => {
    await market?.stop();
    for (const server of [echo, refusing, proxy]) server?.stop();
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
        return ['echoing', 'refusing', 'dead'].every((name) => sinks.find((sink) => sink.name === name).last_error);
    });
    assert.ok(echo.state.count > 3 && refusing.state.count > 0, 'the servers that echo were asked');
    for (const sent of [MARKS.basic, MARKS.hookBasic]) {
        assert.ok(echo.state.authorizations.has(`Basic ${sent}`), 'the login of a URL went out as a header');
    }
    const answers = {};
    for (const target of ['/status', '/metrics', '/-/ready', '/-/healthy', '/v1/alerts', '/v1/positions', '/v1/tvl', '/']) {
        const response = await fetch(daemon.base + target);
        answers[`GET ${target}`] = Buffer.from(await response.text());
    }
    for (const args of [['status'], ['status', '--json'], ['alerts'], ['check-config'], ['check-config', '--json'], ['check-config', '--strict']]) {
        const done = spawnSync(BINARY, [...args, '--config', daemon.config]);
        assert.equal(done.status, 0, done.stderr.toString());
        answers[`plimsoll ${args.join(' ')}`] = Buffer.concat([done.stdout, done.stderr]);
    }
    // Mistakes that put a secret where it does not belong.
    const wrong = [
        base.replace(/\nkey = ".*"/, `\nkey = "${MARKS.wrong}"`),
        base.replace(/\nkey = ".*"/, `\nkey = ${MARKS.wrong}`),
        base.replace(/secrets = \[.*\]/, `secrets = ["${MARKS.wrong}"]`),
        base.replace(/endpoints = \[.*\]/, `endpoints = ["ftp://u:${MARKS.wrong}@a.example/"]`),
        base.replace(/endpoints = \[.*\]/, `endpoints = [{ url = "https://a.example", header = { X = "${MARKS.wrong}\\n" } }]`),
    ];
    for (const text of wrong) {
        assert.equal((await reload(text)).last_reload_successful, false);
        const done = spawnSync(BINARY, ['check-config', daemon.config]);
        assert.equal(done.status, 78);
        answers['plimsoll check-config of a wrong file'] = Buffer.concat([done.stdout, done.stderr]);
        answers['GET /status after it'] = Buffer.from(await (await fetch(daemon.base + '/status')).text());
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
