// What must be true of each special case once its world is built. A case that silently stopped
// happening would make every differential run prove less; selftest.mjs holds the world to this.

import assert from 'node:assert/strict';

import { isCollateral } from './reader.mjs';

const NO_DEBT = 2n ** 256n - 1n;
const HUGE = 2n ** 112n - 1n;
const DAY = 86_400;

/** `u`: {view, eMode, bitmap, debts, balances}; `w`: {world, reading, events}. */
const owes = (u, symbol) => u.debts.some((debt) => debt.symbol === symbol);
const owesNothing = (u) => u.debts.length === 0 && u.view.totalDebtBase === 0n && u.view.healthFactor === NO_DEBT;
const holds = (u, symbol) => u.balances[symbol].supplied > 0n;
const enabled = (u, symbol, w) => isCollateral(u.bitmap, w.world.market.reserve(symbol).id);
const stable = (u, symbol) => u.balances[symbol].stable;
const variable = (u, symbol) => u.balances[symbol].debt - u.balances[symbol].stable;
const touched = (u, w) => w.events.filter(({ text }) => text.includes(u.address.slice(2).toLowerCase()));

function wasLiquidated(u, w, receiveAToken) {
    const found = w.events.filter(({ name, user }) => name === 'LiquidationCall' && user === u.address);
    assert.ok(found.length > 0, 'no LiquidationCall');
    assert.ok(found.every((event) => event.receiveAToken === receiveAToken), 'paid the other way');
    assert.ok(found.every((event) => event.liquidator === w.world.liquidator), 'by another one');
}

export const CASE_CHECKS = {
    calendar: () => true,
    silent: (w, u) => {
        const last = Math.max(...touched(u, w).map(({ timestamp }) => timestamp));
        assert.ok(w.reading.block.timestamp - last >= 365 * DAY, 'touched within the year');
        return owes(u, 'USDC');
    },
    silentDust: (w, u) => owes(u, 'DAI') && u.view.totalDebtBase > 0n,
    collateralByTransfer: (w, giver, u) => owes(u, 'DAI') && enabled(u, 'WETH', w) && w.events.every(({ name, user }) => name !== 'Supply' || user !== u.address),
    selfTransfer: (w, u) => owes(u, 'USDC') && holds(u, 'weETH'),
    gaveAllCollateralAway: (w, u, friend) => owes(u, 'DAI') && !enabled(u, 'WETH', w) && holds(friend, 'WETH'),
    creditDelegation: (w, owner, delegatee) => owes(owner, 'USDC') && owesNothing(delegatee),
    flashLoanDebt: (w, u) => owes(u, 'USDC'),
    suppliedForAnother: (w, giver, u) => owes(u, 'USDT') && owesNothing(giver),
    liquidatedPartly: (w, u) => (wasLiquidated(u, w, false), owes(u, 'USDC') && holds(u, 'NEAR')),
    liquidatedPartlyForAToken: (w, u) => (wasLiquidated(u, w, true), owes(u, 'USDC') && holds(u, 'NEAR')),
    liquidatedDeep: (w, u) => (wasLiquidated(u, w, false), owesNothing(u) && holds(u, 'NEAR')),
    liquidatedDeepForAToken: (w, u) => (wasLiquidated(u, w, true), owesNothing(u) && holds(u, 'NEAR')),
    liquidatedSmall: (w, u) => (wasLiquidated(u, w, false), true),
    badDebt: (w, u) => badDebt(w, u, false),
    badDebtForAToken: (w, u) => badDebt(w, u, true),
    survivedTheCrash: (w, u) => owes(u, 'USDC') && holds(u, 'NEAR'),
    dust: (w, u) => ['DAI', 'USDT', 'WBTC'].every((s) => owes(u, s)) && holds(u, 'WBTC') && u.balances.DAI.debt < 10n,
    debtWorthNothing: (w, u) => owes(u, 'DAI') && u.view.totalDebtBase === (w.world.release === '3.0' ? 0n : 1n) && (u.view.healthFactor === NO_DEBT) === (w.world.release === '3.0'),
    dustOnly: (w, u) => owes(u, 'GUSD') && u.balances.GUSD.debt <= 2n,
    dustSupplyOnly: (w, u) => owesNothing(u) && u.balances.WETH.supplied >= 1n && u.balances.WETH.supplied <= 2n,
    huge: (w, u) => u.balances.SHIB.supplied >= HUGE && owes(u, 'USDC'),
    hugeOnBothSides: (w, lender, u) => u.balances.SHIB.supplied >= HUGE && u.balances.PEPE.debt >= HUGE / 3n && owes(lender, 'SHIB'),
    hugeSupplyOnly: (w, u) => u.balances.PEPE.supplied >= HUGE && owesNothing(u),
    isolated: (w, u) => enabled(u, 'SNX', w) && owes(u, 'USDC') && owes(u, 'DAI'),
    ltvZero: (w, one, two) => one.view.ltv === 0n && one.view.currentLiquidationThreshold === 5000n && owes(one, 'USDC') && two.view.ltv > 0n,
    eModeEth: (w, u) => u.eMode === 1 && owes(u, 'WETH') && u.view.currentLiquidationThreshold >= 9300n,
    eModeStable: (w, u) => u.eMode === 2 && owes(u, 'DAI') && owes(u, 'GHO'),
    eModeOther: (w, u) => u.eMode >= 3 && u.debts.length === 1,
    eModeOnlyCollateral: (w, u) => u.eMode === 2 && enabled(u, 'USDT', w) && u.view.totalCollateralBase > 0n,
    eModeLtvzero: (w, u) => u.eMode === 4 && u.view.ltv < 8000n,
    leftEMode: (w, u) => u.eMode === 0 && owes(u, 'WETH'),
    positionManaged: (w, u) => u.eMode === 3 && !enabled(u, 'DAI', w) && holds(u, 'DAI'),
    stableDebt: (w, u) => stable(u, 'DAI') > 0n && variable(u, 'DAI') === 0n,
    stableAndVariable: (w, u) => stable(u, 'DAI') > 0n && variable(u, 'DAI') > 0n,
    swappedRateMode: (w, a, b) => stable(a, 'USDT') === 0n && variable(a, 'USDT') > 0n && stable(b, 'USDT') > 0n && variable(b, 'USDT') === 0n,
    rebalanced: (w, lender, u) => stable(u, 'sUSD') > 0n && w.events.some(({ name, user }) => name === 'RebalanceStableBorrowRate' && user === u.address),
    stableRepaidAll: (w, u) => owesNothing(u),
    supplyOnly: (w, u) => owesNothing(u) && u.view.totalCollateralBase > 0n,
    repaidAll: (w, u) => owesNothing(u) && u.view.totalCollateralBase > 0n,
    repaidAllAndLeft: (w, u) => owesNothing(u) && u.view.totalCollateralBase === 0n,
    repaidWithATokens: (w, u) => owes(u, 'DAI') && !owes(u, 'USDC') && holds(u, 'USDC'),
    disabledWithBalance: (w, u) => owes(u, 'USDC') && holds(u, 'WBTC') && !enabled(u, 'WBTC', w),
    sameAssetBothSides: (w, u) => owes(u, 'WETH') && holds(u, 'WETH'),
    short: (w, u) => owes(u, 'WETH') && holds(u, 'USDC'),
    frozenReserve: (w, u) => owes(u, 'LDO') && flagOf(w, 'LDO', 57),
    pausedReserve: (w, u) => owes(u, 'NEAR') && flagOf(w, 'NEAR', 60),
    brokenFeedCollateral: (w, u) => u.view === null && owes(u, 'USDC'),
    brokenFeedDebt: (w, u) => u.view === null && owes(u, 'LUSD'),
    brokenFeedDisabled: (w, u) => u.view !== null && holds(u, 'LUSD') && owes(u, 'USDC'),
    fewDecimals: (w, u) => owes(u, 'GUSD') && w.world.market.reserve('GUSD').decimals === (w.world.release === '3.0' ? 2 : 6),
    everyAsset: (w, u) => u.debts.length === 10,
};

/** 3.0 leaves debt without collateral; newer releases burn it and book a deficit. */
function badDebt(w, u, receiveAToken) {
    wasLiquidated(u, w, receiveAToken);
    assert.equal(u.view.totalCollateralBase, 0n);
    if (w.world.release === '3.0') return u.debts.length > 0 && u.view.healthFactor === 0n;
    return owesNothing(u) && w.events.some(({ name, user }) => name === 'DeficitCreated' && user === u.address);
}

function flagOf({ reading }, symbol, bit) {
    const { configuration } = reading.reserves.find((reserve) => reserve.symbol === symbol);
    return ((configuration >> BigInt(bit)) & 1n) === 1n;
}
