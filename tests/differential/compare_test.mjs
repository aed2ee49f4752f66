// A comparison that cannot fail is worth nothing: these tests plant faults, and each must be
// found. node --test compare_test.mjs

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { startAnvil } from '../devnet/anvil.mjs';
import { Rng } from '../devnet/prng.mjs';
import { WAD, readBalances, readWorld } from '../devnet/reader.mjs';
import { step } from '../devnet/step.mjs';
import { GENESIS, buildWorld } from '../devnet/world.mjs';
import { readArguments } from './aave_v3.mjs';
import { Certifier } from './certify.mjs';
import { Tally, borrowers, compareLiquidations, compareMarkets, comparePositions, compareStatus, compareTvl } from './compare.mjs';
import { FAULTS } from './fake/faults.mjs';
import { claims } from './fake/claims.mjs';
import { perfectRows } from './fake/rows.mjs';

const HERE = path.dirname(fileURLToPath(import.meta.url));
const NAMES = { chainName: 'devnet', protocolName: 'aave-v3-devnet' };

describe('the comparison', () => {
    let anvil;
    let world;
    let reading;
    let balances;
    let perfect;
    let events;

    before(async () => {
        anvil = await startAnvil({ timestamp: GENESIS });
        world = await buildWorld(anvil.chain, { release: '3.0', seed: 3, accounts: 100 });
        await step(world, { blocks: 4, weights: { moveEthPrice: 40 } });
        const head = anvil.chain.head();
        reading = await readWorld(world.market, world.everyone(), head);
        reading.sourcedCategories = new Set(world.market.state.sources.filter(({ unused }) => !unused).map(({ id }) => id));
        balances = await readBalances(world.market, borrowers(reading).map(({ address }) => address), head.hash);
        perfect = await perfectRows(anvil.chain, world.market.provider.address, head, NAMES);
        events = perfect.liquidations.map((row) => ({ ...row, collateral_raw: BigInt(row.collateral_raw), debt_raw: BigInt(row.debt_raw) }));
    });
    after(() => anvil.stop());

    function mismatches(rows) {
        const tally = new Tally();
        compareStatus(tally, rows.status, NAMES, reading);
        comparePositions(tally, rows.positions, reading, balances);
        compareMarkets(tally, rows.markets, reading);
        compareTvl(tally, rows.tvl, reading);
        compareLiquidations(tally, rows.liquidations, events);
        assert.ok(tally.comparisons > 1_000);
        return tally.mismatches;
    }

    test('perfect rows have no mismatch', () => assert.deepEqual(mismatches(perfect), []));

    test('the world has accounts whose view reverts', () => {
        assert.ok(perfect.positions.some(({ contract_view: view }) => view === null));
    });

    test('every planted fault is found', async (t) => {
        for (const [name, plant] of Object.entries(FAULTS)) {
            if (name === 'none') continue;
            await t.test(name, () => assert.ok(mismatches(plant(perfect)).length > 0, `${name} went unseen`));
        }
    });
});

for (const release of ['3.0', 'latest']) {
    describe(`the certifier on Aave ${release}`, () => {
        let anvil;
        let world;
        let reading;
        let rows;

        before(async () => {
            anvil = await startAnvil({ timestamp: GENESIS });
            world = await buildWorld(anvil.chain, { release, seed: 8, accounts: 100 });
            reading = await readWorld(world.market, world.everyone(), anvil.chain.head());
            const perfect = await perfectRows(anvil.chain, world.market.provider.address, reading.block, NAMES);
            const wanted = [...world.cases.short, ...world.cases.silent, ...world.cases.sameAssetBothSides, ...world.cases.eModeEth];
            const known = perfect.positions.filter(({ account, contract_view: view }) => view && wanted.includes(account));
            const nearEdge = perfect.positions
                .filter(({ health_factor: health }) => health && BigInt(health) > WAD && BigInt(health) < (WAD * 11n) / 10n)
                .sort((a, b) => (BigInt(a.health_factor) < BigInt(b.health_factor) ? -1 : 1))
                .slice(0, 5);
            rows = [...new Set([...known, ...nearEdge])];
            for (const row of rows) Object.assign(row, await claims(world.market, reading, row));
        });
        after(() => anvil.stop());

        async function certify(list) {
            const tally = new Tally();
            const certifier = new Certifier({ market: world.market, reading, tally, rng: new Rng(1) });
            for (const row of list) certifier.add(row);
            return { certified: await certifier.run(), tally };
        }

        const everyClaim = () =>
            rows.flatMap((row) => [...row.collateral, ...row.debt].flatMap(({ liquidation_price: p }) => [p.alone, p.group])).filter(Boolean);

        test('prices found by bisection on the contract are certified', async () => {
            const { certified, tally } = await certify(rows);
            assert.deepEqual(tally.mismatches, []);
            assert.ok(certified > 8, `${certified}`);
            const sides = new Set(everyClaim().map(({ side }) => side));
            assert.deepEqual([...sides].sort(), ['above', 'below']);
            assert.ok(rows.some(({ liquidation_time: time }) => time !== null), 'no time to certify');
        });

        test('a price one unit off is found, on either side', async () => {
            for (const off of [1n, -1n]) {
                for (const row of rows) {
                    const copy = structuredClone(row);
                    const entry = [...copy.collateral, ...copy.debt].find(({ liquidation_price: p }) => p.alone);
                    if (!entry) continue;
                    const claim = entry.liquidation_price.alone;
                    claim.price_raw = String(BigInt(claim.price_raw) + off);
                    const { tally } = await certify([copy]);
                    assert.ok(tally.mismatches.length > 0, `${row.account} ${entry.asset} ${off}`);
                }
            }
        });

        test('a claim left out, a wrong side and a wrong second are found', async () => {
            const changes = {
                leftOut: ({ alone }) => (alone ? { alone: null } : null),
                otherSide: ({ alone }) => (alone ? { alone: { ...alone, side: alone.side === 'below' ? 'above' : 'below' } } : null),
                groupLeftOut: ({ group }) => (group ? { group: null } : null),
            };
            for (const [name, change] of Object.entries(changes)) {
                const copy = structuredClone(rows.find((row) => row.collateral.some(({ liquidation_price: p }) => change(p))));
                const entry = copy.collateral.find(({ liquidation_price: p }) => change(p));
                Object.assign(entry.liquidation_price, change(entry.liquidation_price));
                assert.ok((await certify([copy])).tally.mismatches.length > 0, name);
            }
            const timed = rows.find(({ liquidation_time: time }) => time !== null);
            for (const time of [timed.liquidation_time + 1, timed.liquidation_time - 1, null]) {
                const { tally } = await certify([{ ...timed, liquidation_time: time }]);
                assert.ok(tally.mismatches.length > 0, `time ${time}`);
            }
        });
    });
}

describe('the driver', () => {
    function drive(fault, ...args) {
        const env = { ...process.env, PLIMSOLL_BIN: path.join(HERE, 'fake/plimsoll.mjs'), PLIMSOLL_FAKE_FAULT: fault };
        const small = ['--steps', '1', '--accounts', '75', '--prices', '0', '--seed', '21'];
        const child = spawn(process.execPath, [path.join(HERE, 'aave_v3.mjs'), ...small, ...args], { env });
        let out = '';
        let err = '';
        child.stdout.on('data', (part) => (out += part));
        child.stderr.on('data', (part) => (err += part));
        return new Promise((resolve) => child.once('close', (code) => resolve({ code, out, err })));
    }

    test('passes a perfect daemon, through reorganisations and kills', async () => {
        const { code, out, err } = await drive('none', '--release', 'latest');
        assert.equal(code, 0, err);
        assert.match(out, /^mismatches: 0 accounts: \d+ comparisons: \d{4,} blocks: 7 reorgs: 2\n$/);
    });

    test('fails on one wrong digit and says where', async () => {
        const { code, out, err } = await drive('totalDebt', '--release', '3.0');
        assert.equal(code, 1);
        assert.match(err, /MISMATCH release 3\.0 seed 21 step 1: 0x\w{40}: contract_view\.totalDebtBase: contract "\d+" plimsoll "\d+"/);
        assert.match(out, /^mismatches: [1-9]\d* /);
    });

    test('fails when there is no binary', async () => {
        const env = { ...process.env, PLIMSOLL_BIN: '/nonexistent/plimsoll' };
        const child = spawn(process.execPath, [path.join(HERE, 'aave_v3.mjs'), '--accounts', '75'], { env, stdio: 'ignore' });
        assert.equal(await new Promise((resolve) => child.once('close', resolve)), 1);
    });

    test('refuses arguments it does not understand', () => {
        assert.throws(() => readArguments(['--release', '2.0']));
        assert.throws(() => readArguments(['--steps', 'many']));
        assert.throws(() => readArguments(['--depth', '3']));
    });
});
