// The scripted liquidator: takes whoever the contract calls unhealthy.

import { MAX } from './market.mjs';
import { isBorrowing, isCollateral, isLiquidatable, readAccounts, readBalances } from './reader.mjs';

/**
 * Queues liquidations of at most `most` accounts, as the head has them. Collateral, debt, amount
 * and the way of payment are drawn; some of the calls revert, as they do in real life.
 */
export async function liquidateUnhealthy(world, most) {
    const { market, chain, rng, accounts } = world;
    const seen = await readAccounts(market, accounts, chain.hash);
    const targets = rng
        .shuffle(seen.filter(({ view }) => isLiquidatable(view) && view.totalCollateralBase > 0n))
        .slice(0, most);
    const balances = await readBalances(market, targets.map(({ address }) => address), chain.hash);
    for (const { address, bitmap } of targets) {
        liquidateOne(world, address, bitmap, balances.get(address));
    }
    return targets.length;
}

function liquidateOne({ market, rng, liquidator }, user, bitmap, balances) {
    const held = market.reserves.filter(({ symbol, id }) => isCollateral(bitmap, id) && balances[symbol].supplied > 0n);
    const owed = market.reserves.filter(({ symbol, id }) => isBorrowing(bitmap, id) && balances[symbol].debt > 0n);
    if (held.length === 0 || owed.length === 0) return;
    const collateral = rng.pick(held).symbol;
    const debt = rng.pick(owed).symbol;
    const whole = balances[debt].debt;
    const amount = rng.chance(60) ? MAX : rng.bigBetween(1n, whole);
    market.liquidate(liquidator, collateral, debt, user, amount, rng.chance(40));
}
