// Dollars and bands of a Compound V2 market, made here from what the contracts said: big integers, cut off
// where the daemon's documents say that it cuts off, and compared with its rows to the cent.
// Pure: everything read from the chain and from the daemon comes in as an argument.

import { SCALE } from '../devnet/compound_market.mjs';
import { borrowersOf, sidesOf } from '../devnet/compound_reader.mjs';
import { lower, quoted, text } from './compare.mjs';

const USD8 = 10n ** 8n;
const WAD = 10n ** 18n;
const AT_RISK = (WAD * 11n) / 10n;
const LARGEST = 20;

const sum = (list) => list.reduce((all, one) => all + one, 0n);
const over = (a, b) => (a > b ? a - b : 0n);
const power = (digits) => 10n ** BigInt(digits);

/** What prices are stated in, in dollars. The dollar coin counts as one dollar where it is not dollars. */
export class Dollars {
    constructor(reading, { isJustLend }) {
        this.prices = new Map(reading.markets.map(({ symbol, price }) => [symbol, price]));
        const { price, decimals } = reading.markets.find(({ symbol }) => symbol === 'USDT');
        /** One dollar in the unit that accounts are summed up in, times SCALE. */
        this.dollar = isJustLend ? price * power(decimals) : SCALE * SCALE;
    }

    /** A sum of prices times amounts over SCALE, in dollars with 8 decimals. */
    ofValue(value) {
        return (value * USD8 * SCALE) / this.dollar;
    }

    of(amount, price) {
        return this.ofValue((amount * (price ?? 0n)) / SCALE);
    }

    /** The oracle's price of a whole token in dollars with 8 decimals: numerator and denominator. */
    fraction({ decimals }, price) {
        return [price * power(decimals) * USD8, this.dollar];
    }

    /** The least oracle price that is at least so many dollars (8 decimals), or the greatest at most. */
    toPrice({ decimals }, usd8, isUp) {
        const [a, b] = [usd8 * this.dollar, power(decimals) * USD8];
        return a / b + (isUp && a % b !== 0n ? 1n : 0n);
    }
}

/** Dollars are written as a number cut off at cents. */
function equalCents(tally, where, field, usd8, actual) {
    const written = typeof actual === 'number' ? BigInt(Math.round(actual * 100)) : actual;
    tally.equal(where, field, usd8 === null ? null : usd8 / 10n ** 6n, written);
}

function ratio(a, b, digits) {
    if (b === 0n) return null;
    const scaled = String((a * power(digits)) / b).padStart(digits + 1, '0');
    return `${scaled.slice(0, -digits)}.${scaled.slice(-digits)}`;
}

// ---- markets and totals

const isPriced = ({ price }) => price !== null && price !== 0n;
const suppliedOf = ({ getCash, totalBorrows, totalReserves }) => over(getCash + totalBorrows, totalReserves);

/** A market that holds nothing is worth nothing, whatever its price. */
const isWorthKnown = (market) => isPriced(market) || (suppliedOf(market) === 0n && market.totalBorrows === 0n);

export function compareMarketDollars(tally, rows, reading, dollars) {
    for (const market of reading.markets) {
        const row = rows.find((one) => lower(one.market) === lower(market.cToken));
        const amounts = { supplied_usd: suppliedOf(market), borrowed_usd: market.totalBorrows, tvl_usd: market.getCash };
        for (const [field, amount] of Object.entries(amounts)) {
            const usd = isWorthKnown(market) ? dollars.of(amount, market.price) : null;
            equalCents(tally, `market ${market.symbol}`, field, usd, row?.[field]);
        }
    }
}

/** A position in dollars: null where the Comptroller computes none. */
function positionOf(reading, dollars, { bySymbol, view }) {
    const sides = sidesOf(reading, bySymbol);
    if (sides === null || view === null || view[0] !== 0n) return null;
    const held = reading.markets.filter(({ symbol }) => bySymbol[symbol].entered);
    const worth = ({ symbol, price }) => dollars.of((bySymbol[symbol].cTokens * bySymbol[symbol].rate) / SCALE, price);
    return {
        ...sides,
        isLiquidatable: view[2] > 0n,
        collateralUsd: sum(held.map(worth)),
        debtUsd: dollars.ofValue(sides.borrow),
    };
}

const isAtRisk = ({ collateral, borrow, isLiquidatable }) => !isLiquidatable && borrow > 0n && (collateral * WAD) / borrow < AT_RISK;

export function compareTotalDollars(tally, row, reading, dollars) {
    const where = '/v1/tvl';
    const { markets } = reading;
    const [supplied, borrowed, cash] = [suppliedOf, (one) => one.totalBorrows, (one) => one.getCash].map((amount) =>
        sum(markets.map((one) => dollars.of(amount(one), one.price))));
    const all = borrowersOf(reading).map(({ current }) => positionOf(reading, dollars, current));
    const known = all.filter((one) => one !== null);
    const liquidatable = known.filter((one) => one.isLiquidatable);
    const cents = {
        supplied_usd: supplied,
        borrowed_usd: borrowed,
        tvl_usd: cash,
        liquidatable_debt_usd: sum(liquidatable.map((one) => one.debtUsd)),
        bad_debt_usd: sum(known.map((one) => over(one.debtUsd, one.collateralUsd))),
    };
    for (const [field, usd] of Object.entries(cents)) equalCents(tally, where, field, usd, row?.[field]);
    const plain = {
        leverage: ratio(supplied, cash, 4),
        utilization: ratio(borrowed, supplied, 4),
        positions_at_risk: known.filter(isAtRisk).length,
        not_computable: all.length - known.length,
        unpriced_markets: markets.filter((one) => !isWorthKnown(one)).length,
    };
    for (const [field, value] of Object.entries(plain)) tally.equal(where, field, value, row?.[field]);
}

// ---- bands

/** The reading with a group's leader at another price; stated in the coin, all others move instead. */
function movedTo(reading, { isJustLend }, members, leader, price) {
    const present = leader.price;
    const isCoin = isJustLend && reading.markets.some(({ symbol, native }) => native && members.includes(symbol));
    const move = (market) => {
        const isMember = members.includes(market.symbol);
        if (!isPriced(market) || isMember === isCoin) return market.price;
        if (isCoin) return (market.price * present) / price;
        return market.symbol === leader.symbol ? price : (market.price * price) / present;
    };
    return { ...reading, markets: reading.markets.map((market) => ({ ...market, price: move(market) })) };
}

/** Whether anybody may liquidate; null where a price is missing or became 0. */
function isLiquidatableIn(reading, { bySymbol }) {
    const sides = sidesOf(reading, bySymbol);
    return sides === null ? null : sides.borrow > sides.collateral;
}

/** What lies in the group: in the leader's smallest units, and in dollars. */
function exposureOf(reading, dollars, members, leader, { bySymbol }) {
    const held = reading.markets.filter((one) => members.includes(one.symbol) && bySymbol[one.symbol].entered && isPriced(one));
    const amount = ({ symbol }) => (bySymbol[symbol].cTokens * bySymbol[symbol].rate) / SCALE;
    return {
        raw: sum(held.map((one) => (amount(one) * one.price) / leader.price)),
        usd: sum(held.map((one) => dollars.of(amount(one), one.price))),
    };
}

/** `bands`: by name [collateral, low, high], the last two decimal text of dollars. */
export function compareBands(tally, rows, reading, market, dollars, bands) {
    for (const [name, [collateral, ...interval]] of Object.entries(bands)) {
        const members = market.groups[collateral] ?? [collateral];
        const leader = reading.markets.find(({ symbol }) => symbol === members[0]);
        const [low, high] = interval.map(usd8Of);
        const row = rows.find(({ band }) => band === name);
        tally.isTrue(`band ${name}`, 'has a row', row !== undefined);
        if (row) compareBand(tally, row, { reading, market, dollars, members, leader, low, high });
    }
}

function usd8Of(value) {
    const [whole, fraction = ''] = String(value).replaceAll('"', '').split('.');
    return BigInt(whole + fraction.padEnd(8, '0'));
}

function compareBand(tally, row, band) {
    const where = `band ${row.band}`;
    const { reading, dollars, leader, low, high } = band;
    const found = { inside: [], liquidatable: 0, unknown: 0 };
    const atLow = movedTo(reading, band.market, band.members, leader, dollars.toPrice(leader, low, true));
    const overHigh = movedTo(reading, band.market, band.members, leader, dollars.toPrice(leader, high, false) + 1n);
    for (const account of borrowersOf(reading)) place(found, band, account, atLow, overHigh);
    const { inside } = found;
    tally.equal(where, 'price_raw', text(leader.price), quoted(row.price_raw));
    tally.equal(where, 'positions', inside.length, row.positions);
    tally.equal(where, 'liquidatable', found.liquidatable, row.liquidatable);
    tally.equal(where, 'not_computable', found.unknown, row.not_computable);
    tally.equal(where, 'collateral_raw', text(sum(inside.map(({ raw }) => raw))), quoted(row.collateral_raw));
    equalCents(tally, where, 'collateral_usd', sum(inside.map(({ usd }) => usd)), row.collateral_usd);
    equalCents(tally, where, 'debt_usd', sum(inside.map(({ debtUsd }) => debtUsd)), row.debt_usd);
    compareLargest(tally, where, row.largest, inside);
    const [price, unit] = dollars.fraction(leader, leader.price);
    tally.equal(where, 'distance_pct', distance(price, low * unit, high * unit), row.distance_pct);
    tally.equal(where, 'approached', price * 100n <= high * unit * 103n, row.approached);
}

function place(found, { reading, dollars, members, leader }, { address, current }, atLow, overHigh) {
    const now = positionOf(reading, dollars, current);
    if (now === null) {
        found.unknown += 1;
        return;
    }
    const exposure = exposureOf(reading, dollars, members, leader, current);
    if (now.borrow === 0n || (exposure.raw === 0n && exposure.usd === 0n)) return;
    const falls = isLiquidatableIn(atLow, current);
    const stays = falls === true ? isLiquidatableIn(overHigh, current) : false;
    if (falls === null || stays === null) {
        found.unknown += 1;
        return;
    }
    if (!falls || stays) return;
    found.inside.push({ address, ...exposure, debtUsd: now.debtUsd });
    if (now.isLiquidatable) found.liquidatable += 1;
}

function compareLargest(tally, where, rows, inside) {
    const key = ({ usd }) => usd;
    const wanted = [...inside].sort((a, b) => (key(a) === key(b) ? 0 : key(a) > key(b) ? -1 : 1)).slice(0, LARGEST);
    tally.equal(where, 'largest', wanted.length, rows?.length);
    wanted.forEach(({ usd, debtUsd, raw, address }, i) => {
        const row = rows?.[i];
        equalCents(tally, `${where} largest ${i}`, 'collateral_usd', usd, row?.collateral_usd);
        const twins = wanted.filter((one) => one.usd === usd);
        if (twins.length > 1) return;
        tally.equal(`${where} largest ${i}`, 'account', lower(address), lower(row?.account));
        tally.equal(`${where} largest ${i}`, 'collateral_raw', text(raw), quoted(row?.collateral_raw ?? null));
        equalCents(tally, `${where} largest ${i}`, 'debt_usd', debtUsd, row?.debt_usd);
    });
}

/** Percent with two decimals, half away from zero: over `high` positive, under `low` negative. */
function distance(price, low, high) {
    const [sign, away, from] = price > high ? ['', price - high, high] : price >= low ? ['', 0n, 1n] : ['-', low - price, low];
    const hundredths = (away * 20_000n + from) / (from * 2n);
    const digits = String(hundredths).padStart(3, '0');
    return `${hundredths === 0n ? '' : sign}${digits.slice(0, -2)}.${digits.slice(-2)}`;
}
