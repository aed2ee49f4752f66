// The prices the demonstration plays: real daily ETH closes, and integers in between.

import { readFileSync } from 'node:fs';

import { ETH_GROUP, PRICE_UNIT } from './listings.mjs';

const FILE = new URL('prices/eth_daily_2026-01-24_2026-02-12.csv', import.meta.url);
const COLUMN = 'us_close_usd';

const UNIT_DECIMALS = String(PRICE_UNIT).length - 1;

/** "2814.28" as an integer with the 8 decimals of an oracle. */
export function priceOf(text) {
    const [, whole, fraction = ''] = text.match(/^(\d+)(?:\.(\d{1,8}))?$/) ?? [];
    if (whole === undefined) throw new Error(`${text} is not a price`);
    return BigInt(whole) * PRICE_UNIT + BigInt(fraction.padEnd(UNIT_DECIMALS, '0'));
}

/** [{date, price}], oldest first: the close before the first day, then one of each day. */
export function readCloses(file = FILE) {
    const [header, ...lines] = readFileSync(file, 'utf8').trim().split('\n');
    const column = header.split(',').indexOf(COLUMN);
    return lines.map((line) => {
        const fields = line.split(',');
        return { date: fields[0], price: priceOf(fields[column]) };
    });
}

/** The price after `part` of `parts` equal steps on the straight way between two closes. */
export function between(from, to, part, parts) {
    return from + ((to - from) * BigInt(part)) / BigInt(parts);
}

/** What every member of the ETH group costs when WETH does: the ratios of the listing stay. */
export function groupPrices(market, listed, price) {
    const [leader] = ETH_GROUP;
    return ETH_GROUP.filter((symbol) => market.has(symbol)).map((symbol) => ({
        symbol,
        price: (price * listed[symbol]) / listed[leader],
    }));
}
