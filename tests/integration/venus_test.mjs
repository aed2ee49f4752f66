// Debt in Venus's stablecoin, and liquidations through the contract that alone may make them: the numbers of
// the contracts, and who called it.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { ETH_GROUP, SCALE } from '../devnet/compound_market.mjs';
import { buildCompoundWorld } from '../devnet/compound_world.mjs';
import { derivedAddress } from '../devnet/contract.mjs';
import { addLiquidator, addStablecoin } from '../devnet/venus_parts.mjs';
import { startMarket } from './market.mjs';

const PROTOCOL = 'venus-devnet';
const BORROWER = derivedAddress('borrower of two coins');
const LIQUIDATOR = derivedAddress('somebody who liquidates');

let market;
let venus;
let stable;

const VENUS = {
    genesis: 1_769_299_200,
    async build(chain, options) {
        const world = await buildCompoundWorld(chain, options);
        stable = await addStablecoin({ market: world.market, chain });
        return world;
    },
    parts: ({ market: { comptroller } }) => ({
        provider: comptroller.address,
        subject: { name: PROTOCOL, kind: 'compound-v2', chainKind: 'evm', groups: { ETH: ETH_GROUP }, bands: { eth: ['ETH', 1500, 1700] } },
    }),
};

const units = (symbol, count) => BigInt(count) * 10n ** BigInt(venus.market(symbol).decimals);

async function play() {
    const block = await market.world.mine();
    assert.deepEqual(block.tickets.filter(({ ok }) => !ok).map(({ label }) => label), []);
    await market.settled();
}

async function position() {
    const { rows } = await market.daemon.get(`/v1/positions?account=${BORROWER}`);
    assert.equal(rows.length, 1);
    return rows[0];
}

const coinsOwed = (row) => row.debt.find(({ asset }) => asset === 'VAI');

before(async () => {
    market = await startMarket({ on: VENUS, release: 'venus', accounts: 40, seed: 9 });
    venus = market.world.market;
    await venus.fund([BORROWER, LIQUIDATOR], 10n ** 24n);
    venus.mintMany('USDT', [LIQUIDATOR], units('USDT', 1_000_000));
    venus.supply(BORROWER, 'ETH', units('ETH', 10));
    venus.enter(BORROWER, ['ETH']);
    venus.borrow(BORROWER, 'USDT', units('USDT', 9000));
    await play();
});
after(() => market?.stop());

/** The account by its contract, and by the daemon. */
async function compare() {
    const row = await position();
    const [error, liquidity, shortfall] = await venus.comptroller.read('getAccountLiquidity', [BORROWER]);
    assert.deepEqual(row.contract_view, { error: String(error), liquidity: String(liquidity), shortfall: String(shortfall) });
    const owed = await stable.controller.read('getVAIRepayAmount', [BORROWER]);
    if (owed === 0n) assert.equal(coinsOwed(row), undefined);
    else assert.equal(coinsOwed(row).amount_raw, String(owed));
    return row;
}

test('a debt in the stablecoin is one of the debts, to the last unit', async () => {
    assert.equal(coinsOwed(await compare()), undefined);
    stable.keepUp();
    stable.controller.send(BORROWER, 'mintVAI', [SCALE * 2500n]);
    await play();
    const row = await compare();
    const owed = coinsOwed(row);
    assert.equal(owed.amount_raw, String(SCALE * 2500n));
    assert.equal(owed.token.toLowerCase(), stable.coin.address.toLowerCase());
    assert.equal(owed.decimals, 18);
    assert.equal(owed.usd, 2500);
    assert.equal(row.liquidatable, false);
    const status = await market.daemon.status();
    assert.equal(status.protocols[0].state, 'live', status.protocols[0].reason);
});

test('its interest is counted when the contract counts it', async () => {
    for (let i = 0; i < 10; i++) await market.mineQuietBlock();
    stable.keepUp();
    stable.controller.send(LIQUIDATOR, 'accrueVAIInterest');
    await play();
    const row = await compare();
    assert.ok(BigInt(coinsOwed(row).amount_raw) > SCALE * 2501n, coinsOwed(row).amount_raw);
});

test('liquidations through the only liquidator name who called it, and what the treasury keeps', async () => {
    const only = await addLiquidator(market.world, 5);
    // the liquidator's own coins, minted against coins of its own
    venus.supply(LIQUIDATOR, 'ETH', units('ETH', 100));
    venus.enter(LIQUIDATOR, ['ETH']);
    stable.keepUp();
    stable.controller.send(LIQUIDATOR, 'mintVAI', [SCALE * 1000n]);
    await play();
    venus.setPrice('ETH', (venus.price('ETH') * 65n) / 100n);
    await play();
    assert.equal((await compare()).liquidatable, true);

    const usdt = venus.market('USDT').cToken;
    stable.keepUp();
    only.liquidate(LIQUIDATOR, usdt, venus.token('USDT'), BORROWER, units('USDT', 500), 'ETH');
    only.liquidate(LIQUIDATOR, stable.controller.address, stable.coin, BORROWER, SCALE * 300n, 'ETH');
    await play();
    await compare();

    const { rows } = await market.daemon.get('/v1/liquidations?since=0');
    const mine = rows.filter(({ account }) => account.toLowerCase() === BORROWER.toLowerCase());
    assert.equal(mine.length, 2);
    const [coins, tokens] = ['VAI', 'USDT'].map((asset) => mine.find(({ debt_asset: debt }) => debt === asset));
    for (const row of [coins, tokens]) {
        assert.equal(row.liquidator.toLowerCase(), LIQUIDATOR.toLowerCase());
        assert.equal(row.collateral_asset, 'ETH');
    }
    assert.equal(tokens.debt_raw, String(units('USDT', 500)));
    // The event tells what was repaid without the interest in it.
    const { iface, address } = stable.controller;
    const [log] = await market.anvil.rpc.call('eth_getLogs', [
        { fromBlock: '0x0', toBlock: 'latest', address, topics: [iface.getEvent('LiquidateVAI').topicHash] },
    ]);
    const { repayAmount } = iface.parseLog(log).args;
    assert.ok(repayAmount > SCALE * 299n && repayAmount < SCALE * 300n, String(repayAmount));
    assert.equal(coins.debt_raw, String(repayAmount));
    assert.equal(coins.debt_usd, Number(repayAmount / 10n ** 16n) / 100);
    assert.equal(coins.debt_token.toLowerCase(), stable.coin.address.toLowerCase());
    // What the contract passed on, by the balances: 1.08 was seized for each 1, of which 0.05 stay.
    const vETH = venus.cToken('ETH');
    const kept = await vETH.read('balanceOf', [only.treasury]);
    const shares = mine.reduce((sum, row) => sum + BigInt(row.seized_shares_raw), 0n);
    assert.ok(kept > 0n);
    assert.ok(shares >= kept * 20n && shares <= kept * 22n, `${shares} were seized, ${kept} kept`);
});

test('a supply cap of 0 closes a market, a borrow cap of 0 does not', async () => {
    const { cToken } = venus.market('DAI');
    venus.configure('_setMarketSupplyCaps', [[cToken], [0]]);
    venus.configure('_setMarketBorrowCaps', [[cToken], [0]]);
    await play();
    const row = (await market.daemon.get('/v1/markets')).rows.find(({ asset }) => asset === 'DAI');
    assert.equal(row.supply_cap_raw, '0');
    assert.equal(row.borrow_cap_raw, undefined);
});
