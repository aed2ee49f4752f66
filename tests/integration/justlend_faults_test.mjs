// JustLend's contracts behind a TRON node that misbehaves, each fault in turn: no wrong number is ever
// shown as live, the state is the right one and says why, and what heals is recovered from by itself.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { compoundStep } from '../devnet/compound_step.mjs';
import { toBase58 } from '../devnet/tron_base58.mjs';
import { ON_JUSTLEND, startTronChain, watch } from './tron_market.mjs';
import { witness } from './tron_witness.mjs';

const STALE_AFTER = '4s';

let chain;

before(async () => {
    chain = await startTronChain({ on: ON_JUSTLEND, accounts: 40 });
});
after(() => chain?.anvil.stop());

/** What is seen is compared afterwards, by the oracle and the markets that stand then. */
const play = (blocks, without = []) => compoundStep(chain.world, { blocks, without: ['passBlocks', 'configure', ...without] });

/** Live at the head after some blocks, everything equal to the contracts, and still the same process. */
async function recovers(watched) {
    const { pid } = watched.daemon;
    for (let i = 0; i < 20; i++) {
        await watched.mine();
        await watched.settled();
        if ((await watched.state()).protocol.state === 'live') break;
    }
    await watched.verifyLive();
    assert.equal(watched.daemon.pid, pid);
    assert.ok(!watched.daemon.hasEnded);
}

describe('JustLend on a TRON node that misbehaves', () => {
    let watched;

    before(async () => {
        watched = await watch(chain, { staleAfter: STALE_AFTER });
        await watched.settled();
        await watched.verifyShown();
    });
    after(() => watched?.stop());

    /** Begins the fault, lets `act` happen, heals it, and answers what was seen until all was well again. */
    async function suffer(fault, act) {
        const none = Object.fromEntries(Object.keys(fault).map((name) => [name, watched.faults[name]]));
        const watching = witness(watched);
        try {
            Object.assign(watched.faults, fault);
            await act();
        } finally {
            Object.assign(watched.faults, none);
        }
        const failed = await recovers(watched).catch((problem) => problem);
        const seen = await watching.ended();
        if (failed) throw failed;
        return seen;
    }

    /** The chain is stale, and it and its protocol say why. The last round is still there to be looked at. */
    async function isStale(words) {
        const { chain: state, protocol } = await watched.until(({ chain: one }) => one.state === 'stale' && words.test(one.reason), `stale: ${words}`);
        assert.equal(protocol.state, 'stale', protocol.reason);
        assert.ok(protocol.reason, JSON.stringify(state));
        assert.ok(await watched.verifyShown(), 'something is shown');
    }

    test('the head is that of a backend three blocks behind', { timeout: 120_000 }, async () => {
        await suffer({ headLag: 3 }, async () => {
            await play(5);
            await isStale(/the head moved on|which is behind|keeps no state/);
        });
    });

    test('calls run at a backend two blocks behind', { timeout: 120_000 }, async () => {
        await suffer({ callLag: 2 }, async () => {
            await play(3);
            await isStale(/which is behind/);
        });
    });

    const refusals = {
        trongrid: [/HTTP 403: The key exceeds the frequency limit\(15\)/],
        too_many: [/HTTP 429: The key exceeds the frequency limit\(15\)/],
        page: [/HTTP 503: .*Service Temporarily Unavailable/, { retryAfter: 1 }],
    };
    for (const [refusal, [words, more = {}]] of Object.entries(refusals)) {
        test(`every request is refused: ${refusal}`, { timeout: 120_000 }, async () => {
            const seen = await suffer({ refusals: Infinity, refusal, ...more }, async () => {
                await play(2);
                await isStale(words);
                const [endpoint] = (await watched.state()).chain.endpoints;
                assert.equal(endpoint.up, false);
                assert.match(endpoint.last_error, words);
            });
            assert.ok(seen.states.includes('stale'), seen.states.join());
        });
    }

    const owes = ({ bySymbol }, symbol) => bySymbol[symbol].borrow > 0n;
    const isFree = ({ view }) => view !== null && view[0] === 0n && view[1] > 10n ** 6n;

    /** Mines what was queued, all of which must succeed, and lets the daemon see it. */
    async function mineAll() {
        await chain.world.chain.mineAll({ seconds: 3 });
        await watched.settled();
    }

    const isDoubted = (words) => watched.until(({ protocol }) => protocol.state === 'unverified' && words.test(protocol.reason), `unverified: ${words}`);

    test('borrows of which no log comes: what they made wrong is not live again before it is read', { timeout: 120_000 }, async () => {
        const { market } = chain.world;
        const { accounts } = await chain.world.read();
        const able = accounts.filter(isFree);
        const [first, second] = able.filter((one) => owes(one, 'USDT'));
        const newcomer = able.find(({ bySymbol }) => Object.values(bySymbol).every(({ borrow }) => borrow === 0n));
        assert.ok(first && second && newcomer);
        await suffer({ dropLogs: () => true }, async () => {
            for (const { address } of [first, second, newcomer]) {
                market.borrow(address, 'USDT', 1n);
                await mineAll();
            }
            await isDoubted(/USDT: (the borrow index is|logs of it since block \d+ were missing)/);
        });
        const { rows } = await watched.verifyShown();
        assert.ok(rows.some(({ account }) => account.toLowerCase() === newcomer.address.toLowerCase()));
    });

    test('a deposit of which no log comes, by one who owes elsewhere', { timeout: 120_000 }, async () => {
        const { market, accounts: all } = chain.world;
        const { accounts } = await chain.world.read();
        for (const [gone, owed] of [['DAI', 'USDT'], ['USDT', 'DAI']]) {
            const who = accounts.find((one) => all.includes(one.address) && owes(one, owed) && !owes(one, gone));
            await suffer({ dropLogs: () => true }, async () => {
                market.supply(who.address, gone, 10n ** BigInt(market.market(gone).decimals));
                market.enter(who.address, [gone]);
                await mineAll();
                await new Promise((resolve) => setTimeout(resolve, 300));
            });
        }
    });

    test('the newest blocks are there, but not yet what their transactions did', { timeout: 120_000 }, async () => {
        // Logs that were missing before are asked for again first.
        for (let i = 0; i < 8; i++) {
            await watched.mine();
            await watched.settled();
        }
        const seen = await suffer({ lateLogs: 2 }, async () => {
            await play(3);
            await isStale(/not yet what its transactions did|the head moved on|keeps no state/);
        });
        assert.ok(seen.states.includes('stale'), seen.states.join());
    });

    test('logs of the newest blocks come by /wallet before they do by /jsonrpc', { timeout: 120_000 }, async () => {
        const seen = await suffer({ lateRpcLogs: 2 }, async () => {
            for (let i = 0; i < 6; i++) {
                await play(1);
                await watched.settled();
            }
        });
        assert.ok(seen.states.includes('live'), seen.states.join());
        assert.ok(!seen.states.includes('unverified'), seen.states.join());
    });

    test('three blocks in one round, of which no logs of the middle one come', { timeout: 120_000 }, async () => {
        const { market } = chain.world;
        const { accounts } = await chain.world.read();
        const debtors = accounts.filter((one) => isFree(one) && owes(one, 'USDT'));
        const middle = chain.anvil.chain.number + 2;
        await suffer({ isDown: true, dropLogs: ({ blockNumber }) => Number(blockNumber) === middle }, async () => {
            for (const i of [0, 1, 0]) {
                market.borrow(debtors[i].address, 'USDT', 1n);
                await chain.world.chain.mineAll({ seconds: 3 });
            }
            watched.faults.isDown = false;
            await watched.settled();
            // The index of the newest block was told: only the totals do not join.
            await isDoubted(new RegExp(`USDT: logs of it since block \\d+ were missing`));
        });
    });

    /** Empty blocks until the daemon has taken late logs in; then everything shown is exact, and live. */
    async function takesLateLogs(block) {
        const words = new RegExp(`logs of blocks (${block} to \\d+|\\d+ to ${block}) came late`);
        for (let i = 0; i < 8 && !words.test(watched.daemon.lastLines(10_000)); i++) {
            await watched.mine();
            await watched.settled();
        }
        assert.match(watched.daemon.lastLines(10_000), words);
        await recovers(watched);
    }

    /** Mines what was queued without its logs, which are there again after the round. */
    async function mineLate() {
        const number = chain.anvil.chain.number + 1;
        watched.faults.dropLogs = ({ blockNumber }) => Number(blockNumber) === number;
        await mineAll();
        watched.faults.dropLogs = () => false;
        return number;
    }

    test('a transfer of cTokens that comes late', { timeout: 120_000 }, async () => {
        const { market, liquidator } = chain.world;
        const { accounts } = await chain.world.read();
        const sender = accounts.find((one) => isFree(one) && owes(one, 'USDT') && one.bySymbol.TRX.cTokens > 10n ** 6n);
        market.transfer(sender.address, 'TRX', liquidator, 1n);
        await takesLateLogs(await mineLate());
    });

    test('a market that was entered, which comes late', { timeout: 120_000 }, async () => {
        const { market, accounts: all } = chain.world;
        const holder = (await chain.world.read()).accounts.find(
            (one) => all.includes(one.address) && isFree(one) && owes(one, 'USDT') && !one.bySymbol.JST.entered,
        );
        market.supply(holder.address, 'JST', 10n ** BigInt(market.market('JST').decimals));
        await mineAll();
        market.enter(holder.address, ['JST']);
        await takesLateLogs(await mineLate());
    });

    test('a liquidation that comes late is told once, at its block, whatever is killed', { timeout: 180_000 }, async () => {
        const { market, liquidator } = chain.world;
        const { accounts } = await chain.world.read();
        const victim = accounts.find((one) => isFree(one) && owes(one, 'USDT') && one.bySymbol.TRX.entered && one.bySymbol.TRX.cTokens > 10n ** 6n);
        const told = async () => (await watched.daemon.rows('liquidations')).filter(({ block }) => block === number);
        // By the store: the archive drops days that are long ago, and the chain's clock is not ours.
        const alerts = async () => (await watched.daemon.rows('alerts', { type: 'position.liquidated.fired' })).filter(({ data }) => data.block.number === number);
        const price = market.price('USDT');
        market.setPrice('USDT', price * 40n);
        await mineAll();
        market.liquidate(liquidator, 'TRX', 'USDT', victim.address, 1_000n);
        market.setPrice('USDT', price);
        const number = await mineLate();
        await takesLateLogs(number);
        assert.equal((await told()).length, 1, JSON.stringify(await told()));
        assert.equal((await alerts()).length, 1);
        await watched.daemon.kill();
        watched.daemon.start();
        await watched.mine();
        await watched.settled();
        await takesLateLogs(number);
        assert.equal((await told()).length, 1);
        assert.equal((await alerts()).length, 1);
    });
});

describe('JustLend on endpoints that offer less', () => {
    const PAGES = { offers: ['wallet', 'walletsolidity', 'v1'] };

    /** A daemon of its own that meets the fault from its first request on. */
    async function met(gateway, fault, act) {
        const watched = await watch(chain, { staleAfter: STALE_AFTER, gateways: [gateway] });
        try {
            Object.assign(watched.faults, fault);
            await act(watched);
        } finally {
            await watched.stop();
        }
    }

    const pagesOf = ({ gateways }) => gateways[0].requests.filter(({ path }) => path.startsWith('/v1/contracts/'));

    test('event pages that lose their fingerprint: nobody is missed', { timeout: 120_000 }, async () => {
        await met(PAGES, { losesFingerprint: true, largestPage: 20 }, async (watched) => {
            await watched.settled();
            await recovers(watched);
            // The first page of USDT's events is not its only one.
            const usdt = pagesOf(watched).filter(({ path }) => path.includes(toBase58(chain.world.market.market('USDT').cToken)));
            assert.ok(usdt.length > 2 && usdt.every(({ query }) => !query.includes('fingerprint=')), `${usdt.length} pages`);
            Object.assign(watched.faults, { losesFingerprint: false, largestPage: 200 });
            await play(1);
            await recovers(watched);
        });
    });

    test('event pages that are a hundred blocks late: nobody is missed', { timeout: 120_000 }, async () => {
        await met(PAGES, { lateEvents: 100 }, async (watched) => {
            await watched.settled();
            await recovers(watched);
            assert.ok(pagesOf(watched).length > 0);
            watched.faults.lateEvents = 0;
            await play(1);
            await recovers(watched);
        });
    });

    test('eth_call runs two blocks away from the one it is asked about', { timeout: 120_000 }, async () => {
        await met({ offers: ['jsonrpc'] }, {}, async (watched) => {
            await watched.settled();
            await recovers(watched);
            const watching = witness(watched);
            watched.faults.callLag = 2;
            await play(2);
            await watched.until(({ chain: one }) => one.state === 'stale' && /which is behind/.test(one.reason), 'stale');
            watched.faults.callLag = 0;
            await recovers(watched);
            await watching.ended();
        });
    });
});

describe('JustLend at a pace', () => {
    const BLOCK_MS = 1_000; // a third of TRON's, on a third of its patience
    const BLOCKS = 25;
    const MOST_BEHIND = 3;

    /** Two of many who supply, borrow or repay a little. */
    function queueSome({ market, rng, accounts }) {
        for (const address of rng.shuffle(accounts).slice(0, 2)) {
            const symbol = rng.pick(['USDT', 'DAI', 'TRX']);
            const amount = 10n ** BigInt(market.market(symbol).decimals);
            rng.pick([market.supply, market.borrow, market.repay]).call(market, address, symbol, amount);
        }
    }

    test(`a block each ${BLOCK_MS} ms: never more than ${MOST_BEHIND} behind`, { timeout: 120_000 }, async () => {
        const watched = await watch(chain, { staleAfter: STALE_AFTER });
        try {
            await watched.settled();
            await recovers(watched);
            const first = chain.anvil.chain.number;
            const behind = [];
            let isOver = false;
            const looking = (async () => {
                while (!isOver) {
                    const head = chain.anvil.chain.number;
                    const { chain: state } = await watched.state();
                    behind.push(head - state.processed);
                    assert.equal(state.state, 'live', JSON.stringify(state));
                    await new Promise((resolve) => setTimeout(resolve, 100));
                }
            })();
            looking.catch(() => {}); // told below
            const started = Date.now();
            for (let i = 1; i <= BLOCKS; i++) {
                queueSome(chain.world);
                await chain.world.mine({ seconds: 3 });
                await new Promise((resolve) => setTimeout(resolve, Math.max(0, started + i * BLOCK_MS - Date.now())));
            }
            isOver = true;
            await looking;
            assert.equal(chain.anvil.chain.number, first + BLOCKS);
            assert.ok(behind.length >= BLOCKS, `looked ${behind.length} times`);
            assert.ok(Math.max(...behind) <= MOST_BEHIND, `behind by ${behind.join(' ')}`);
            await recovers(watched);
        } finally {
            await watched.stop();
        }
    });
});
