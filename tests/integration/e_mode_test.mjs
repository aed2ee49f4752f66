// Another threshold of an e-mode category, foretold by the daemon and then set with the real configurator:
// those who become liquidatable are those foretold, by the contract's own health factors, with categories in
// an asset's configuration (3.0) and with bitmaps (latest).
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, describe, test } from 'node:test';
import { promisify } from 'node:util';

import { derivedAddress } from '../devnet/contract.mjs';
import { worth } from '../devnet/liquidity.mjs';
import { PROTOCOL } from '../differential/daemon.mjs';
import { BINARY, startMarket } from './market.mjs';

const WAD = 10n ** 18n;

/** Each supplies collateral worth the dollars, and owes a share of it. */
const ACCOUNTS = [
    // In the category, near its limit.
    { name: 'near', category: 1, supply: [['wstETH', 100_000]], borrow: ['WETH', 89_000], falls: [1] },
    // A part of the collateral is outside the category.
    { name: 'mixed', category: 1, supply: [['weETH', 60_000], ['WBTC', 40_000]], borrow: ['WETH', 82_500], falls: [1] },
    { name: 'far', category: 1, supply: [['WETH', 100_000]], borrow: ['wstETH', 40_000], falls: [] },
    // The same assets, no category.
    { name: 'outside', category: 0, supply: [['wstETH', 100_000]], borrow: ['WETH', 76_000], falls: [] },
    // Of another category. On latest USDT counts nowhere else.
    { name: 'stable', category: 2, supply: [['DAI', 100_000]], borrow: ['USDC', 88_000], falls: [2] },
    { name: 'only-here', category: 2, supply: [['USDT', 100_000]], borrow: ['USDC', 86_000], falls: [2], only: 'latest' },
];

/** What is supposed, as the contracts allow it: on 3.0 above the members' own thresholds. */
const CHANGES = [
    { id: 1, ltv: 8350, threshold: 8400, bonus: 10100, label: 'ETH correlated' },
    { id: 2, ltv: 7900, threshold: 8000, bonus: 10100, label: 'Stablecoins' },
];

async function plimsoll(market, ...args) {
    const { stdout } = await promisify(execFile)(BINARY, [...args, '--config', market.daemon.config]);
    return stdout;
}

async function open(market, release) {
    const { world } = market;
    const accounts = new Map();
    for (const one of ACCOUNTS) {
        if ((one.only ?? release) !== release) continue;
        const address = derivedAddress(`e-mode ${one.name}`);
        accounts.set(address, one);
        for (const [symbol, dollars] of one.supply) {
            const amount = worth(world.market, symbol, dollars);
            world.market.mintMany(symbol, [address], amount);
            await world.chain.mineAll();
            world.market.supply(address, symbol, amount);
        }
        await world.chain.mineAll();
        if (one.category !== 0) world.market.setEMode(address, one.category);
        if (one.supply.some(([symbol]) => symbol === 'USDT')) world.market.setCollateral(address, 'USDT', true);
        await world.chain.mineAll();
        world.market.borrow(address, one.borrow[0], worth(world.market, ...one.borrow));
        await world.chain.mineAll();
    }
    await market.settled();
    return accounts;
}

for (const release of ['3.0', 'latest']) {
    describe(`e-mode categories of ${release}`, async () => {
        let market;
        let accounts;
        after(() => market?.stop());
        const health = async (account) => (await market.world.market.pool.read('getUserAccountData', [account]))[5];
        const liquidatable = async () => new Set((await market.daemon.positions()).filter((row) => row.liquidatable).map(({ account }) => account));

        test('a market with accounts in categories', async () => {
            market = await startMarket({ release, accounts: 60, seed: 5 });
            accounts = await open(market, release);
            const rows = new Map((await market.daemon.positions()).map((row) => [row.account, row]));
            for (const [account, { name, category }] of accounts) {
                assert.ok(await health(account) >= WAD, name);
                assert.equal(rows.get(account)?.e_mode, category, name);
            }
        });

        for (const change of CHANGES) {
            test(`category ${change.id}: those foretold fall`, async () => {
                const before = await liquidatable();
                const percent = change.threshold / 100;
                const foretold = await market.daemon.get(`/v1/what-if?e_mode=${change.id}&threshold=${percent}&limit=1000`);
                const table = await plimsoll(market, 'what-if', '--e-mode', `${change.id}`, '--threshold', `${percent}`);
                const csv = await plimsoll(market, 'what-if', '--e-mode', `${change.id}`, '--threshold', `${percent}`, '--format', 'csv');
                const lines = (await plimsoll(market, 'what-if', '--e-mode', `${change.id}`, '--threshold', `${percent}`, '--json')).trim().split('\n').map((line) => JSON.parse(line));
                market.world.market.setEModeCategory(change);
                await market.world.chain.mineAll();
                await market.settled();

                const fresh = [...await liquidatable()].filter((account) => !before.has(account)).sort();
                assert.deepEqual(foretold.rows.map(({ account }) => account).sort(), fresh);
                for (const account of fresh) assert.ok(await health(account) < WAD);
                for (const [account, { name, falls }] of accounts) {
                    if (!before.has(account)) assert.equal(fresh.includes(account), falls.includes(change.id), name);
                }
                const [summary] = foretold.summary;
                assert.equal(foretold.summary.length, 1);
                assert.equal(summary.protocol, PROTOCOL);
                assert.equal(summary.e_mode, change.id);
                assert.equal(summary.supposed_threshold, String(change.threshold));
                assert.ok(Number(summary.liquidation_threshold) > change.threshold);
                assert.equal(summary.positions, fresh.length);
                assert.ok(summary.e_mode_assets.includes(change.id === 1 ? 'wstETH' : 'DAI'));
                assert.equal(summary.e_mode_assets.includes('USDT'), change.id === 2 && release === 'latest', 'on 3.0 it counts nowhere');
                assert.deepEqual(lines.filter(({ row }) => row === 'position').map(({ account }) => account).sort(), fresh);
                assert.deepEqual(lines[0].e_mode_assets, summary.e_mode_assets);
                for (const account of fresh) assert.ok(table.includes(account) && csv.includes(account));
                assert.match(table, /e-mode \d/);
                assert.match(csv.split('\n')[0], /e_mode_assets/);
                const then = await market.daemon.get(`/v1/what-if?e_mode=${change.id}&threshold=${percent}`);
                assert.equal(then.summary[0].liquidation_threshold, String(change.threshold));
                assert.equal(then.summary[0].positions, 0, 'it is so');
            });
        }

        test('a question that makes no sense is told what would', async () => {
            const refused = async (...args) => {
                const error = await plimsoll(market, 'what-if', ...args).then(() => null, (thrown) => thrown);
                assert.equal(error?.code, 64, args.join(' '));
                return error.stderr;
            };
            assert.match(await refused('--e-mode', '9', '--threshold', '90'), new RegExp(`no category 9; those that there are: ${PROTOCOL} 1, 2, 3`));
            assert.match(await refused('--e-mode', '300', '--threshold', '90'), /from 1 to 255/);
            assert.match(await refused('WETH', '--e-mode', '1', '--threshold', '90'), /leave WETH out/);
            assert.match(await refused('--e-mode', '1'), /--threshold/);
            assert.match(await refused('--e-mode', '1', '--price', '90'), /--threshold/);
            assert.match(await refused('--threshold', '90'), /--e-mode 1 --threshold 90/);
            assert.match(await refused(), /an asset or group, such as ETH, or an e-mode category/);
        });
    });
}
