// The daemon on a TRON node (the gateway of tests/devnet in front of a local EVM) with a real market:
// every number equals the contract's, and whatever the node does wrong is noticed.
import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';

import { step } from '../devnet/step.mjs';
import { toBase58 } from '../devnet/tron_base58.mjs';
import { BINARY } from './market.mjs';
import { startTronChain, watch } from './tron_market.mjs';

const cli = (watched, ...words) =>
    execFileSync(BINARY, [...words, '--state-dir', path.join(watched.folder, 'state')], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
const lines = (text) => text.split('\n').filter(Boolean).map((line) => JSON.parse(line));

describe('a market on TRON', () => {
    let chain;
    let watched;

    before(async () => {
        chain = await startTronChain({ accounts: 60 });
        watched = await watch(chain);
        await watched.settled();
    });
    after(async () => {
        await watched?.stop();
        await chain?.anvil.stop();
    });

    test('every number equals the contract, over random operations', { timeout: 300_000 }, async () => {
        await watched.verifyLive();
        for (let i = 0; i < 4; i++) {
            await step(chain.world, { blocks: 2, afterBlock: () => watched.settled() });
            await watched.verifyLive();
        }
        const { chain: state, protocol } = await watched.state();
        assert.equal(state.state, 'live');
        assert.equal(state.kind, 'tron');
        assert.ok(protocol.audit.checked > 0);
        assert.equal(protocol.audit.mismatched, 0);
    });

    test('what the endpoint offers is shown', async () => {
        const { chain: state } = await watched.state();
        assert.equal(state.chain, 'tron:0x2b6653dc');
        assert.equal(state.endpoints[0].offers, 'wallet, walletsolidity, jsonrpc, v1');
        assert.match(watched.daemon.lastLines(10_000), /devnet-1: offers wallet, walletsolidity, jsonrpc, v1; Multicall3 at T/);
        assert.match(cli(watched, 'status'), /offers +last error\ndevnet-1 .* wallet, walletsolidity, jsonrpc, v1 +-/);
        // Not in one piece: the gateway answers from this very process.
        const { stdout: checked } = await promisify(execFile)(BINARY, ['check-config', '--online', '--config', watched.daemon.config]);
        assert.match(checked, /endpoint .* ok .*, offers wallet, walletsolidity, jsonrpc, v1\n/);
    });

    test('the final block is the solid one', async () => {
        await watched.mine();
        await watched.settled();
        const { chain: state } = await watched.state();
        assert.equal(state.final, state.head - 18);
    });

    test('addresses are base58check wherever a person or a file sees one, and read in both forms', async () => {
        const [{ account }] = await watched.positions();
        const written = toBase58(account);
        for (const text of [written, account, '41' + account.slice(2)]) {
            const [row] = lines(cli(watched, 'positions', '--json', '--account', text));
            assert.equal(row.account, written);
            const [listed] = await watched.daemon.rows('positions', { account: text });
            assert.equal(listed.account, written);
        }
        assert.match(cli(watched, 'explain', written), new RegExp(written));
        const wrong = written.slice(0, -1) + (written.endsWith('z') ? 'y' : 'z');
        assert.throws(() => cli(watched, 'explain', wrong), (error) => error.status === 64 && error.stderr.includes(wrong));
        const shown = execFileSync(BINARY, ['check-config', '--config', watched.daemon.config], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
        assert.match(shown, new RegExp(`address = "${toBase58(chain.world.market.provider.address)}"`));
        for (const line of watched.alerts()) {
            assert.doesNotMatch(line.body ?? JSON.stringify(line), /0x[0-9a-fA-F]{40}\b/);
        }
        assert.ok(watched.alerts().length > 0);
    });

    test('a quiet block costs few requests', async () => {
        const before = watched.gateways[0].requests.length;
        const polls = () => watched.gateways[0].requests.slice(before).filter(({ path: name }) => name === '/wallet/getblock').length;
        for (let i = 0; i < 5; i++) {
            await watched.mine();
            await watched.settled();
        }
        const others = watched.gateways[0].requests.length - before - polls();
        // Of a block without infos it is asked whether it has transactions.
        assert.ok(others <= 5 * 6, `${others} requests besides polls for the head`);
    });

    test('a restart goes on from what was stored', { timeout: 120_000 }, async () => {
        await watched.daemon.kill();
        await step(chain.world, { blocks: 3 });
        const before = watched.gateways[0].requests.length;
        watched.daemon.start();
        await watched.verifyLive();
        const asked = watched.gateways[0].requests.slice(before);
        assert.ok(asked.length < 400, `${asked.length} requests`);
        assert.match(watched.daemon.lastLines(10_000), /caught up/);
    });

    test('blocks come faster than rounds: it catches up by the newest', async () => {
        await watched.mine(40);
        await watched.verifyLive();
    });
});

describe('a TRON node that misbehaves', () => {
    let chain;
    let watched;

    before(async () => {
        chain = await startTronChain({ accounts: 60, seed: 2 });
        watched = await watch(chain, { staleAfter: '4s' });
        await watched.settled();
        await watched.verifyShown();
    });
    after(async () => {
        await watched?.stop();
        await chain?.anvil.stop();
    });

    const recovers = async () => {
        // An account that differed has to be found equal in a later block.
        for (let i = 0; i < 10; i++) {
            await watched.mine();
            await watched.settled();
            if ((await watched.state()).protocol.state === 'live') break;
        }
        await watched.until(({ protocol }) => protocol.state === 'live', 'live again');
        await watched.verifyShown();
    };

    test('blocks from a lagging backend while calls run ahead of them', { timeout: 120_000 }, async () => {
        watched.faults.headLag = 3;
        await step(chain.world, { blocks: 5 });
        const { chain: state } = await watched.until(({ protocol }) => protocol.state === 'stale', 'no longer live');
        assert.match(state.reason, /the head moved on|which is behind|keeps no state/);
        assert.ok(await watched.verifyShown(), 'the last round is shown');
        watched.faults.headLag = 0;
        await recovers();
    });

    test('calls from a lagging backend', { timeout: 120_000 }, async () => {
        watched.faults.callLag = 2;
        await step(chain.world, { blocks: 3 });
        await watched.until(({ chain: state }) => /which is behind/.test(state.reason ?? ''), 'the lag is told');
        await watched.verifyShown();
        await watched.until(({ chain: state }) => state.state === 'stale', 'not believed');
        watched.faults.callLag = 0;
        await recovers();
    });

    test('a head that moves on with every call: never two blocks in one round', { timeout: 120_000 }, async () => {
        const { anvil } = chain;
        watched.faults.beforeCall = () => anvil.chain.mine({ seconds: 3 });
        await watched.mine();
        const { chain: state } = await watched.until(({ protocol: one }) => one.state === 'stale', 'no longer live');
        assert.match(state.reason, /the head moved on|keeps no state/);
        assert.ok(await watched.verifyShown(), 'the last round is shown');
        watched.faults.beforeCall = async () => {};
        await recovers();
    });

    test('refusals for the rate, in every form', { timeout: 240_000 }, async () => {
        const forms = {
            trongrid: /HTTP 403: The key exceeds the frequency limit\(15\)/,
            node: /HTTP 200: The key exceeds the frequency limit\(15\)/,
            too_many: /HTTP 429: The key exceeds the frequency limit\(15\)/,
            busy: /HTTP 200: .*lack of computing resources/,
            page: /HTTP 503: .*Service Temporarily Unavailable/,
        };
        for (const [refusal, words] of Object.entries(forms)) {
            watched.faults.refusal = refusal;
            watched.faults.refusals = 2;
            await watched.mine();
            const { chain: state } = await watched.until(({ chain: one }) => one.endpoints[0].state === 'rate limited', refusal);
            assert.match(state.endpoints[0].last_error, words);
            assert.equal(state.endpoints[0].up, false);
            await watched.settled(90_000); // an unnamed pause is one of 30 s
            assert.equal(watched.faults.refusals, 0);
            assert.equal((await watched.state()).chain.endpoints[0].up, true);
        }
        await recovers();
    });

    test('calls that outlast the time a node gives them', { timeout: 120_000 }, async () => {
        let refused = 0;
        watched.faults.slowCalls = (data) => {
            const isSlow = data.length > 12_000;
            refused += isSlow ? 1 : 0;
            return isSlow;
        };
        await step(chain.world, { blocks: 2 });
        await recovers();
        assert.ok(refused > 0);
        assert.equal((await watched.state()).chain.endpoints[0].up, true);
        watched.faults.slowCalls = () => false;
        await recovers();
    });

    test('solid blocks that stand still', { timeout: 120_000 }, async () => {
        const { chain: earlier } = await watched.state();
        watched.faults.solidLag = 30;
        for (let i = 0; i < 5; i++) await recovers();
        const { chain: state } = await watched.state();
        assert.equal(state.processed, chain.anvil.chain.number);
        assert.ok(state.final <= earlier.final);
        watched.faults.solidLag = 0;
        await recovers();
    });

    test('a node that is gone for a while', { timeout: 120_000 }, async () => {
        watched.faults.isDown = true;
        await watched.mine(3);
        const { chain: state } = await watched.until(({ chain: one }) => one.state === 'stale', 'stale');
        assert.equal(state.endpoints[0].up, false);
        await watched.verifyShown();
        watched.faults.isDown = false;
        await recovers();
    });

    test('a log that is kept back is found by the audit', { timeout: 120_000 }, async () => {
        const rows = await watched.positions();
        const victims = rows.filter((row) => row.debt.some(({ asset }) => asset === 'USDC') && row.liquidatable === false);
        watched.faults.dropLogs = () => true;
        const borrows = victims.map(({ account }) => chain.world.market.borrow(account, 'USDC', 1_000_000n));
        await chain.world.mine({ seconds: 3 });
        assert.ok(borrows.some(({ ok }) => ok));
        await watched.settled();
        watched.faults.dropLogs = () => false;
        // Some accounts are looked at in every round, all of them in turn.
        for (let i = 0; i < 60 && (await watched.state()).protocol.audit.mismatched === 0; i++) {
            await watched.mine();
            await watched.settled();
        }
        const { protocol } = await watched.state();
        assert.ok(protocol.audit.mismatched > 0);
        await recovers();
        await watched.verifyLive();
    });
});

describe('endpoints that offer less', () => {
    let chain;

    before(async () => {
        chain = await startTronChain({ accounts: 60, seed: 3, spareBlocks: 260 });
    });
    after(() => chain?.anvil.stop());

    const cases = [
        ['event pages without /jsonrpc', { offers: ['wallet', 'walletsolidity', 'v1'] }, 'wallet, walletsolidity, v1', {}],
        ['event pages that lose their fingerprint', { offers: ['wallet', 'walletsolidity', 'v1'] }, 'wallet, walletsolidity, v1', { losesFingerprint: true }],
        ['event pages that are late', { offers: ['wallet', 'walletsolidity', 'v1'] }, 'wallet, walletsolidity, v1', { lateEvents: 100 }],
        ['/jsonrpc alone', { offers: ['jsonrpc'] }, 'jsonrpc', {}],
        ['an older node with words of its own, and no multicall named', { hasLightBlocks: false, missingInWords: true }, 'wallet, walletsolidity, jsonrpc, v1', {}, { multicall: false }],
        ['an older node', { offers: ['wallet', 'walletsolidity', 'jsonrpc'], hasLightBlocks: false }, 'wallet, walletsolidity, jsonrpc', {}],
    ];
    for (const [name, gateway, offers, faults, options] of cases) {
        test(name, { timeout: 180_000 }, async () => {
            const watched = await watch(chain, { gateways: [gateway], ...options });
            try {
                Object.assign(watched.faults, faults);
                await watched.verifyLive();
                await watched.mine(2);
                await watched.verifyLive();
                const { chain: state } = await watched.state();
                assert.equal(state.endpoints[0].offers, offers);
            } finally {
                await watched.stop();
            }
        });
    }

    test('of two endpoints the one whose blocks and calls belong together', { timeout: 180_000 }, async () => {
        const watched = await watch(chain, { gateways: [{}, {}] });
        try {
            await watched.verifyLive();
            watched.gateways[0].faults.headLag = 4;
            await watched.mine(6);
            await watched.verifyLive();
        } finally {
            await watched.stop();
        }
    });

    test('a key that is not the right one is told, and not shown', { timeout: 120_000 }, async () => {
        const watched = await watch(chain, { gateways: [{ apiKey: 'another-key-than-the-one-given' }] });
        try {
            const { chain: state } = await watched.until(({ chain: one }) => one.endpoints[0].last_error !== null, 'noticed');
            assert.equal(state.state, 'unknown');
            assert.match(state.endpoints[0].last_error, /401/);
            assert.doesNotMatch(JSON.stringify(state) + watched.daemon.lastLines(10_000), /key-of-the-test/);
        } finally {
            await watched.stop();
        }
    });

    test('as an EVM chain it is refused: it does not pin', { timeout: 120_000 }, async () => {
        const watched = await watch(chain, { evm: true });
        try {
            const { chain: state } = await watched.until(({ chain: one }) => one.endpoints[0].state === 'not pinning', 'noticed');
            assert.equal(state.state, 'unknown');
            assert.match(state.endpoints[0].last_error, /does not honour the block argument/);
        } finally {
            await watched.stop();
        }
    });
});
