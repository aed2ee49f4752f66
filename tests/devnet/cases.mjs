// The awkward accounts, by name. A case is a play: a generator that queues transactions and
// yields once per act (one block for all cases together); it may ask for `seconds` to pass.

import { MAX, STABLE } from './market.mjs';
import { units, worth } from './liquidity.mjs';

const DAY = 86_400;
const HUGE = 2n ** 112n - 1n;
const NEAR_PRICE = 151_000_000n;

/** Acts at which things happen to everybody; plays wait for them with `until`. */
const ACT = { yearOver: 8, dropSmall: 12, dropDeep: 15, crash: 18, recovery: 21 };

/** Yields until the given act begins; `state.act` counts the acts a play has seen. */
function* until(state, act) {
    while (state.act < act) {
        state.act += 1;
        yield;
    }
}

/** A play of which every step is an act. */
function steps(...acts) {
    return function* play(world, ...actors) {
        for (const act of acts) {
            act(world.market, world, ...actors);
            yield;
        }
    };
}

/** The year that passes, in quarters with a little activity, and the fall and rise of NEAR. */
function* calendar(world) {
    const { market, whales } = world;
    const state = { act: 0 };
    yield* until(state, 3);
    for (let quarter = 0; quarter < 4; quarter++) {
        for (const symbol of ['WETH', 'USDC', 'DAI']) {
            market.supply(whales[quarter % 3], symbol, worth(market, symbol, 1000 + quarter));
        }
        state.act += 1;
        yield { seconds: 92 * DAY };
    }
    const fall = [[ACT.dropSmall, 81n], [ACT.dropDeep, 75n], [ACT.crash, 30n], [ACT.recovery, 100n]];
    for (const [act, percent] of fall) {
        yield* until(state, act);
        market.setPrice('NEAR', (NEAR_PRICE * percent) / 100n);
        state.act += 1;
        yield;
    }
}

/** A NEAR loan close to its limit, struck by a liquidation in the given act. */
function struck(act, collateral, fraction, receiveAToken, { debts = ['USDC'] } = {}) {
    return function* play(world, user) {
        const { market, liquidator } = world;
        const state = { act: 0 };
        yield* until(state, ACT.yearOver);
        market.supply(user, 'NEAR', worth(market, 'NEAR', collateral));
        for (const debt of debts) {
            market.borrow(user, debt, worth(market, debt, Math.floor((collateral * 0.49) / debts.length)));
        }
        yield* until(state, act + 2);
        for (const debt of debts) {
            const amount = fraction === 1 ? MAX : worth(market, debt, Math.floor(collateral * 0.49 * fraction));
            market.liquidate(liquidator, 'NEAR', debt, user, amount, receiveAToken);
            yield;
        }
    };
}

const borrowAgainst = (collateral, debt, dollars = 10_000, share = 0.5) =>
    steps(
        (m, _, user) => m.supply(user, collateral, worth(m, collateral, dollars)),
        (m, _, user) => m.borrow(user, debt, worth(m, debt, Math.floor(dollars * share))),
    );

export const CASES = [
    { name: 'calendar', count: 0, play: calendar },

    // Untouched for a year of block time.
    { name: 'silent', play: borrowAgainst('WETH', 'USDC', 120_000, 0.35) },
    { name: 'silentDust', play: steps(
        (m, _, user) => m.supply(user, 'WBTC', 40_000n),
        (m, _, user) => m.borrow(user, 'DAI', 10n ** 13n),
    ) },

    // Never supplied: the collateral came as an aToken transfer and was then enabled.
    { name: 'collateralByTransfer', count: 2, play: steps(
        (m, _, giver) => m.supply(giver, 'WETH', units(m, 'WETH', 40)),
        (m, _, giver, user) => m.transferAToken(giver, 'WETH', user, units(m, 'WETH', 11)),
        (m, _, giver, user) => m.setCollateral(user, 'WETH', true),
        (m, _, giver, user) => m.borrow(user, 'DAI', worth(m, 'DAI', 15_000)),
    ) },
    { name: 'selfTransfer', play: steps(
        (m, _, user) => m.supply(user, 'weETH', units(m, 'weETH', 3)),
        (m, _, user) => m.borrow(user, 'USDC', worth(m, 'USDC', 2_000)),
        (m, _, user) => m.transferAToken(user, 'weETH', user, units(m, 'weETH', 1)),
    ) },
    // In the first blocks the index is still 1, so the whole balance can be named exactly.
    { name: 'gaveAllCollateralAway', count: 2, play: steps(
        (m, _, user) => { m.supply(user, 'WETH', units(m, 'WETH', 5)); m.supply(user, 'USDC', units(m, 'USDC', 9_000)); },
        (m, _, user, friend) => m.transferAToken(user, 'WETH', friend, units(m, 'WETH', 5)),
        (m, _, user) => m.borrow(user, 'DAI', worth(m, 'DAI', 1_500)),
    ) },

    // Debt somebody else took.
    { name: 'creditDelegation', count: 2, play: steps(
        (m, _, owner) => m.supply(owner, 'wstETH', units(m, 'wstETH', 25)),
        (m, _, owner, delegatee) => m.delegate(owner, 'USDC', delegatee, units(m, 'USDC', 30_000)),
        (m, _, owner, delegatee) => m.borrow(delegatee, 'USDC', units(m, 'USDC', 20_000), { onBehalfOf: owner }),
        (m, _, owner, delegatee) => m.borrow(delegatee, 'USDC', units(m, 'USDC', 1_234), { onBehalfOf: owner }),
    ) },
    { name: 'flashLoanDebt', play: steps(
        (m, _, user) => m.supply(user, 'WETH', units(m, 'WETH', 10)),
        (m, _, user) => m.flashLoanDebt(user, 'USDC', units(m, 'USDC', 9_000)),
    ) },
    { name: 'suppliedForAnother', count: 2, play: steps(
        (m, _, giver, user) => m.supply(giver, 'WBTC', 30_000_000n, user),
        (m, _, giver, user) => m.borrow(user, 'USDT', worth(m, 'USDT', 9_000)),
        (m, _, giver, user) => m.repay(giver, 'USDT', worth(m, 'USDT', 500), { onBehalfOf: user }),
    ) },

    // Liquidated by a third party.
    { name: 'liquidatedPartly', play: struck(ACT.dropSmall, 60_000, 0.2, false) },
    { name: 'liquidatedPartlyForAToken', play: struck(ACT.dropSmall, 50_000, 0.25, true) },
    { name: 'liquidatedDeep', play: struck(ACT.dropDeep, 40_000, 1, false) },
    { name: 'liquidatedDeepForAToken', play: struck(ACT.dropDeep, 30_000, 1, true) },
    { name: 'liquidatedSmall', play: struck(ACT.dropDeep, 900, 1, false) },
    // NEAR is worth less than the debt: all collateral goes and debt remains.
    { name: 'badDebt', play: struck(ACT.crash, 20_000, 1, false, { debts: ['USDC', 'DAI'] }) },
    { name: 'badDebtForAToken', play: struck(ACT.crash, 15_000, 1, true, { debts: ['USDT'] }) },
    { name: 'survivedTheCrash', play: borrowAgainst('NEAR', 'USDC', 5_000, 0.1) },

    // The ends of the number line.
    { name: 'dust', play: steps(
        (m, _, user) => { m.supply(user, 'WETH', units(m, 'WETH', 1)); m.supply(user, 'USDC', 1n); m.supply(user, 'WBTC', 1n); },
        (m, _, user) => { m.borrow(user, 'DAI', 1n); m.borrow(user, 'USDT', 1n); m.borrow(user, 'WBTC', 1n); },
    ) },
    // Worth 0 in base currency where values are rounded down: no debt to the health factor.
    { name: 'debtWorthNothing', play: steps(
        (m, _, user) => m.supply(user, 'WETH', units(m, 'WETH', 1)),
        (m, _, user) => m.borrow(user, 'DAI', 1n),
    ) },
    { name: 'dustOnly', play: steps(
        (m, _, user) => m.supply(user, 'WBTC', 2_000n),
        (m, _, user) => m.borrow(user, 'GUSD', 1n),
    ) },
    { name: 'dustSupplyOnly', play: steps((m, _, user) => m.supply(user, 'WETH', 1n)) },
    { name: 'huge', play: steps(
        (m, _, user) => { m.mint('SHIB', user, HUGE); m.mint('PEPE', user, HUGE); },
        (m, _, user) => m.supply(user, 'SHIB', HUGE),
        (m, _, user) => m.borrow(user, 'USDC', units(m, 'USDC', 5_000_000)),
    ) },
    { name: 'hugeOnBothSides', count: 2, play: steps(
        (m, _, lender, user) => { m.mint('PEPE', lender, HUGE); m.mint('SHIB', user, HUGE); },
        (m, _, lender, user) => { m.supply(lender, 'PEPE', HUGE); m.supply(user, 'SHIB', HUGE); },
        (m, _, lender, user) => m.borrow(user, 'PEPE', HUGE / 3n),
        // The lender is repaid elsewhere: borrows against the largest balance there can be.
        (m, _, lender) => m.borrow(lender, 'SHIB', HUGE / 10n),
    ) },
    { name: 'hugeSupplyOnly', play: steps(
        (m, _, user) => m.mint('PEPE', user, HUGE),
        (m, _, user) => m.supply(user, 'PEPE', HUGE),
    ) },

    // Modes.
    { name: 'isolated', play: steps(
        (m, _, user) => m.supply(user, 'SNX', worth(m, 'SNX', 20_000)),
        (m, _, user) => m.setCollateral(user, 'SNX', true),
        (m, _, user) => m.borrow(user, 'USDC', worth(m, 'USDC', 5_000)),
        (m, _, user) => m.borrow(user, 'DAI', worth(m, 'DAI', 1_000)),
        (m, _, user) => m.repay(user, 'DAI', worth(m, 'DAI', 400)),
    ) },
    { name: 'ltvZero', count: 2, play: steps(
        (m, _, one, two) => { m.supply(one, 'LDO', worth(m, 'LDO', 9_000)); m.supply(two, 'LDO', worth(m, 'LDO', 4_000)); m.supply(two, 'WETH', units(m, 'WETH', 2)); },
        (m, _, one, two) => { m.borrow(one, 'USDC', worth(m, 'USDC', 2_000)); m.borrow(two, 'USDC', worth(m, 'USDC', 3_000)); },
        (m) => m.setCollateralConfig('LDO', { ltv: 0, threshold: 5000, bonus: 11000 }),
    ) },
    { name: 'eModeEth', play: steps(
        (m, _, user) => m.supply(user, 'wstETH', units(m, 'wstETH', 12)),
        (m, _, user) => m.setEMode(user, 1),
        (m, _, user) => m.borrow(user, 'WETH', units(m, 'WETH', 12)),
    ) },
    { name: 'eModeStable', play: steps(
        (m, _, user) => { m.supply(user, 'USDC', units(m, 'USDC', 50_000)); m.supply(user, 'WETH', units(m, 'WETH', 1)); },
        (m, _, user) => m.setEMode(user, 2),
        (m, _, user) => { m.borrow(user, 'DAI', units(m, 'DAI', 30_000)); m.borrow(user, 'GHO', units(m, 'GHO', 9_000)); },
    ) },
    { name: 'eModeOther', play: steps(
        (m, _, user) => m.supply(user, 'WBTC', 200_000_000n),
        (m, _, user) => m.setEMode(user, m.release === '3.0' ? 3 : 4),
        (m, _, user) => m.borrow(user, m.release === '3.0' ? 'WBTC' : 'USDC', m.release === '3.0' ? 50_000_000n : 1n),
    ) },
    { name: 'eModeOnlyCollateral', only: 'latest', play: steps(
        // USDT has no threshold of its own: it counts inside the category alone.
        (m, _, user) => { m.setEMode(user, 2); m.supply(user, 'USDT', units(m, 'USDT', 20_000)); },
        (m, _, user) => m.setCollateral(user, 'USDT', true),
        (m, _, user) => m.borrow(user, 'USDC', units(m, 'USDC', 12_000)),
    ) },
    { name: 'eModeLtvzero', only: 'latest', play: steps(
        (m, _, user) => { m.supply(user, 'WBTC', 100_000_000n); m.supply(user, 'WETH', units(m, 'WETH', 4)); },
        (m, _, user) => m.setEMode(user, 4),
        (m, _, user) => m.borrow(user, 'WETH', units(m, 'WETH', 1)),
        (m) => m.setInEMode('WBTC', 4, 'Ltvzero', true),
    ) },
    { name: 'leftEMode', play: steps(
        (m, _, user) => m.supply(user, 'weETH', units(m, 'weETH', 9)),
        (m, _, user) => m.setEMode(user, 1),
        (m, _, user) => m.borrow(user, 'WETH', units(m, 'WETH', 4)),
        (m, _, user) => m.setEMode(user, 0),
    ) },
    { name: 'positionManaged', count: 2, only: 'latest', play: steps(
        (m, _, user) => { m.supply(user, 'weETH', units(m, 'weETH', 9)); m.supply(user, 'DAI', units(m, 'DAI', 900)); },
        (m, _, user, manager) => { m.approvePositionManager(user, manager, true); m.borrow(user, 'USDC', units(m, 'USDC', 5_000)); },
        (m, _, user, manager) => { m.setEModeOnBehalf(manager, 3, user); m.setCollateralOnBehalf(manager, 'DAI', false, user); },
    ) },

    // Stable rate debt.
    { name: 'stableDebt', only: '3.0', play: steps(
        (m, _, user) => m.supply(user, 'WETH', units(m, 'WETH', 10)),
        (m, _, user) => m.borrow(user, 'DAI', units(m, 'DAI', 8_000), { mode: STABLE }),
        (m, _, user) => m.borrow(user, 'DAI', units(m, 'DAI', 1_000), { mode: STABLE }),
    ) },
    { name: 'stableAndVariable', only: '3.0', play: steps(
        (m, _, user) => m.supply(user, 'wstETH', units(m, 'wstETH', 10)),
        (m, _, user) => m.borrow(user, 'DAI', units(m, 'DAI', 4_000), { mode: STABLE }),
        (m, _, user) => m.borrow(user, 'DAI', units(m, 'DAI', 3_000)),
        (m, _, user) => m.repay(user, 'DAI', units(m, 'DAI', 500), { mode: STABLE }),
    ) },
    { name: 'swappedRateMode', count: 2, only: '3.0', play: steps(
        (m, _, a, b) => { m.supply(a, 'WETH', units(m, 'WETH', 7)); m.supply(b, 'WBTC', 50_000_000n); },
        (m, _, a, b) => { m.borrow(a, 'USDT', units(m, 'USDT', 6_000), { mode: STABLE }); m.borrow(b, 'USDT', units(m, 'USDT', 7_000)); },
        (m, _, a, b) => { m.swapBorrowRateMode(a, 'USDT', 1); m.swapBorrowRateMode(b, 'USDT', 2); },
    ) },
    // Almost all of a small reserve is lent, a part of it at a stable rate that is now too low.
    { name: 'rebalanced', count: 3, only: '3.0', play: steps(
        (m, _, lender, user, other) => { m.supply(lender, 'sUSD', units(m, 'sUSD', 100_000)); m.supply(user, 'WETH', units(m, 'WETH', 20)); m.supply(other, 'WETH', units(m, 'WETH', 20)); },
        (m, _, lender, user) => m.borrow(user, 'sUSD', units(m, 'sUSD', 24_000), { mode: STABLE }),
        (m, _, lender, user, other) => m.borrow(other, 'sUSD', units(m, 'sUSD', 10_000)),
        (m, _, lender) => m.withdraw(lender, 'sUSD', units(m, 'sUSD', 65_900)),
        (m, _, lender, user) => m.rebalance(lender, 'sUSD', user),
    ) },
    { name: 'stableRepaidAll', only: '3.0', play: steps(
        (m, _, user) => m.supply(user, 'WETH', units(m, 'WETH', 2)),
        (m, _, user) => m.borrow(user, 'DAI', units(m, 'DAI', 1_000), { mode: STABLE }),
        (m, _, user) => m.repay(user, 'DAI', MAX, { mode: STABLE }),
    ) },

    // No debt, or no longer.
    { name: 'supplyOnly', play: steps((m, _, user) => { m.supply(user, 'WETH', units(m, 'WETH', 3)); m.supply(user, 'DAI', 777n); }) },
    { name: 'repaidAll', play: steps(
        (m, _, user) => m.supply(user, 'WETH', units(m, 'WETH', 3)),
        (m, _, user) => m.borrow(user, 'USDC', units(m, 'USDC', 1_000)),
        (m, _, user) => m.repay(user, 'USDC', MAX),
    ) },
    { name: 'repaidAllAndLeft', play: steps(
        (m, _, user) => m.supply(user, 'WETH', units(m, 'WETH', 3)),
        (m, _, user) => m.borrow(user, 'DAI', units(m, 'DAI', 1_000)),
        (m, _, user) => m.repay(user, 'DAI', MAX),
        (m, _, user) => m.withdraw(user, 'WETH', MAX),
    ) },
    { name: 'repaidWithATokens', play: steps(
        (m, _, user) => { m.supply(user, 'WETH', units(m, 'WETH', 3)); m.supply(user, 'USDC', units(m, 'USDC', 800)); },
        (m, _, user) => { m.borrow(user, 'USDC', units(m, 'USDC', 700)); m.borrow(user, 'DAI', units(m, 'DAI', 300)); },
        (m, _, user) => m.repayWithATokens(user, 'USDC', units(m, 'USDC', 400)),
        (m, _, user) => m.repayWithATokens(user, 'USDC', MAX),
    ) },

    // Flags and states.
    { name: 'disabledWithBalance', play: steps(
        (m, _, user) => { m.supply(user, 'WETH', units(m, 'WETH', 3)); m.supply(user, 'WBTC', 10_000_000n); },
        (m, _, user) => m.borrow(user, 'USDC', units(m, 'USDC', 2_000)),
        (m, _, user) => m.setCollateral(user, 'WBTC', false),
    ) },
    { name: 'sameAssetBothSides', play: steps(
        (m, _, user) => { m.supply(user, 'WETH', units(m, 'WETH', 9)); m.supply(user, 'USDC', units(m, 'USDC', 5_000)); },
        (m, _, user) => m.borrow(user, 'WETH', units(m, 'WETH', 5)),
    ) },
    { name: 'short', play: borrowAgainst('USDC', 'WETH', 40_000, 0.7) },
    { name: 'frozenReserve', play: borrowAgainst('WETH', 'LDO', 8_000, 0.5) },
    { name: 'pausedReserve', play: borrowAgainst('WETH', 'NEAR', 8_000, 0.5) },
    { name: 'brokenFeedCollateral', play: borrowAgainst('LUSD', 'USDC', 8_000, 0.4) },
    { name: 'brokenFeedDebt', play: borrowAgainst('WETH', 'LUSD', 8_000, 0.4) },
    { name: 'brokenFeedDisabled', play: steps(
        (m, _, user) => { m.supply(user, 'LUSD', units(m, 'LUSD', 5_000)); m.supply(user, 'WETH', units(m, 'WETH', 3)); },
        (m, _, user) => m.borrow(user, 'USDC', units(m, 'USDC', 1_000)),
        (m, _, user) => m.setCollateral(user, 'LUSD', false),
    ) },
    { name: 'fewDecimals', play: borrowAgainst('WETH', 'GUSD', 8_000, 0.4) },
    { name: 'everyAsset', play: steps(
        (m, _, user) => { for (const s of ['WETH', 'wstETH', 'weETH', 'WBTC', 'USDC', 'DAI', 'GUSD', 'PEPE']) m.supply(user, s, worth(m, s, 3_333)); },
        (m, _, user) => { for (const s of ['WETH', 'wstETH', 'weETH', 'WBTC', 'USDC', 'DAI', 'USDT', 'GUSD', 'GHO', 'SHIB']) m.borrow(user, s, worth(m, s, 1_111)); },
    ) },
];
