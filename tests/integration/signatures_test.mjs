// Both signatures, checked by the libraries that receivers use: the published vectors and
// random alerts (a thousand in the long form) all verify, and none does with one bit of its body changed:
// any bit of the shortest vector (of every vector in the long form), some bit of each random alert.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const BINARY = process.env.PLIMSOLL_BIN ?? path.join(ROOT, 'build/plimsoll');
const MAKER = process.env.PLIMSOLL_SIGNED_ALERTS ?? path.join(ROOT, 'build/tests/daemon/sinks/signed_alerts');

// The packages belong to the test chain; this folder has none of its own.
const require = createRequire(path.join(ROOT, 'tests/devnet/package.json'));
const standard = require('standardwebhooks');
const svix = require('svix');
const { ethers } = require('ethers');
const viem = require('viem');

const DOMAIN = { name: 'Plimsoll Alert', version: '1' };
const TYPES = {
    Alert: [
        ['string', 'id'], ['string', 'type'], ['string', 'chain'], ['string', 'subject'],
        ['uint64', 'block'], ['uint64', 'time'], ['bytes32', 'bodyHash'],
    ].map(([type, name]) => ({ name, type })),
};
/** Set by scripts/soak.sh. */
const IS_LONG = Boolean(process.env.PLIMSOLL_LONG);
const COUNT = IS_LONG ? 1000 : 250;
const EIP191 = 'plimsoll-signature-eip191';
const EIP712 = 'plimsoll-signature-eip712';

const folder = mkdtempSync(path.join(os.tmpdir(), 'plimsoll-signatures-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const archive = path.join(folder, 'alerts.jsonl');

const vectors = JSON.parse(readFileSync(path.join(ROOT, 'tests/vectors/alerts/webhook-vectors.json'), 'utf8'));
const published = vectors.vectors.map((vector) => ({
    body: vector.body,
    headers: vector.headers,
    secrets: vector.TEST_SECRETS,
    signer: vector.signer,
    typed: vector.eip712.message,
}));

let made;
function deliveries() {
    made ??= execFileSync(MAKER, [String(COUNT), '20260115', archive], { maxBuffer: 1 << 28, encoding: 'utf8' })
        .trimEnd().split('\n').map((line) => JSON.parse(line));
    return made;
}

const libraries = [['standardwebhooks', standard.Webhook], ['svix', svix.Webhook]];

/** Runs `work` while the clock shows the time of the attempt: libraries refuse old deliveries. */
function atTimeOf(delivery, work) {
    const now = Date.now;
    Date.now = () => Number(delivery.headers['webhook-timestamp']) * 1000;
    const RealDate = globalThis.Date;
    globalThis.Date = class extends RealDate {
        constructor(...args) {
            super(...(args.length === 0 ? [Date.now()] : args));
        }
        static now() {
            return Number(delivery.headers['webhook-timestamp']) * 1000;
        }
    };
    try {
        return work();
    } finally {
        globalThis.Date = RealDate;
        Date.now = now;
    }
}

function acceptsHmac(Webhook, secret, body, headers) {
    try {
        new Webhook(secret).verify(body, headers);
        return true;
    } catch {
        return false;
    }
}

const sameAddress = (a, b) => a.toLowerCase() === b.toLowerCase();

function recoveredByEthers(raw, signature) {
    try {
        return ethers.verifyMessage(raw, signature);
    } catch {
        return '';
    }
}

async function checkAll(list) {
    for (const delivery of list) {
        const { body, headers, secrets, signer, typed } = delivery;
        const raw = Buffer.from(body, 'utf8');
        atTimeOf(delivery, () => {
            for (const [name, Webhook] of libraries) {
                for (const secret of secrets) {
                    assert.ok(acceptsHmac(Webhook, secret, body, headers), `${name} refuses ${headers['webhook-id']}`);
                }
            }
        });
        assert.equal(ethers.verifyMessage(raw, headers[EIP191]), signer);
        assert.ok(await viem.verifyMessage({ address: signer, message: { raw }, signature: headers[EIP191] }));
        assert.equal(ethers.verifyTypedData(DOMAIN, TYPES, typed, headers[EIP712]), signer);
        const message = { ...typed, block: BigInt(typed.block), time: BigInt(typed.time) };
        assert.ok(await viem.verifyTypedData({
            address: signer, domain: DOMAIN, types: TYPES, primaryType: 'Alert', message, signature: headers[EIP712],
        }));
        assert.equal(typed.bodyHash, ethers.keccak256(raw));
        assert.equal(JSON.stringify(JSON.parse(body)), body, 'parsed and written again it is the same');
    }
}

test('published vectors verify with every library', () => checkAll(published));

test('random alerts verify with every library', { timeout: 1_200_000 }, async () => {
    const list = deliveries();
    assert.equal(list.length, COUNT);
    assert.ok(new Set(list.map(({ body }) => body)).size === COUNT, 'they differ');
    await checkAll(list);
});

test('other secrets and other times are refused', () => {
    for (const delivery of published) {
        const other = 'whsec_' + Buffer.alloc(32, 7).toString('base64');
        atTimeOf(delivery, () => {
            for (const [name, Webhook] of libraries) {
                assert.ok(!acceptsHmac(Webhook, other, delivery.body, delivery.headers), name);
            }
        });
        for (const [name, Webhook] of libraries) {
            assert.ok(!acceptsHmac(Webhook, delivery.secrets[0], delivery.body, delivery.headers), `${name} takes an old one`);
        }
    }
});

/** The libraries that take the body although one bit was changed. */
async function takersOfChanged(delivery, raw, bit, { asksEthers = true, asksViem = true } = {}) {
    const { headers, secrets, signer } = delivery;
    raw[bit >> 3] ^= 1 << (bit & 7);
    const takers = atTimeOf(delivery, () => libraries.filter(([, Webhook]) => acceptsHmac(Webhook, secrets[0], raw, headers)).map(([name]) => name));
    if (asksEthers && sameAddress(recoveredByEthers(raw, headers[EIP191]), signer)) takers.push('ethers');
    if (asksViem && await viem.verifyMessage({ address: signer, message: { raw }, signature: headers[EIP191] }).catch(() => false)) takers.push('viem');
    raw[bit >> 3] ^= 1 << (bit & 7);
    return takers;
}

test('every one-bit change of a body is refused', { timeout: 3_600_000 }, async () => {
    const byLength = [...published].sort((a, b) => a.body.length - b.body.length);
    for (const delivery of IS_LONG ? byLength : byLength.slice(0, 1)) {
        const raw = Buffer.from(delivery.body, 'utf8');
        for (let bit = 0; bit < raw.length * 8; bit++) {
            // Recovering a signer takes milliseconds: in the short form one bit of each byte tells whether what
            // is given is what is hashed, and viem, which has the same curve, is always content with that.
            const isOneOfEight = bit % 8 === (bit >> 3) % 8;
            const asked = { asksEthers: IS_LONG || isOneOfEight, asksViem: isOneOfEight };
            assert.deepEqual(await takersOfChanged(delivery, raw, bit, asked), [], `bit ${bit} of ${delivery.headers['webhook-id']}`);
        }
        assert.equal(raw.toString('utf8'), delivery.body);
    }
});

test('a random alert with one bit changed is refused', { timeout: 1_200_000 }, async () => {
    for (const [i, delivery] of deliveries().entries()) {
        const raw = Buffer.from(delivery.body, 'utf8');
        const bit = (i * 7919) % (raw.length * 8);
        assert.deepEqual(await takersOfChanged(delivery, raw, bit), [], `bit ${bit} of ${delivery.headers['webhook-id']}`);
    }
});

test('plimsoll verify agrees, offline, and names the line that was changed', () => {
    const { signer } = deliveries()[0];
    const verify = (file, address = signer) => spawnSync(BINARY, ['verify', '--signer', address, file], { encoding: 'utf8' });
    const good = verify(archive);
    assert.equal(good.status, 0, good.stdout + good.stderr);
    const lines = readFileSync(archive, 'utf8').split('\n');
    lines[41] = lines[41].replace('"seq":', '"seq":1');
    const changed = path.join(folder, 'changed.jsonl');
    writeFileSync(changed, lines.join('\n'));
    const bad = verify(changed);
    assert.notEqual(bad.status, 0);
    assert.match(bad.stdout + bad.stderr, /\b42\b/);
    assert.notEqual(verify(archive, '0x00000000000000000000000000000000000000A1').status, 0);
});
