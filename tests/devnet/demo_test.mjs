// The demonstration: its own judgement of a whole run, and the pure parts. Needs the daemon's
// binary: PLIMSOLL_BIN, or build/plimsoll.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { Wallet } from 'ethers';

import { BANDS } from './demo_config.mjs';
import { between, priceOf, readCloses } from './demo_prices.mjs';
import { refusal } from './demo_receiver.mjs';
import { priceText, shortDate } from './demo_screen.mjs';

const HERE = path.dirname(fileURLToPath(import.meta.url));
const BINARY = path.resolve(process.env.PLIMSOLL_BIN || path.join(HERE, '../../build/plimsoll'));
const RUN_MS = 600_000;

describe('prices', () => {
    test('are nineteen closes and the one before', () => {
        const closes = readCloses();
        assert.equal(closes.length, 20);
        assert.deepEqual(closes[0], { date: '2026-01-24', price: 294_886_000_000n });
        assert.deepEqual(closes.at(-1), { date: '2026-02-12', price: 194_611_000_000n });
    });

    test('fall through the upper band and stay over the lower one', () => {
        const prices = readCloses().map(({ price }) => price);
        const least = prices.reduce((a, b) => (a < b ? a : b));
        assert.ok(least < BigInt(BANDS['eth-upper'].low) * 10n ** 8n);
        assert.ok(least > BigInt(BANDS['eth-lower'].high) * 10n ** 8n);
        assert.equal(priceText(least), '1,823.20');
    });

    test('have 8 decimals, and no text but a number is one', () => {
        assert.equal(priceOf('1823.2'), 182_320_000_000n);
        assert.equal(priceOf('1823'), 182_300_000_000n);
        for (const text of ['', '1e3', '-1', '1.123456789', '0x10']) assert.throws(() => priceOf(text));
    });

    test('in between are integers on the way from one close to the next', () => {
        assert.deepEqual([1, 2, 3].map((part) => between(10n, 20n, part, 3)), [13n, 16n, 20n]);
        assert.deepEqual([1, 2, 3].map((part) => between(20n, 10n, part, 3)), [17n, 14n, 10n]);
    });
});

test('dates are short', () => {
    assert.equal(shortDate('2026-02-05'), '5 Feb');
    assert.equal(shortDate('2026-01-31T23:59:59Z'), '31 Jan 23:59');
});

describe('the receiver', () => {
    const wallet = new Wallet(`0x${'11'.repeat(32)}`);
    const secret = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
    const body = '{"id":"msg_1"}';
    const now = 1_770_000_000;

    async function delivery() {
        const hmac = createHmac('sha256', Buffer.alloc(32, 7)).update(`msg_1.${now}.${body}`).digest('base64');
        const headers = {
            'webhook-id': 'msg_1',
            'webhook-timestamp': String(now),
            'webhook-signature': `v1,${hmac}`,
            'plimsoll-signature-eip191': await wallet.signMessage(body),
        };
        return { headers, body, secret, signer: wallet.address, now };
    }

    test('believes what both signatures prove', async () => {
        assert.equal(refusal(await delivery()), null);
    });

    const FORGERIES = {
        'another body': (one) => (one.body = '{"id":"msg_2"}'),
        'another id': (one) => (one.headers['webhook-id'] = 'msg_2'),
        'no id': (one) => delete one.headers['webhook-id'],
        'an old delivery': (one) => (one.now += 301),
        'no time': (one) => delete one.headers['webhook-timestamp'],
        'no HMAC': (one) => delete one.headers['webhook-signature'],
        'a short HMAC': (one) => (one.headers['webhook-signature'] = 'v1,AAAA'),
        'another secret': (one) => (one.secret = `whsec_${Buffer.alloc(32, 8).toString('base64')}`),
        'another signer': (one) => (one.signer = `0x${'22'.repeat(20)}`),
        'no signature': (one) => delete one.headers['plimsoll-signature-eip191'],
        'half a signature': (one) => (one.headers['plimsoll-signature-eip191'] = '0x1234'),
    };
    for (const [name, forge] of Object.entries(FORGERIES)) {
        test(`does not believe ${name}`, async () => {
            const one = await delivery();
            forge(one);
            assert.notEqual(refusal(one), null);
        });
    }
});

/** Runs the demonstration; answers its exit code and all it said. */
function runDemo(...args) {
    const child = spawn(process.execPath, [path.join(HERE, 'demo.mjs'), ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (part) => (output += part));
    return new Promise((resolve, reject) => {
        child.once('error', reject);
        child.once('close', (code) => resolve({ code, output }));
    });
}

test('wrong options are told with the usage', async () => {
    const { code, output } = await runDemo('--pace', 'slow');
    assert.equal(code, 64, output);
    assert.match(output, /--pace takes seconds.*\nusage:/s);
});

describe('in a folder of its own', () => {
    let folder;
    beforeEach(() => (folder = mkdtempSync(path.join(tmpdir(), 'plimsoll-demo-'))));
    afterEach(() => rmSync(folder, { recursive: true, force: true }));

    test('a folder with other things is not emptied', async () => {
        const precious = path.join(folder, 'precious');
        writeFileSync(precious, '');
        const { code, output } = await runDemo('--binary', process.execPath, '--folder', folder);
        assert.equal(code, 1, output);
        assert.match(output, /holds something else/);
        assert.ok(existsSync(precious));
    });

    test('a whole run passes its own check', { timeout: RUN_MS }, async () => {
        assert.ok(existsSync(BINARY), `${BINARY} is not built`);
        const { code, output } = await runDemo('--binary', BINARY, '--folder', folder, '--once', '--pace', '0.5', '--accounts', '60');
        assert.equal(code, 0, output);
        assert.match(output, /Reorganisation/);
        assert.match(output, /^ *yes justlend is live /m);
        assert.match(output, /Everything as it should be/);
    });
});
