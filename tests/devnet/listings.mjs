// What the test market lists: real symbols at the scale of January 2026, and a reserve for every
// awkward corner. Prices have 8 decimals; ratios are in basis points.

export const PRICE_UNIT = 10n ** 8n;

const usd = (text) => {
    const [whole, fraction = ''] = text.split('.');
    return BigInt(whole) * PRICE_UNIT + BigInt((fraction + '00000000').slice(0, 8));
};

/** optimal usage, base rate, slope below and slope above it. */
const RATES = {
    eth: { optimal: 8000, base: 0, slope1: 270, slope2: 8000 },
    staked: { optimal: 4500, base: 25, slope1: 700, slope2: 30000 },
    btc: { optimal: 4500, base: 0, slope1: 400, slope2: 30000 },
    usd: { optimal: 9000, base: 150, slope1: 550, slope2: 7500 },
    risky: { optimal: 4500, base: 100, slope1: 900, slope2: 30000 },
};

function listing(symbol, decimals, price, [ltv, threshold, bonus], options = {}) {
    return {
        symbol,
        decimals,
        price: usd(price),
        ltv,
        threshold,
        bonus,
        rates: RATES[options.rates ?? 'risky'],
        factor: options.factor ?? 1500,
        fee: options.fee ?? 1000,
        stableRate: options.stableRate ?? false,
        debtCeiling: options.debtCeiling ?? 0n,
        borrowableInIsolation: options.borrowableInIsolation ?? false,
        isSmall: options.isSmall ?? false,
    };
}

const NOT_COLLATERAL = [0, 0, 0];

/**
 * `release` is '3.0' or 'latest'. The newest release refuses tokens of fewer than 6 decimals;
 * 3.0 lists GUSD with the 2 it really has.
 */
export function listings(release) {
    const all = [
        listing('WETH', 18, '3000', [8050, 8300, 10500], { rates: 'eth' }),
        listing('wstETH', 18, '3663.5512', [7850, 8100, 10600], { rates: 'staked', factor: 3500 }),
        listing('weETH', 18, '3234.81700001', [7750, 8000, 10700], { rates: 'staked', factor: 4500 }),
        listing('WBTC', 8, '88954.33', [7300, 7800, 10500], { rates: 'btc', factor: 5000 }),
        // Dropped again before the world begins: leaves a gap in the reserve ids.
        listing('BUSD', 18, '1', [6300, 7700, 10500], { rates: 'usd' }),
        listing('USDC', 6, '0.99984121', [7500, 7800, 10450], { rates: 'usd', factor: 1000, borrowableInIsolation: true }),
        listing('DAI', 18, '0.99971', [6300, 7700, 10500], { rates: 'usd', factor: 2500, stableRate: true, borrowableInIsolation: true }),
        // Never collateral: base threshold 0.
        listing('USDT', 6, '1.00012', NOT_COLLATERAL, { rates: 'usd', factor: 1000, stableRate: true, borrowableInIsolation: true }),
        listing('GUSD', release === '3.0' ? 2 : 6, '0.9993', [6000, 7000, 10700], { rates: 'usd', fee: 0 }),
        // Isolated collateral.
        listing('SNX', 18, '0.41230077', [4900, 6500, 10850], { debtCeiling: 250_000_000n }),
        // Its LTV goes to 0 once accounts hold it as collateral: the threshold still counts.
        listing('LDO', 18, '0.5517', [4000, 5000, 11000]),
        listing('GHO', 18, '0.9989', NOT_COLLATERAL, { rates: 'usd', factor: 10000 }),
        listing('NEAR', 24, '1.51', [5000, 6000, 11000]),
        // A unit is worth almost nothing, so holdings can be as large as a balance may get.
        listing('SHIB', 18, '0.00000800', [4000, 5000, 11000]),
        listing('PEPE', 18, '0.00000421', [4000, 5000, 11000], { fee: 2000 }),
        // The feed that breaks.
        listing('LUSD', 18, '1.0012', [7000, 7700, 10450], { rates: 'usd' }),
    ];
    // Small and lent out almost whole, so that stable rates there fall behind and are rebalanced.
    const small = listing('sUSD', 18, '0.9981', NOT_COLLATERAL, { rates: 'usd', stableRate: true, isSmall: true });
    return release === '3.0' ? [...all, small] : all;
}

/** Listed while the world runs. */
export const LATER_LISTINGS = [
    listing('cbBTC', 8, '88900.5', [7000, 7500, 10600], { rates: 'btc' }),
    listing('LINK', 18, '12.0477', [6600, 7100, 10700], { factor: 2000 }),
];

/** The members of the ETH group; the first one leads it. */
export const ETH_GROUP = ['WETH', 'wstETH', 'weETH'];

/** 3.0: an asset is in one category; a category may bring its own price source. */
export const CATEGORIES_V3_0 = [
    { id: 1, ltv: 9000, threshold: 9300, bonus: 10100, label: 'ETH correlated', source: null, assets: ETH_GROUP },
    { id: 2, ltv: 9300, threshold: 9500, bonus: 10100, label: 'Stablecoins', source: usd('1'), assets: ['USDC', 'DAI', 'USDT', 'GUSD', 'GHO'] },
    { id: 3, ltv: 8200, threshold: 8600, bonus: 10300, label: 'BTC', source: usd('88954.33'), assets: ['WBTC'] },
];

/** Newer: bitmaps, so an asset may be in several categories and in one role only. */
export const CATEGORIES_LATEST = [
    { id: 1, ltv: 9300, threshold: 9500, bonus: 10100, label: 'ETH correlated', collateral: ETH_GROUP, borrowable: ['WETH', 'wstETH'] },
    // USDT has base threshold 0, so it is collateral in this category alone.
    { id: 2, ltv: 9000, threshold: 9250, bonus: 10200, label: 'Stablecoins', collateral: ['USDC', 'DAI', 'USDT', 'GUSD'], borrowable: ['USDC', 'DAI', 'USDT', 'GHO'] },
    { id: 3, ltv: 7800, threshold: 8050, bonus: 10650, label: 'weETH/stable', collateral: ['weETH'], borrowable: ['USDC', 'USDT', 'GHO'] },
    { id: 4, ltv: 8100, threshold: 8400, bonus: 10400, label: 'BTC/WETH', collateral: ['WBTC', 'WETH'], borrowable: ['WETH', 'USDC'] },
];
