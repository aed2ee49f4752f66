// Money for everybody, and large suppliers without debt so that there is something to borrow.

/** Every account starts with this many whole tokens of everything. */
const POCKET = 10n ** 7n;

const HUGE = new Set(['SHIB', 'PEPE']);

export const units = (market, symbol, whole) => BigInt(whole) * 10n ** BigInt(market.reserve(symbol).decimals);

/** Whole dollars into raw units of a token at its present price. */
export function worth(market, symbol, dollars) {
    const { decimals, price } = market.reserve(symbol);
    const amount = (BigInt(dollars) * 10n ** 8n * 10n ** BigInt(decimals)) / price;
    return amount > 0n ? amount : 1n;
}

export async function provideLiquidity(world) {
    const { market, chain, whales } = world;
    for (const { symbol } of market.reserves) {
        const wealth = HUGE.has(symbol) ? 10n ** 15n : 10n ** 12n;
        market.mintMany(symbol, whales, units(market, symbol, wealth));
        fund(world, symbol);
    }
    await chain.mineAll();
    // So much that half of it is borrowed in the end: rates are then what they are in life.
    const perAccount = 80_000;
    for (const { symbol, isSmall } of market.reserves) {
        if (isSmall) continue;
        const dollars = 5_000_000 + world.accounts.length * perAccount;
        whales.forEach((whale, i) => market.supply(whale, symbol, worth(market, symbol, dollars >> i)));
    }
    await chain.mineAll();
}

/** Tokens for the accounts, the liquidator and the umbrella. */
export function fund(world, symbol) {
    const { market, accounts, liquidator } = world;
    const holders = [...accounts, liquidator, ...(market.umbrella ? [market.umbrella] : [])];
    const whole = HUGE.has(symbol) ? POCKET * 10n ** 6n : POCKET;
    market.mintMany(symbol, holders, units(market, symbol, whole));
}
