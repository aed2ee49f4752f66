// Lays the daemon's answers beside the contract's, field by field. Pure: everything read from
// the chain and from the daemon comes in as an argument.

import { WAD, isCollateral, isLiquidatable } from '../devnet/reader.mjs';

const MAX = 2n ** 256n - 1n;
const FULL_COVERAGE = '1.000000';

/** Counts comparisons and keeps every difference. */
export class Tally {
    comparisons = 0;
    mismatches = [];

    /** `where` says what is compared; both values are shown as the daemon would write them. */
    equal(where, field, expected, actual) {
        this.comparisons += 1;
        const [want, got] = [shown(expected), shown(actual)];
        if (want !== got) this.mismatches.push({ where, field, expected: want, actual: got });
    }

    isTrue(where, field, claim, detail = '') {
        this.comparisons += 1;
        if (!claim) this.mismatches.push({ where, field, expected: 'true', actual: `false ${detail}`.trim() });
    }
}

function shown(value) {
    if (value === null) return 'null';
    if (value === undefined) return 'absent';
    return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** Exact integers are decimal text in every row; a number or hex text is a difference. */
export const text = (value) => (value === null ? null : JSON.stringify(String(value)));
export const quoted = (value) => (value === null ? null : JSON.stringify(value));

export const lower = (address) => String(address).toLowerCase();

// ---- what every kind has

/** At `block`, live and complete with so many positions; answers what is said of the protocol. */
export function compareLive(tally, status, { chainName, protocolName }, block, positions) {
    const chain = status.chains?.find(({ name }) => name === chainName);
    const protocol = status.protocols?.find(({ name }) => name === protocolName);
    tally.equal('/status', 'chain.processed', block.number, chain?.processed);
    tally.equal('/status', 'chain.head', block.number, chain?.head);
    tally.equal('/status', 'chain.hash', block.hash, chain?.hash);
    tally.equal('/status', 'chain.gap_blocks', 0, chain?.gap_blocks);
    tally.equal('/status', 'protocol.state', 'live', protocol?.state === 'live' ? 'live' : `${protocol?.state}: ${protocol?.reason}`);
    tally.equal('/status', 'protocol.coverage', FULL_COVERAGE, protocol?.coverage);
    tally.equal('/status', 'protocol.block', block.number, protocol?.block);
    tally.equal('/status', 'protocol.block_hash', block.hash, protocol?.block_hash);
    tally.equal('/status', 'protocol.positions', positions, protocol?.positions);
    tally.equal('/status', 'protocol.audit.mismatched', 0, protocol?.audit?.mismatched);
    return protocol;
}

/** Every account has exactly one row, nobody else has one; `compareOne(row, account)` does the rest. */
export function compareEachOnce(tally, rows, accounts, compareOne) {
    const expected = new Map(accounts.map((account) => [lower(account.address), account]));
    const seen = new Set();
    for (const row of rows) {
        const key = lower(row.account);
        tally.isTrue(row.account, 'listed once', !seen.has(key));
        seen.add(key);
        const account = expected.get(key);
        tally.isTrue(row.account, 'has debt on chain', account !== undefined, 'invented position');
        if (account) compareOne(row, account);
    }
    for (const [key, { address }] of expected) {
        tally.isTrue(address, 'has a row', seen.has(key), 'missing position');
    }
}

/** The one row of `tvl`: so many borrowers, and of these so many liquidatable. */
export function compareTotals(tally, rows, { block, borrowers: count, liquidatable }) {
    tally.equal('/v1/tvl', 'number of rows', 1, rows.length);
    if (rows.length !== 1) return;
    compareCommon(tally, '/v1/tvl', rows[0], { block });
    tally.equal('/v1/tvl', 'borrowers', count, rows[0].borrowers);
    tally.equal('/v1/tvl', 'liquidatable', liquidatable, rows[0].liquidatable);
}

/** `events`: those of the canonical chain; `exact(row)` names the integers of a row that are compared. */
export function compareLiquidations(tally, rows, events, exact = () => ['collateral_raw', 'debt_raw']) {
    const key = ({ tx, log_index: index }) => `${tx}/${index}`;
    const byKey = new Map(rows.map((row) => [key(row), row]));
    tally.equal('/v1/liquidations', 'number of rows', events.length, rows.length);
    for (const event of events) {
        const where = `liquidation ${key(event)}`;
        const row = byKey.get(key(event));
        tally.isTrue(where, 'has a row', row !== undefined);
        if (!row) continue;
        for (const field of ['account', 'liquidator', 'collateral_token', 'debt_token']) {
            tally.equal(where, field, lower(event[field]), lower(row[field]));
        }
        for (const field of exact(row)) tally.equal(where, field, text(event[field]), quoted(row[field] ?? null));
    }
}

// ---- Aave

export function compareStatus(tally, status, names, reading) {
    compareLive(tally, status, names, reading.block, borrowers(reading).length);
}

/** Accounts with debt, by the debt tokens themselves. */
export const borrowers = ({ accounts }) => accounts.filter(({ debts }) => debts.length > 0);

export function compareCommon(tally, where, row, { block }) {
    tally.equal(where, 'block', block.number, row.block);
    tally.equal(where, 'block_hash', block.hash, row.block_hash);
    tally.equal(where, 'block_time', block.timestamp, unixTime(row.block_time));
    tally.equal(where, 'state', 'live', row.state);
    tally.equal(where, 'coverage', FULL_COVERAGE, row.coverage);
}

/** Block times may be written as unix seconds or as RFC 3339. */
function unixTime(value) {
    if (typeof value === 'string' && value.includes('T')) return Date.parse(value) / 1000;
    return value;
}

/**
 * Every borrower has exactly one row, nobody else has one, and each row equals the contract.
 * `balances` (a Map of address -> symbol -> {supplied, debt}) holds the accounts whose amounts
 * are compared too.
 */
export function comparePositions(tally, rows, reading, balances = new Map()) {
    compareEachOnce(tally, rows, borrowers(reading), (row, user) => comparePosition(tally, row, user, reading, balances.get(user.address)));
    compareLiquidatableSet(tally, rows, reading);
}

function compareLiquidatableSet(tally, rows, reading) {
    const ours = rows.filter(({ liquidatable }) => liquidatable === true).map(({ account }) => lower(account));
    const theirs = borrowers(reading)
        .filter(({ view }) => isLiquidatable(view))
        .map(({ address }) => lower(address));
    tally.equal('all positions', 'set of liquidatable accounts', theirs.sort().join(' '), ours.sort().join(' '));
}

function comparePosition(tally, row, user, reading, balances) {
    const { address, view, eMode } = user;
    compareCommon(tally, address, row, reading);
    if (view === null) {
        tally.equal(address, 'contract_view', null, row.contract_view);
        tally.equal(address, 'health_factor', null, row.health_factor);
    } else {
        for (const [name, value] of Object.entries(view)) {
            tally.equal(address, `contract_view.${name}`, text(value), quoted(row.contract_view?.[name] ?? null));
        }
        compareHealthFactor(tally, address, row.health_factor, view.healthFactor);
    }
    tally.equal(address, 'liquidatable', isLiquidatable(view), row.liquidatable);
    tally.equal(address, 'e_mode', eMode, Number(row.e_mode ?? 0));
    if (balances) compareAmounts(tally, row, user, reading, balances);
}

/** The contract's "no debt" number may be shown as null. */
function compareHealthFactor(tally, address, actual, healthFactor) {
    if (healthFactor === MAX && actual === null) {
        tally.comparisons += 1;
        return;
    }
    tally.equal(address, 'health_factor', text(healthFactor), quoted(actual));
}

/**
 * In a category with a price source (3.0) either that source's answer or the oracle's own may be
 * shown as an asset's price; `reading.sourcedCategories` names those categories.
 */
function compareAmounts(tally, row, user, reading, balances) {
    const priceIsOpen = reading.sourcedCategories?.has(user.eMode) ?? false;
    for (const [side, field] of [['collateral', 'supplied'], ['debt', 'debt']]) {
        const listed = new Map((row[side] ?? []).map((entry) => [lower(entry.token), entry]));
        for (const reserve of reading.reserves) {
            const amount = balances[reserve.symbol][field];
            const entry = listed.get(lower(reserve.token));
            listed.delete(lower(reserve.token));
            if (amount === 0n && (entry === undefined || entry.amount_raw === '0')) continue;
            compareEntry(tally, `${user.address} ${side} ${reserve.symbol}`, entry, amount, reserve, priceIsOpen);
            if (side === 'collateral') {
                tally.equal(`${user.address} ${side} ${reserve.symbol}`, 'enabled', isCollateral(user.bitmap, reserve.id), entry?.enabled);
            }
        }
        for (const { asset } of listed.values()) tally.isTrue(user.address, `${side} ${asset} is listed`, false, 'unknown token');
    }
}

function compareEntry(tally, where, entry, amount, { symbol, decimals, price }, priceIsOpen) {
    tally.equal(where, 'asset', symbol, entry?.asset);
    tally.equal(where, 'decimals', decimals, entry?.decimals);
    tally.equal(where, 'amount_raw', text(amount), quoted(entry?.amount_raw ?? null));
    if (!priceIsOpen) tally.equal(where, 'price_raw', text(price), quoted(entry?.price_raw ?? null));
}

const bits = (word, from, width) => Number((word >> BigInt(from)) & ((1n << BigInt(width)) - 1n));

export function compareMarkets(tally, rows, reading) {
    const byToken = new Map(rows.map((row) => [lower(row.token), row]));
    tally.equal('/v1/markets', 'number of rows', reading.reserves.length, rows.length);
    for (const reserve of reading.reserves) {
        const where = `market ${reserve.symbol}`;
        const row = byToken.get(lower(reserve.token));
        tally.isTrue(where, 'has a row', row !== undefined);
        if (!row) continue;
        compareCommon(tally, where, row, reading);
        compareMarket(tally, where, row, reserve);
    }
}

function compareMarket(tally, where, row, reserve) {
    const exact = {
        supplied_raw: reserve.supplied,
        borrowed_raw: reserve.variableDebt + reserve.stableDebt,
        cash_raw: reserve.cash,
        price_raw: reserve.price,
        index_supply_raw: reserve.supplyIndex,
        index_borrow_raw: reserve.borrowIndex,
    };
    for (const [field, value] of Object.entries(exact)) {
        tally.equal(where, field, text(value), quoted(row[field] ?? null));
    }
    const word = reserve.configuration;
    tally.equal(where, 'asset', reserve.symbol, row.asset);
    tally.equal(where, 'decimals', reserve.decimals, row.decimals);
    tally.equal(where, 'ltv', bits(word, 0, 16), row.ltv);
    tally.equal(where, 'liquidation_threshold', bits(word, 16, 16), row.liquidation_threshold);
    tally.equal(where, 'liquidation_bonus', bits(word, 32, 16), row.liquidation_bonus);
    tally.equal(where, 'frozen', bits(word, 57, 1) === 1, row.frozen);
    tally.equal(where, 'paused', bits(word, 60, 1) === 1, row.paused);
}

export function compareTvl(tally, rows, reading) {
    const unhealthy = borrowers(reading).filter(({ view }) => view !== null && view.healthFactor < WAD);
    compareTotals(tally, rows, { block: reading.block, borrowers: borrowers(reading).length, liquidatable: unhealthy.length });
}
