// Lays the daemon's answers about a Compound V2 market beside the contract's, field by field.
// Pure: everything read from the chain and from the daemon comes in as an argument.

import { SCALE } from '../devnet/compound_market.mjs';
import { borrowersOf, sidesOf } from '../devnet/compound_reader.mjs';
import { compareCommon, compareEachOnce, compareLiquidations, compareLive, compareTotals, lower, quoted, text } from './compare.mjs';

const ZERO = '0x' + '0'.repeat(40);
const FULL_COVERAGE = '1.000000';

const tokenOf = ({ underlying }) => lower(underlying ?? ZERO);

export function compareCompoundStatus(tally, status, names, reading, findings) {
    const protocol = compareLive(tally, status, names, reading.block, borrowersOf(reading).length);
    for (const finding of findings) tally.isTrue('/status', `found: ${finding}`, protocol?.found?.includes(finding), protocol?.found);
}

export function compareCompoundPositions(tally, rows, reading) {
    compareEachOnce(tally, rows, borrowersOf(reading), (row, account) => comparePosition(tally, row, account, reading));
}

/** What the two sides of an account make: health factor as the daemon writes it. */
function healthOf(reading, account) {
    const sides = sidesOf(reading, account.bySymbol);
    if (sides === null || account.view === null || account.view[0] !== 0n) return null;
    const { collateral, borrow } = sides;
    return {
        health: borrow === 0n ? null : (collateral * SCALE) / borrow,
        agrees: (collateral > borrow ? collateral - borrow : 0n) === account.view[1] && (borrow > collateral ? borrow - collateral : 0n) === account.view[2],
    };
}

function comparePosition(tally, row, account, reading) {
    const where = account.address;
    compareCommon(tally, where, row, reading);
    compareView(tally, where, row, account.view);
    const now = healthOf(reading, account.current);
    tally.equal(where, 'computable', now !== null, row.computable);
    if (now === null) {
        tally.equal(where, 'health_factor', null, row.health_factor);
        tally.equal(where, 'liquidatable', null, row.liquidatable);
        return;
    }
    tally.isTrue(where, 'the reader makes the same difference as the contract', now.agrees);
    tally.equal(where, 'health_factor', text(now.health), quoted(row.health_factor));
    tally.equal(where, 'liquidatable', account.current.view[2] > 0n, row.liquidatable);
    const before = healthOf(reading, account);
    tally.equal(where, 'stored_health_factor', text(before.health), quoted(row.stored_health_factor ?? null));
    compareAmounts(tally, where, row, account.current, reading);
}

/** The three words of `getAccountLiquidity`; a Comptroller that reverts has none. */
function compareView(tally, where, row, view) {
    if (view === null) {
        tally.equal(where, 'contract_view', null, row.contract_view);
        return;
    }
    ['error', 'liquidity', 'shortfall'].forEach((name, i) => {
        tally.equal(where, `contract_view.${name}`, text(view[i]), quoted(row.contract_view?.[name] ?? null));
    });
}

function compareAmounts(tally, where, row, { bySymbol }, { markets }) {
    for (const side of ['collateral', 'debt']) {
        const listed = new Map((row[side] ?? []).map((entry) => [lower(entry.market), entry]));
        for (const market of markets) {
            const own = bySymbol[market.symbol];
            const amount = side === 'debt' ? own.borrow : (own.cTokens * own.rate) / SCALE;
            const entry = listed.get(lower(market.cToken));
            listed.delete(lower(market.cToken));
            if (amount === 0n && entry === undefined) continue;
            const at = `${where} ${side} ${market.symbol}`;
            tally.equal(at, 'amount_raw', text(amount), quoted(entry?.amount_raw ?? null));
            tally.equal(at, 'asset', market.symbol, entry?.asset);
            tally.equal(at, 'token', tokenOf(market), lower(entry?.token));
            tally.equal(at, 'decimals', market.decimals, entry?.decimals);
            tally.equal(at, 'price_raw', text(market.price || null), quoted(entry?.price_raw ?? null));
            if (side === 'collateral') tally.equal(at, 'enabled', own.entered, entry?.enabled);
        }
        for (const { asset } of listed.values()) tally.isTrue(where, `${side} ${asset} is listed`, false, 'unknown market');
    }
}

export function compareCompoundMarkets(tally, rows, reading) {
    const byMarket = new Map(rows.map((row) => [lower(row.market), row]));
    tally.equal('/v1/markets', 'number of rows', reading.markets.length, rows.length);
    for (const market of reading.markets) {
        const where = `market ${market.symbol}`;
        const row = byMarket.get(lower(market.cToken));
        tally.isTrue(where, 'has a row', row !== undefined);
        if (!row) continue;
        compareCommon(tally, where, row, reading);
        const lent = market.getCash + market.totalBorrows;
        const exact = {
            cash_raw: market.getCash,
            borrowed_raw: market.totalBorrows,
            supplied_raw: lent > market.totalReserves ? lent - market.totalReserves : 0n,
            price_raw: market.price || null,
            index_supply_raw: market.exchangeRateStored,
            index_borrow_raw: market.borrowIndex,
        };
        for (const [field, value] of Object.entries(exact)) tally.equal(where, field, text(value), quoted(row[field] ?? null));
        tally.equal(where, 'asset', market.symbol, row.asset);
        tally.equal(where, 'decimals', market.decimals, row.decimals);
        tally.equal(where, 'liquidation_threshold', text(market.factor / 10n ** 14n), quoted(row.liquidation_threshold));
        tally.equal(where, 'close_factor', text(reading.closeFactor / 10n ** 14n), quoted(row.close_factor ?? null));
        tally.equal(where, 'market_coverage', FULL_COVERAGE, row.market_coverage);
        comparePauses(tally, where, row, market.pausedActions);
    }
}

function comparePauses(tally, where, row, paused) {
    tally.equal(where, 'paused_actions', paused, row.paused_actions);
    tally.equal(where, 'paused', paused.includes('seize') || paused.includes('liquidate'), row.paused);
    tally.equal(where, 'frozen', paused.includes('mint') && paused.includes('borrow'), row.frozen);
}

export function compareCompoundTvl(tally, rows, reading) {
    const unhealthy = borrowersOf(reading).filter(({ current }) => current.view !== null && current.view[2] > 0n);
    compareTotals(tally, rows, { block: reading.block, borrowers: borrowersOf(reading).length, liquidatable: unhealthy.length });
}

/** `events`: the LiquidateBorrow logs of the canonical chain, with amounts of the underlying. */
export function compareCompoundLiquidations(tally, rows, events) {
    // Where the block's state could not be asked, what the seized shares were worth is not known.
    compareLiquidations(tally, rows, events, (row) => ['debt_raw', 'seized_shares_raw', ...(row.price_source === null ? [] : ['collateral_raw'])]);
}
