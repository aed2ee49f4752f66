// Every chat, paging and mail sink against a receiver on loopback that refuses what the service's
// documentation refuses. The deliveries are made by the daemon's own sinks from a configuration.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { bareConfiguration } from './bare_config.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const DELIVER = process.env.PLIMSOLL_DELIVER_SAMPLES ?? path.join(ROOT, 'build/tests/daemon/sinks/deliver_samples');
const require = createRequire(path.join(ROOT, 'tests/devnet/package.json'));
const { SMTPServer } = require('smtp-server');

const TOKEN = '123456:test-TOKEN_of-a_bot';
const ROUTING_KEY = '0123456789abcdef0123456789abcdef';
const PASSWORD = 'test password';
const HOSTILE = '<!channel>';

const units = (text) => text.length; // JavaScript counts as the services do
const isText = (value, most, least = 1) => typeof value === 'string' && units(value) >= least && units(value) <= most;

/** What each service's documentation demands; throws what it would complain about. */
const SERVICES = {
    slack(body) {
        assert.ok(isText(body.text, 40_000), 'no_text');
        assert.ok(Array.isArray(body.blocks) && body.blocks.length <= 50, 'invalid_blocks');
        for (const block of body.blocks) {
            if (block.type === 'header') assert.ok(block.text.type === 'plain_text' && isText(block.text.text, 150), 'header');
            else if (block.type === 'section') assert.ok(isText(block.text.text, 3000), 'section');
            else if (block.type === 'context') assert.ok(block.elements.length >= 1 && block.elements.length <= 10, 'context');
            else assert.fail(`unknown block ${block.type}`);
            for (const text of [block.text?.text ?? '', body.text]) assert.ok(!/[<>]/.test(text), `unescaped: ${text}`);
        }
        return { status: 200, text: 'ok' };
    },
    discord(body, url) {
        assert.equal(url.searchParams.get('wait'), 'true');
        assert.ok(isText(body.content, 2000), 'content');
        assert.ok(body.embeds.length <= 10);
        let sum = 0;
        for (const embed of body.embeds) {
            assert.ok(isText(embed.title, 256) && isText(embed.description ?? '', 4096, 0) && isText(embed.footer.text, 2048));
            assert.ok((embed.fields ?? []).length <= 25);
            for (const { name, value } of embed.fields ?? []) {
                assert.ok(isText(name, 256) && isText(value, 1024), `field ${name}`);
                sum += units(name) + units(value);
            }
            sum += units(embed.title) + units(embed.description ?? '') + units(embed.footer.text);
            assert.ok(!Number.isNaN(Date.parse(embed.timestamp)) && Number.isInteger(embed.color));
        }
        assert.ok(sum <= 6000, 'embeds together');
        assert.deepEqual(body.allowed_mentions, { parse: [] });
        return { status: 200, json: { id: '1', content: body.content }, headers: { 'x-ratelimit-remaining': '4', 'x-ratelimit-reset-after': '1' } };
    },
    telegram(body, url) {
        assert.equal(url.pathname, `/bot${TOKEN}/sendMessage`);
        assert.equal(body.chat_id, '-1001234567890');
        assert.equal(body.message_thread_id, 7);
        assert.equal(body.parse_mode, 'HTML');
        const open = [];
        const plain = body.text.replace(/<(\/?)(\w+)((?: [a-z]+="[^"<>]*")*)>/g, (_, end, tag) => {
            assert.ok(['b', 'code', 'a'].includes(tag), `Unsupported start tag "${tag}"`);
            if (end) assert.equal(open.pop(), tag, "can't parse entities");
            else open.push(tag);
            return '';
        });
        assert.deepEqual(open, [], "Can't find end tag");
        const parsed = plain.replace(/&(amp|lt|gt|quot);/g, '.');
        assert.ok(!/[<>&]/.test(parsed), `can't parse entities: ${parsed}`);
        assert.ok(isText(parsed, 4096), 'message is too long');
        return { status: 200, json: { ok: true, result: { message_id: 1, text: plain } } };
    },
    pagerduty(body, url, size) {
        assert.equal(url.pathname, '/v2/enqueue');
        assert.ok(size <= 512 * 1024);
        assert.equal(body.routing_key, ROUTING_KEY);
        assert.ok(['trigger', 'acknowledge', 'resolve'].includes(body.event_action));
        assert.ok(isText(body.dedup_key, 255));
        assert.ok(isText(body.payload.summary, 1024) && isText(body.payload.source, 1024));
        assert.ok(['critical', 'error', 'warning', 'info'].includes(body.payload.severity));
        assert.ok(!Number.isNaN(Date.parse(body.payload.timestamp)));
        return { status: 202, json: { status: 'success', message: 'Event processed', dedup_key: body.dedup_key } };
    },
};

const heard = { slack: [], discord: [], telegram: [], pagerduty: [], mail: [], tls: [] };
const complaints = [];
const folder = mkdtempSync(path.join(os.tmpdir(), 'plimsoll-receivers-'));
let server;
const mailServers = [];
let results;

async function take(request, response) {
    const body = Buffer.concat(await request.toArray());
    const [, service, rest] = /^\/([a-z]+)(\/.*)$/.exec(request.url);
    let answer;
    try {
        assert.equal(request.method, 'POST');
        assert.match(request.headers['content-type'], /^application\/json/);
        assert.match(request.headers['user-agent'], /^plimsoll\//);
        const value = JSON.parse(body.toString('utf8'));
        answer = SERVICES[service](value, new URL(rest, 'http://x'), body.length);
        heard[service].push(value);
    } catch (error) {
        complaints.push(`${service}: ${error.message}`);
        answer = { status: 400, text: error.message };
    }
    response.writeHead(answer.status, answer.headers);
    response.end(answer.text ?? JSON.stringify(answer.json));
}

function startMailServer(name, options) {
    return new Promise((resolve, reject) => {
        const mailServer = new SMTPServer({
            ...options,
            disableReverseLookup: true,
            onAuth({ username, password }, session, done) {
                const isRight = username === 'plimsoll' && password === PASSWORD;
                done(isRight ? null : new Error('wrong password'), isRight ? { user: username } : undefined);
            },
            onData(stream, session, done) {
                stream.toArray().then((chunks) => {
                    heard[name].push({ session: { ...session, envelope: structuredClone(session.envelope) }, mail: Buffer.concat(chunks).toString('latin1') });
                    done();
                });
            },
        });
        mailServer.on('error', (error) => complaints.push(`smtp: ${error.message}`));
        mailServer.listen(0, '127.0.0.1', () => resolve(mailServer.server.address().port));
        mailServer.server.once('error', reject);
        mailServers.push(mailServer);
    });
}

function makeCertificate() {
    const [key, cert] = ['key.pem', 'cert.pem'].map((name) => path.join(folder, name));
    execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2',
        '-subj', '/CN=test', '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', key, '-out', cert], { stdio: 'ignore' });
    return { key, cert };
}

function configuration(base, plainPort, tlsPort, cert) {
    const network = 'allow_private = ["127.0.0.0/8"]';
    const rest = `[sinks.slack]
kind = "slack"
url = "${base}/slack/services/T/B/x"
allow_http = true
${network}
page_url = "https://plimsoll.example/?a=b&c=d"
[sinks.discord]
kind = "discord"
url = "${base}/discord/api/webhooks/1/x"
language = "zh"
allow_http = true
${network}
[sinks.telegram]
kind = "telegram"
url = "${base}/telegram"
token = "${TOKEN}"
chat = "-1001234567890"
thread = 7
language = "zh"
allow_http = true
${network}
page_url = "https://plimsoll.example/?a=b&c=d"
[sinks.pagerduty]
kind = "pagerduty"
url = "${base}/pagerduty/v2/enqueue"
routing_key = "${ROUTING_KEY}"
allow_http = true
${network}
[sinks.mail]
kind = "email"
server = "smtp://127.0.0.1:${plainPort}"
allow_plain = true
from = "Plimsoll <plimsoll@mail.example>"
to = ["risk@mail.example", "Night Desk <desk@mail.example>"]
language = "zh"
${network}
[sinks.tls]
kind = "email"
server = "smtps://127.0.0.1:${tlsPort}"
user = "plimsoll"
password = "${PASSWORD}"
from = "plimsoll@mail.example"
to = ["risk@mail.example"]
ca_file = "${cert}"
${network}
`;
    return bareConfiguration({ folder, rest });
}

before(async () => {
    server = http.createServer((request, response) => take(request, response));
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { key, cert } = makeCertificate();
    const plainPort = await startMailServer('mail', { authOptional: true, disabledCommands: ['STARTTLS'] });
    const tlsPort = await startMailServer('tls', { secure: true, key: readFileSync(key), cert: readFileSync(cert) });
    const config = path.join(folder, 'plimsoll.toml');
    writeFileSync(config, configuration(`http://127.0.0.1:${server.address().port}`, plainPort, tlsPort, cert));
    const child = spawn(DELIVER, [config], { stdio: ['ignore', 'pipe', 'inherit'] });
    const out = Buffer.concat(await child.stdout.toArray()).toString('utf8');
    results = out.trimEnd().split('\n').map((line) => JSON.parse(line));
});

after(async () => {
    server.close();
    server.closeAllConnections();
    await Promise.all(mailServers.map((mailServer) => new Promise((resolve) => mailServer.close(resolve))));
    rmSync(folder, { recursive: true, force: true });
});

const decoded = (mail) => {
    const [head, ...rest] = mail.split('\r\n\r\n');
    const unfolded = head.replace(/\r\n /g, ' ');
    const subject = /^Subject: (.*)$/m.exec(unfolded)[1]
        .replace(/=\?UTF-8\?B\?([^?]*)\?= ?/g, (_, text) => Buffer.from(text, 'base64').toString('latin1'));
    return {
        headers: unfolded.split('\r\n'),
        subject: Buffer.from(subject, 'latin1').toString('utf8'),
        text: Buffer.from(rest.join('\r\n\r\n'), 'base64').toString('utf8'),
    };
};

test('every delivery of every sink is taken', () => {
    assert.deepEqual(complaints, []);
    assert.deepEqual(results.filter(({ kind }) => kind !== 'ok'), []);
    const samples = new Set(results.map(({ sample }) => sample)).size;
    for (const [name, list] of Object.entries(heard)) assert.equal(list.length, samples, name);
});

test('messages begin with their mark and say what a person needs', () => {
    const english = heard.slack[0].blocks.map((block) => block.text?.text ?? '').join('\n');
    for (const part of [/^▲ critical: Position can be liquidated on aave-v3-main/, /Health factor: 0\.9988/,
        /Debt: 1,250,000\.00 USD/, /Liquidation price: WETH ≤ 2,312\.59 USD/, /To make it safe: repay 251,122\.3345 USDC/,
        /Since: block 24000000/, /Seen at: block 24000000 \(safe\)/, /Coverage: 99\.9812%/]) {
        assert.match(english, part);
    }
    for (const part of [/^<b>▲ 严重：aave-v3-main 仓位可被清算/, /健康因子<\/b> 0\.9988/, /债务<\/b> 1,250,000\.00 美元/,
        /清算价格<\/b> WETH ≤ 2,312\.59 美元/, /恢复安全<\/b> 偿还 251,122\.3345 USDC，或追加 135\.9131 wstETH/,
        /覆盖率<\/b> 99\.9812%/, /<code>msg_[0-9a-f]{8}<\/code><\/a>$/]) {
        assert.match(heard.telegram[0].text, part);
    }
    assert.match(heard.discord[0].content, /^▲ 严重/);
});

test('names written by an attacker are text everywhere', () => {
    const hostile = results.filter(({ sink }) => sink === 'slack').findIndex(({ sample }) => sample === 'hostile_names');
    assert.ok(!JSON.stringify(heard.slack[hostile].blocks.slice(0, -1)).includes(HOSTILE));
    assert.ok(JSON.stringify(heard.slack[hostile]).includes('&lt;!channel&gt;'));
    assert.ok(heard.discord[hostile].content.includes('\\<\\!channel') || heard.discord[hostile].embeds[0].fields.some(({ value }) => value.includes('\\<!channel\\>')));
    assert.ok(heard.telegram[hostile].text.includes('&lt;!channel&gt;'));
    const { headers, text } = decoded(heard.mail[hostile].mail);
    assert.ok(headers.every((line) => /^[A-Za-z-]+: /.test(line)), headers.join('\n'));
    assert.ok(text.includes(HOSTILE));
});

test('a group lists twenty alerts, counts all, and has an id of its own', () => {
    const last = (list) => list.at(-1);
    assert.match(last(heard.slack).text, /^▲ warning: 26 alerts of rule hf-low on aave-v3-main$/);
    assert.match(last(heard.telegram).text, /规则 hf-low 共 26 条告警/);
    assert.equal(last(heard.pagerduty).payload.custom_details.alerts.length, 20);
    assert.equal(last(heard.pagerduty).payload.custom_details.more, 6);
    const key = createHash('sha256').update('hf-low/eip155:1/aave-v3-main').digest('hex');
    assert.equal(last(heard.pagerduty).dedup_key, key);
    const ids = ['slack', 'mail'].map((name) => JSON.stringify(last(heard[name])).match(/msg_[0-9a-f]{8}/g).at(-1));
    assert.notEqual(ids[0], ids[1], 'one id for each sink');
});

test('incidents are opened and ended under one key', () => {
    const events = Object.fromEntries(results.filter(({ sink }) => sink === 'pagerduty').map(({ sample }, i) => [sample, heard.pagerduty[i]]));
    assert.equal(events.position_firing.event_action, 'trigger');
    for (const end of ['position_resolved', 'position_retracted']) {
        assert.equal(events[end].event_action, 'resolve');
        assert.equal(events[end].dedup_key, events.position_firing.dedup_key);
    }
});

test('mails are readable, stay together, and the password goes over TLS', () => {
    const { headers, subject, text } = decoded(heard.mail[0].mail);
    assert.match(subject, /^▲ 严重：aave-v3-main 仓位可被清算/);
    assert.match(text, /^▲ 严重/);
    assert.match(text, /\r\n恢复安全：偿还/);
    assert.ok(headers.some((line) => /^Message-ID: <msg_[0-9a-f]{32}@mail\.example>$/.test(line)));
    const { envelope } = heard.mail[0].session;
    assert.equal(envelope.mailFrom.address, 'plimsoll@mail.example');
    assert.deepEqual(envelope.rcptTo.map(({ address }) => address), ['risk@mail.example', 'desk@mail.example']);
    assert.equal(heard.tls[0].session.secure, true);
    assert.equal(heard.tls[0].session.user, 'plimsoll');
    assert.match(decoded(heard.tls[0].mail).subject, /^▲ critical: Position can be liquidated/);
});
