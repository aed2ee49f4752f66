// Liquidation prices and times found by bisection on the contract itself. Slow and simple: the
// other way round from the daemon's closed forms.

import { hex } from '../../devnet/chain.mjs';
import { ETH_GROUP } from '../../devnet/listings.mjs';
import { pinned, words } from '../../devnet/multicall.mjs';
import { WAD } from '../../devnet/reader.mjs';

const YEAR = 31_536_000;
const SLOT = '0x' + '0'.repeat(64);

/** {collateral, debt, liquidation_time}: the row's entries with their claims. */
export async function claims(market, reading, row) {
    const prices = Object.fromEntries(reading.reserves.map(({ symbol, price }) => [symbol, price]));
    const isUnhealthy = async (answers, time) => {
        const overrides = {};
        for (const [symbol, price] of Object.entries(answers)) {
            overrides[market.reserve(symbol).feed] = { stateDiff: { [SLOT]: '0x' + price.toString(16).padStart(64, '0') } };
        }
        const call = { to: market.pool.address, data: market.pool.data('getUserAccountData', [row.account]) };
        const params = [call, pinned(reading.block.hash), overrides, ...(time ? [{ time: hex(time) }] : [])];
        return words(await market.chain.rpc.call('eth_call', params))[5] < WAD;
    };
    const claimFor = async (now, at, least) => {
        const test = (price) => isUnhealthy(at(price));
        const isNow = await test(now);
        if ((await test(least)) !== isNow) return crossing(test, least, now);
        if ((await test(now * 1_000_000n)) !== isNow) return crossing(test, now, now * 1_000_000n);
        return null;
    };
    const group = (price) => Object.fromEntries(ETH_GROUP.map((symbol) => [symbol, (prices[symbol] * price) / prices.WETH]));
    const withClaims = async (entry) => {
        const alone = await claimFor(prices[entry.asset], (price) => ({ [entry.asset]: price }), 1n);
        const inGroup = ETH_GROUP.includes(entry.asset) ? await claimFor(prices.WETH, group, 10n) : null;
        return { ...entry, liquidation_price: { alone, group: inGroup && { ...inGroup, leader: 'WETH' } } };
    };
    return {
        collateral: await eachOf(row.collateral, withClaims),
        debt: await eachOf(row.debt, withClaims),
        liquidation_time: await firstTime(isUnhealthy, reading.block.timestamp),
    };
}

async function eachOf(list, change) {
    const out = [];
    for (const entry of list) out.push(await change(entry));
    return out;
}

/** The unhealthy price next to a healthy one, between two prices of different health. */
async function crossing(test, low, high) {
    const lowIsUnhealthy = await test(low);
    while (high - low > 1n) {
        const middle = (low + high) / 2n;
        if ((await test(middle)) === lowIsUnhealthy) low = middle;
        else high = middle;
    }
    return lowIsUnhealthy ? { price_raw: String(low), side: 'below' } : { price_raw: String(high), side: 'above' };
}

async function firstTime(isUnhealthy, now) {
    let [healthy, unhealthy] = [now, now + YEAR];
    if ((await isUnhealthy({}, healthy)) || !(await isUnhealthy({}, unhealthy))) return null;
    while (unhealthy - healthy > 1) {
        const middle = Math.floor((healthy + unhealthy) / 2);
        if (await isUnhealthy({}, middle)) unhealthy = middle;
        else healthy = middle;
    }
    return unhealthy;
}
