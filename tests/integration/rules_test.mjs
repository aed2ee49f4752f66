// Every kind of rule that looks at more than health, on the real daemon and the real contracts: what a
// watched account does, a parameter change and whom it endangers, a pause, a jump, a drop, bad debt, a
// stale price; and that all of it is taken back when its block leaves the chain.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { derivedAddress } from '../devnet/contract.mjs';
import { units, worth } from '../devnet/liquidity.mjs';
import { PROTOCOL } from '../differential/daemon.mjs';
import { archived } from './archive.mjs';
import { startMarket } from './market.mjs';

const TREASURY = derivedAddress('watched treasury');
const FRIEND = derivedAddress('watched friend');
const STRANGER = derivedAddress('nobody watches');

const RULES = `
[watch.treasury]
label = "Treasury"
accounts = ["${TREASURY}"]
[watch.friends]
accounts = ["${FRIEND}"]

[rules.activity]
when = "activity"
severity = "info"
[rules.treasury-borrows]
when = "borrowed"
watch = ["treasury"]
min_usd = 3_000
[rules.treasury-health]
when = "health_factor < 2.5"
watch = ["treasury"]
[rules.parameters]
when = "parameters_changed"
[rules.dangerous-parameters]
when = "parameters_changed"
min_debt = 1
severity = "critical"
[rules.paused]
when = "paused"
[rules.frozen]
when = "frozen"
markets = ["GUSD"]
[rules.jump]
when = "price_jump_pct >= 10"
window = "5m"
markets = ["WBTC", "PEPE"]
[rules.drop]
when = "tvl_drop_pct >= 25"
window = "24h"
markets = ["DAI"]
[rules.bad-debt]
when = "bad_debt_usd >= 100_000"
[rules.stale]
when = "oracle_age > 6h"
markets = ["WBTC"]
[rules.no-price]
when = "oracle_down"
[rules.full]
when = "utilization > 0.99"
markets = ["*"]
[rules.covered]
when = "coverage < 1"
`;

let market;
let world;
let told = 0; // how many lines of the archive the last look has seen

const alerts = () => archived(market.folder);

const raw = (amount) => BigInt(amount.raw);

/** Waits for an alert among the new ones. */
async function alert(what, wanted) {
    const deadline = Date.now() + 20_000;
    for (;;) {
        const found = alerts().slice(told).find(wanted);
        if (found) return found;
        if (Date.now() > deadline) {
            const seen = alerts().slice(told).map(({ type, data }) => `${type} ${data.rule} ${data.subject}`);
            throw new Error(`no alert: ${what}\n${seen.join('\n')}\n${market.daemon.lastLines()}`);
        }
        await new Promise((resolve) => setTimeout(resolve, 50));
    }
}

const of = (type, rule, more = () => true) => alert(`${type} of ${rule}`, (one) => one.type === type && one.data.rule === rule && more(one));

/** Mines what is queued and waits for the daemon; alerts of before do not count any more. */
async function play(options) {
    told = alerts().length;
    const block = await world.chain.mineAll(options);
    await market.settled();
    return block;
}

const activity = (action, account) => of('position.activity.fired', 'activity', ({ data }) => data.action === action && data.subject === account);

before(async () => {
    market = await startMarket({ accounts: 60, seed: 5, moreConfiguration: () => RULES });
    world = market.world;
    for (const symbol of ['WETH', 'USDC']) {
        world.market.mintMany(symbol, [TREASURY, FRIEND, STRANGER], units(world.market, symbol, 1_000_000));
    }
    await play();
});
after(() => market?.stop());

test('what holds already is told once, with the reason', async () => {
    const paused = await alert('NEAR is paused', ({ type, data }) => type === 'market.paused.firing' && data.subject === 'NEAR').catch(() => null)
        ?? alerts().find(({ type, data }) => type === 'market.paused.firing' && data.subject === 'NEAR');
    assert.equal(paused.data.reason, 'initial');
    const noPrice = alerts().find(({ type, data }) => type === 'oracle.stale.firing' && data.rule === 'no-price');
    assert.equal(noPrice.data.subject, 'LUSD');
    assert.equal(noPrice.data.has_price, false);
    assert.ok(!alerts().some(({ data }) => data.rule === 'covered'), 'everything is known');
});

test('a watched account without debt: deposit and withdrawal', async () => {
    const { market: aave } = world;
    aave.supply(TREASURY, 'WETH', units(aave, 'WETH', 10));
    aave.supply(STRANGER, 'WETH', units(aave, 'WETH', 10));
    const block = await play();
    const deposit = await activity('deposit', TREASURY);
    assert.equal(deposit.data.labels.watch, 'Treasury');
    assert.equal(deposit.data.asset, 'WETH');
    assert.equal(raw(deposit.data.amount), units(aave, 'WETH', 10));
    assert.equal(raw(deposit.data.amount_usd), 10n * aave.price('WETH'));
    assert.equal(deposit.data.tx.hash, block.tickets[0].hash);
    assert.equal(deposit.data.block.hash, block.hash);
    assert.equal(deposit.data.protocol, PROTOCOL);

    aave.withdraw(TREASURY, 'WETH', units(aave, 'WETH', 1));
    await play();
    const withdrawal = await activity('withdraw', TREASURY);
    assert.equal(raw(withdrawal.data.amount), units(aave, 'WETH', 1));
    assert.ok(!(await market.daemon.positions()).some(({ account }) => account === TREASURY), 'no debt, no position');
    assert.ok(!alerts().some(({ data }) => data.subject === STRANGER), 'nobody watches the stranger');
});

test('a watched account: borrow, its own health threshold, repayment, transfer', async () => {
    const { market: aave } = world;
    aave.borrow(TREASURY, 'USDC', 12_000_000_000n);
    aave.borrow(TREASURY, 'USDC', 1_000_000n);
    await play();
    const borrowed = await of('position.activity.fired', 'treasury-borrows');
    assert.equal(borrowed.data.action, 'borrow');
    assert.equal(raw(borrowed.data.amount), 12_000_000_000n);
    assert.equal(alerts().filter(({ data }) => data.rule === 'treasury-borrows').length, 1, 'one dollar is below min_usd');
    for (const amount of [12_000_000_000n, 1_000_000n]) {
        await of('position.activity.fired', 'activity', ({ data }) => raw(data.amount) === amount);
    }
    assert.equal(alerts().slice(told).filter(({ data }) => data.rule === 'activity').length, 2);
    const risky = await of('position.at_risk.firing', 'treasury-health');
    assert.equal(risky.data.subject, TREASURY);
    assert.equal(risky.data.labels.watch, 'Treasury');

    aave.repay(TREASURY, 'USDC', 7_000_000_000n);
    aave.transferAToken(TREASURY, 'WETH', FRIEND, units(aave, 'WETH', 1) / 2n);
    await play();
    const repaid = await activity('repay', TREASURY);
    assert.equal(raw(repaid.data.amount), 7_000_000_000n);
    const sent = await activity('send', TREASURY);
    assert.equal(sent.data.other, FRIEND);
    const received = await activity('receive', FRIEND);
    assert.equal(received.data.labels.watch, 'friends');
    assert.equal(received.data.tx.log_index, sent.data.tx.log_index);
    assert.notEqual(received.id, sent.id);
    await of('position.at_risk.resolved', 'treasury-health');
});

/** What the daemon says a liquidator can take is what the Pool lets through, a block of interest apart. */
async function tryOffers(rows) {
    const { market: aave, liquidator } = world;
    const token = ({ asset }) => aave.reserve(asset).token;
    const [refused, takeable] = [rows.filter((row) => row.liquidation_offers.length === 0), rows.filter((row) => row.liquidation_offers.length > 0)];
    assert.ok(takeable.length > refused.length);
    for (const { account, collateral, debt } of refused) {
        for (const [held, owed] of collateral.flatMap((one) => debt.map((other) => [one, other]))) {
            const data = aave.pool.data('liquidationCall', [token(held), token(owed), account, 2n ** 256n - 1n, false]);
            const call = market.anvil.rpc.call('eth_call', [{ from: liquidator, to: aave.pool.address, data }, 'latest']);
            await assert.rejects(call, /revert/, `${owed.asset} against ${held.asset} of ${account}`);
        }
    }
    const tried = takeable.slice(0, 4).map(({ account, debt, liquidation_offers: [offer] }) => ({ account, debt, offer }));
    for (const { account, debt, offer } of tried) {
        // A block later the whole debt is a little more, and so little must not be left.
        const isWhole = debt.some(({ amount_raw: owed, asset }) => asset === offer.debt_asset && owed === offer.debt_raw);
        const amount = isWhole ? 2n ** 256n - 1n : BigInt(offer.debt_raw);
        aave.liquidate(liquidator, offer.collateral_asset, offer.debt_asset, account, amount);
    }
    const { number } = await play();
    const done = (await market.daemon.get('/v1/liquidations?since=0')).rows.filter(({ block }) => block === number);
    assert.equal(done.length, tried.length);
    for (const { account, offer } of tried) {
        const row = done.find((one) => one.account === account);
        for (const field of ['debt_raw', 'collateral_raw', 'protocol_fee_raw']) {
            const [told, seen] = [BigInt(offer[field]), BigInt(row[field])];
            const apart = told > seen ? told - seen : seen - told;
            assert.ok(apart <= told / 1_000_000n + 1n, `${field} of ${account}: ${seen}, ${told} was foretold`);
        }
    }
}

test('a lower liquidation threshold: from, to, and whom it endangers', async () => {
    const { market: aave } = world;
    const liquidatable = async () => new Set((await market.daemon.positions()).filter((row) => row.liquidatable).map(({ account }) => account));
    const before = await liquidatable();
    const { ltv, threshold, bonus } = aave.reserve('WETH');
    const preview = await market.daemon.get('/v1/what-if?collateral=WETH&threshold=15&limit=1000');
    aave.setCollateralConfig('WETH', { ltv: 1000, threshold: 1500, bonus });
    const block = await play();
    const changed = await of('market.parameters.fired', 'dangerous-parameters');
    const { data } = changed;
    assert.equal(data.subject, 'WETH');
    assert.equal(data.severity, 'critical');
    assert.equal(data.block.hash, block.hash);
    const change = Object.fromEntries(data.changes.map(({ parameter, from, to }) => [parameter, [from, to]]));
    assert.deepEqual(change.liquidation_threshold, [String(threshold), '1500']);
    assert.deepEqual(change.ltv, [String(ltv), '1000']);
    const now = await liquidatable();
    const fresh = [...now].filter((account) => !before.has(account));
    assert.ok(fresh.length > 3, `${fresh.length} accounts became liquidatable`);
    assert.equal(preview.summary[0].supposed_threshold, '1500');
    assert.equal(preview.summary[0].liquidation_threshold, String(threshold));
    assert.equal(preview.summary[0].positions, fresh.length, 'it was foretold');
    assert.deepEqual(preview.rows.map(({ account }) => account).sort(), [...fresh].sort());
    assert.equal(data.endangered.positions, fresh.length);
    const listed = data.endangered.accounts.map(({ account }) => account);
    assert.equal(listed.length, Math.min(20, fresh.length));
    assert.ok(listed.every((account) => fresh.includes(account)));
    assert.equal((data.endangered.more ?? 0) + listed.length, fresh.length);
    for (const { health_factor: now, health_factor_before: then } of data.endangered.accounts) {
        assert.ok(raw(now) < 10n ** 18n && raw(then) >= 10n ** 18n);
    }
    const debts = new Map((await market.daemon.positions()).map((row) => [row.account, row]));
    const sum = fresh.reduce((total, account) => total + BigInt(debts.get(account).contract_view.totalDebtBase), 0n);
    assert.equal(raw(data.endangered.debt_usd), sum);
    for (const account of fresh) {
        await of('position.liquidatable.firing', 'liquidatable', (one) => one.data.subject === account);
    }
    assert.match(data.title, new RegExp(`${fresh.length} positions endangered`));
    await tryOffers(fresh.map((account) => debts.get(account)));

    aave.setCollateralConfig('WETH', { ltv, threshold, bonus });
    const { hash } = await play();
    const back = await of('market.parameters.fired', 'parameters', ({ data }) => data.block.hash === hash);
    assert.equal(back.data.endangered.positions, 0);
    assert.ok(!alerts().some(({ data }) => data.rule === 'dangerous-parameters' && data.block.hash === hash));
});

test('a reserve is paused and goes on, another one is frozen', async () => {
    const { market: aave } = world;
    aave.pauseReserve('USDT', true);
    aave.freezeReserve('GUSD', true);
    await play();
    const paused = await of('market.paused.firing', 'paused');
    assert.equal(paused.data.subject, 'USDT');
    assert.equal(paused.data.paused, true);
    assert.equal(paused.data.token, aave.reserve('USDT').token);
    const frozen = await of('market.paused.firing', 'frozen');
    assert.equal(frozen.data.subject, 'GUSD');
    assert.equal(frozen.data.frozen, true);
    const change = await of('market.parameters.fired', 'parameters', ({ data }) => data.subject === 'USDT');
    assert.deepEqual(change.data.changes, [{ from: 'false', parameter: 'paused', to: 'true' }]);
    aave.pauseReserve('USDT', false);
    aave.freezeReserve('GUSD', false);
    await play();
    await of('market.paused.resolved', 'paused', ({ data }) => data.subject === 'USDT');
    await of('market.paused.resolved', 'frozen');
});

test('a price jumps, and the jump is over when the window has passed', async () => {
    const { market: aave } = world;
    const price = aave.price('WBTC');
    aave.setPrice('WBTC', (price * 88n) / 100n);
    aave.setPrice('PEPE', (aave.price('PEPE') * 95n) / 100n);
    await play();
    const jump = await of('oracle.jump.firing', 'jump');
    assert.equal(jump.data.subject, 'WBTC');
    assert.equal(jump.data.jump_pct, '12.00');
    assert.equal(jump.data.direction, 'down');
    assert.equal(raw(jump.data.price), (price * 88n) / 100n);
    assert.equal(raw(jump.data.from.price), price);
    await play({ seconds: 400 });
    await of('oracle.jump.resolved', 'jump');
});

test('supplies leave a market; what was there before a restart is remembered', async () => {
    const { market: aave, whales } = world;
    const [row] = (await market.daemon.rows('markets', { protocol: PROTOCOL })).filter(({ asset }) => asset === 'DAI');
    await market.daemon.kill();
    const locked = BigInt(row.supplied_raw) - BigInt(row.borrowed_raw);
    for (const whale of whales) aave.withdraw(whale, 'DAI', (locked * 11n) / 100n);
    told = alerts().length;
    await world.chain.mineAll();
    market.daemon.start();
    await market.settled();
    const drop = await of('market.tvl_drop.firing', 'drop');
    assert.equal(drop.data.subject, 'DAI');
    const percent = Number(drop.data.drop_pct);
    assert.ok(percent >= 32 && percent <= 34, `${percent}%`);
    assert.ok(raw(drop.data.tvl_usd) < raw(drop.data.from.tvl_usd));
    assert.equal(drop.data.window_seconds, 86_400);
});

test('what a reorganisation undid is taken back', async () => {
    const { market: aave, chain } = world;
    const snapshot = await chain.snapshot();
    const saved = world.save();
    aave.supply(TREASURY, 'USDC', 5_000_000n);
    aave.pauseReserve('DAI', true);
    await play();
    const deposit = await activity('deposit', TREASURY);
    const paused = await of('market.paused.firing', 'paused');
    const change = await of('market.parameters.fired', 'parameters');
    await chain.revert(snapshot);
    world.restore(saved);
    await play({ seconds: 13 });
    await play({ seconds: 13 });
    for (const original of [deposit, paused, change]) {
        const retraction = alerts().find(({ data }) => data.retracts === original.id)
            ?? await alert(`retraction of ${original.type}`, ({ data }) => data.retracts === original.id);
        assert.equal(retraction.data.reason, 'reorg');
        assert.equal(retraction.data.orphaned.hash, original.data.block.hash);
    }
});

test('a feed that nobody updates is stale', async () => {
    await play({ seconds: 6 * 3600 - 1000 });
    await play({ seconds: 2000 });
    const stale = await of('oracle.stale.firing', 'stale');
    assert.equal(stale.data.subject, 'WBTC');
    assert.ok(stale.data.age_seconds > 6 * 3600);
    assert.equal(stale.data.age_seconds, stale.data.block.time - stale.data.price_updated_at);
    world.market.setPrice('WBTC', world.market.price('WBTC') + 1n);
    await play();
    await of('oracle.stale.resolved', 'stale');
});

test('a crash leaves bad debt, which the table has too', async () => {
    const { market: aave } = world;
    for (const symbol of ['WETH', 'wstETH', 'weETH']) aave.setPrice(symbol, aave.price(symbol) / 3n);
    await play();
    const bad = await of('market.bad_debt.firing', 'bad-debt');
    const [tvl] = await market.daemon.rows('tvl', { protocol: PROTOCOL });
    const cents = (amount) => Number(raw(amount) / 1_000_000n) / 100;
    assert.equal(cents(bad.data.bad_debt_usd), tvl.bad_debt_usd);
    const short = (await market.daemon.positions())
        .filter(({ contract_view: view }) => view && BigInt(view.totalDebtBase) > BigInt(view.totalCollateralBase));
    assert.equal(bad.data.positions, short.length);
    const sum = short.reduce((total, { contract_view: view }) => total + BigInt(view.totalDebtBase) - BigInt(view.totalCollateralBase), 0n);
    assert.equal(raw(bad.data.shortfall_usd), sum);
    assert.equal(raw(bad.data.shortfall_usd) + raw(bad.data.deficit_usd), raw(bad.data.bad_debt_usd));
    assert.ok(bad.data.accounts.length > 0 && bad.data.accounts.length <= 20);
    const largest = bad.data.accounts.map(({ shortfall_usd }) => raw(shortfall_usd));
    assert.deepEqual(largest, [...largest].sort((a, b) => (a < b ? 1 : a > b ? -1 : 0)));
});

test('a liquidation that writes off debt: the deficit is the contract\'s', async () => {
    const { market: aave, liquidator } = world;
    const victim = (await market.daemon.positions()).find(({ contract_view: view, collateral, debt }) =>
        view && BigInt(view.totalDebtBase) > 2n * BigInt(view.totalCollateralBase) && collateral.length === 1 && debt.length === 1
        && ['WETH', 'wstETH', 'weETH'].includes(collateral[0].asset) && ['USDC', 'DAI'].includes(debt[0].asset));
    if (!victim) return; // this seed has nobody of the kind
    aave.liquidate(liquidator, victim.collateral[0].asset, victim.debt[0].asset, victim.account);
    await play();
    const { token } = aave.reserve(victim.debt[0].asset);
    const deficit = await aave.pool.read('getReserveDeficit', [token]);
    assert.ok(deficit > 0n);
    const [tvl] = await market.daemon.rows('tvl', { protocol: PROTOCOL });
    assert.ok(tvl.bad_debt_usd > 0);
});
