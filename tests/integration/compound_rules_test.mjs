// Watched accounts and parameter changes on the contracts of the Compound V2 family: what an account did
// and how much it was, and whom a lower collateral factor endangers.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { ETH_GROUP, SCALE } from '../devnet/compound_market.mjs';
import { buildCompoundWorld } from '../devnet/compound_world.mjs';
import { derivedAddress } from '../devnet/contract.mjs';
import { archived } from './archive.mjs';
import { startMarket } from './market.mjs';

const PROTOCOL = 'compound-devnet';
const TREASURY = derivedAddress('watched treasury');
const FRIEND = derivedAddress('watched friend');

const RULES = `
[watch.treasury]
label = "Treasury"
accounts = ["${TREASURY}", "${FRIEND}"]
[rules.activity]
when = "activity"
severity = "info"
[rules.parameters]
when = "parameters_changed"
[rules.dangerous-parameters]
when = "parameters_changed"
min_debt = 1
severity = "critical"
[rules.paused]
when = "paused"
[rules.bad-debt]
when = "bad_debt_usd >= 1"
[rules.drop]
when = "tvl_drop_pct >= 20"
`;

const COMPOUND = {
    genesis: 1_769_299_200,
    build: buildCompoundWorld,
    parts: ({ market }) => ({
        provider: market.comptroller.address,
        subject: {
            name: PROTOCOL,
            kind: 'compound-v2',
            chainKind: 'evm',
            groups: { ETH: ETH_GROUP },
            bands: { 'eth-upper': ['ETH', 1900, 2100] },
        },
    }),
};

const raw = (amount) => BigInt(amount.raw);

for (const release of ['venus', 'justlend']) {
    describe(release, () => {
        let market;
        let compound;
        let told = 0; // how many lines of the archive the last look has seen

        const alerts = () => archived(market.folder);

        async function of(type, rule, more = () => true) {
            const deadline = Date.now() + 20_000;
            for (;;) {
                const found = alerts().slice(told).find((one) => one.type === type && one.data.rule === rule && more(one.data));
                if (found) return found;
                if (Date.now() > deadline) {
                    const seen = alerts().slice(told).map(({ type: name, data }) => `${name} ${data.rule} ${data.subject} ${data.action ?? ''}`);
                    throw new Error(`no ${type} of ${rule}\n${seen.join('\n')}\n${market.daemon.lastLines()}`);
                }
                await new Promise((resolve) => setTimeout(resolve, 50));
            }
        }

        const activity = (action, account = TREASURY) =>
            of('position.activity.fired', 'activity', (data) => data.action === action && data.subject === account);

        async function play() {
            told = alerts().length;
            const block = await market.world.mine();
            assert.deepEqual(block.tickets.filter(({ ok }) => !ok).map(({ label }) => label), []);
            await market.settled();
            return block;
        }

        const units = (symbol, count) => BigInt(count) * 10n ** BigInt(compound.market(symbol).decimals);

        /** What the daemon says a liquidator can take is what the contracts let through, and no more. */
        async function tryOffers(accounts) {
            const { chain, liquidator } = market.world;
            const rows = (await market.daemon.positions()).filter(({ account }) => accounts.includes(account));
            assert.ok(rows.every(({ liquidation_offers: offers }) => offers.length > 0));
            const symbolOf = (cToken) => compound.markets.find((one) => one.cToken.toLowerCase() === cToken.toLowerCase()).symbol;
            for (const { account, liquidation_offers: offers } of rows.slice(0, 6)) {
                const [offer] = offers;
                const [debt, collateral] = [symbolOf(offer.debt_market), symbolOf(offer.collateral_market)];
                const vault = compound.cToken(collateral);
                const seizedFor = async (repaid) => {
                    const before = await vault.read('balanceOf', [liquidator]);
                    compound.liquidate(liquidator, collateral, debt, account, repaid);
                    await chain.mine();
                    return (await vault.read('balanceOf', [liquidator])) - before;
                };
                const amount = BigInt(offer.debt_raw);
                assert.equal(await seizedFor(amount + amount / 100n + 1n), 0n, `more than ${amount} ${debt} of ${account}`);
                const shares = await seizedFor(amount);
                const rate = await vault.read('exchangeRateStored');
                const taken = (shares * rate) / SCALE;
                const expected = BigInt(offer.collateral_raw);
                const apart = taken > expected ? taken - expected : expected - taken;
                assert.ok(taken > 0n && apart <= expected / 10_000n + rate / SCALE + 1n, `${taken} ${collateral}, ${expected} was foretold`);
            }
            await play();
        }

        before(async () => {
            told = 0;
            market = await startMarket({ on: COMPOUND, release, accounts: 60, seed: 3, moreConfiguration: () => RULES });
            compound = market.world.market;
            await compound.fund([TREASURY, FRIEND], 10n ** 24n);
            compound.mintMany('USDT', [TREASURY], units('USDT', 1_000_000));
            await play();
        });
        after(() => market?.stop());

        test('a watched account: deposit, borrow, repayment, withdrawal', async () => {
            compound.supply(TREASURY, 'ETH', units('ETH', 10));
            compound.enter(TREASURY, ['ETH']);
            await play();
            const deposit = await activity('deposit');
            assert.equal(deposit.data.labels.watch, 'Treasury');
            assert.equal(deposit.data.asset, 'ETH');
            assert.equal(raw(deposit.data.amount), units('ETH', 10));
            assert.ok(raw(deposit.data.amount_usd) > 0n);

            compound.borrow(TREASURY, 'USDT', units('USDT', 1000));
            await play();
            assert.equal(raw((await activity('borrow')).data.amount), units('USDT', 1000));
            assert.equal(raw((await activity('borrow')).data.amount_usd) / 10n ** 8n > 0n, true);

            compound.repay(TREASURY, 'USDT', units('USDT', 400));
            compound.withdraw(TREASURY, 'ETH', units('ETH', 1));
            await play();
            assert.equal(raw((await activity('repay')).data.amount), units('USDT', 400));
            assert.equal(raw((await activity('withdraw')).data.amount), units('ETH', 1));
            assert.equal(alerts().slice(told).filter(({ type }) => type.startsWith('position.activity')).length, 2, 'no transfer besides');
        });

        test('a transfer of cTokens is told at both ends, in the underlying', async () => {
            const tokens = await compound.cToken('ETH').read('balanceOf', [TREASURY]);
            compound.transfer(TREASURY, 'ETH', FRIEND, tokens / 4n);
            await play();
            const sent = await activity('send');
            const received = await activity('receive', FRIEND);
            const rate = await compound.cToken('ETH').read('exchangeRateStored', []);
            assert.equal(raw(sent.data.amount), ((tokens / 4n) * rate) / SCALE);
            assert.deepEqual(received.data.amount, sent.data.amount);
            assert.equal(sent.data.other, FRIEND);
            assert.notEqual(received.id, sent.id);
        });

        test('a lower collateral factor: from, to, and whom it endangers', async () => {
            const liquidatable = async () => new Set((await market.daemon.positions()).filter((row) => row.liquidatable).map(({ account }) => account));
            const before = await liquidatable();
            const { token } = (await market.daemon.get('/v1/markets')).rows.find(({ asset }) => asset === 'ETH');
            const preview = await market.daemon.get(`/v1/what-if?collateral=${token}&threshold=10&limit=1000`);
            compound.setFactor('ETH', SCALE / 10n);
            const block = await play();
            const { data } = await of('market.parameters.fired', 'dangerous-parameters');
            assert.equal(data.subject, 'ETH');
            assert.equal(data.block.hash, block.hash);
            const [change] = data.changes.filter(({ parameter }) => parameter === 'collateral_factor');
            assert.equal(change.to, String(SCALE / 10n));
            assert.equal(change.decimals, 18);
            assert.ok(BigInt(change.from) > BigInt(change.to));
            const fresh = [...await liquidatable()].filter((account) => !before.has(account));
            assert.ok(fresh.length > 3, `${fresh.length} accounts became liquidatable`);
            assert.equal(preview.summary[0].positions, fresh.length, 'it was foretold');
            assert.deepEqual(preview.rows.map(({ account }) => account).sort(), [...fresh].sort());
            assert.equal(data.endangered.positions, fresh.length);
            const listed = data.endangered.accounts.map(({ account }) => account);
            assert.equal(listed.length, Math.min(20, fresh.length));
            assert.ok(listed.every((account) => fresh.includes(account)));
            for (const { health_factor: now, health_factor_before: then } of data.endangered.accounts) {
                assert.ok(raw(now) < SCALE && raw(then) >= SCALE);
            }
            await tryOffers(fresh);
            compound.setFactor('ETH', BigInt(change.from));
            const { hash } = await play();
            const back = await of('market.parameters.fired', 'parameters', (one) => one.block.hash === hash);
            assert.equal(back.data.endangered.positions, 0);
        });

        test('a close factor endangers nobody, and says so', async () => {
            compound.setCloseFactor((SCALE * 4n) / 10n);
            const { hash } = await play();
            const { data } = await of('market.parameters.fired', 'parameters', (one) => one.block.hash === hash);
            assert.equal(data.subject, 'comptroller');
            assert.equal(data.changes[0].parameter, 'close_factor');
            assert.equal(data.endangered, undefined);
            assert.ok(!alerts().some(({ data: { rule, block } }) => rule === 'dangerous-parameters' && block.hash === hash));
        });

        test('what a reorganisation undid is taken back', async () => {
            const { chain } = market.world;
            const snapshot = await chain.snapshot();
            const saved = market.world.save();
            compound.supply(TREASURY, 'ETH', units('ETH', 2));
            await play();
            const deposit = await activity('deposit');
            await chain.revert(snapshot);
            market.world.restore(saved);
            told = alerts().length;
            await chain.skip(3);
            await play();
            const deadline = Date.now() + 20_000;
            let retraction;
            while (!retraction && Date.now() < deadline) {
                retraction = alerts().find(({ data }) => data.retracts === deposit.id);
                if (!retraction) await new Promise((resolve) => setTimeout(resolve, 50));
            }
            assert.equal(retraction.data.reason, 'reorg');
            assert.equal(retraction.data.orphaned.hash, deposit.data.block.hash);
        });
    });
}
