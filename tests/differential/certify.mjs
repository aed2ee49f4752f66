// Certifies liquidation prices and times with the contract itself: the health factor at the
// named price and one unit beside it, by eth_call with the feed's answer overridden at the
// pinned block. The chain stays as it is.

import { ETH_GROUP } from '../devnet/listings.mjs';
import { hex } from '../devnet/chain.mjs';
import { pinned, words } from '../devnet/multicall.mjs';
import { WAD } from '../devnet/reader.mjs';

const YEAR = 31_536_000;
const FAR = 1_000_000n;
const ANSWER_SLOT = '0x' + '0'.repeat(64);
const GAS = '0x5f5e100';

const word = (value) => '0x' + value.toString(16).padStart(64, '0');

/** Probes are collected first and asked in a few batches. */
export class Certifier {
    #probes = [];

    constructor({ market, reading, tally, rng }) {
        this.market = market;
        this.reading = reading;
        this.tally = tally;
        this.rng = rng;
        this.certified = 0;
        this.prices = new Map(reading.reserves.map(({ symbol, price }) => [symbol, price]));
    }

    /** Queues everything a position row claims about prices and time. */
    add(row) {
        if (row.contract_view === null) return;
        for (const side of ['collateral', 'debt']) {
            for (const entry of row[side] ?? []) this.#addEntry(row, side, entry);
        }
        this.#addTime(row);
    }

    #addEntry(row, side, entry) {
        const reserve = this.#reserveOf(entry.token);
        if (!reserve || this.prices.get(reserve.symbol) === null) return;
        const where = `${row.account} ${side} ${reserve.symbol}`;
        if (!entry.liquidation_price) {
            this.tally.isTrue(where, 'liquidation_price is there', false);
            return;
        }
        const { alone, group } = entry.liquidation_price;
        const now = this.prices.get(reserve.symbol);
        this.#addPrice(row, `${where} alone`, alone, now, (price) => ({ [reserve.symbol]: price }));
        if (!ETH_GROUP.includes(reserve.symbol)) return;
        if (group && !this.#isLeader(group.leader)) {
            this.tally.isTrue(`${where} group`, 'is led by WETH', false, String(group.leader));
            return;
        }
        const leader = this.prices.get('WETH');
        // All that counts moves together: no price of the group matters but by rounding, near zero.
        if (!group && this.#movesAsOne(row)) return;
        this.#addPrice(row, `${where} group`, group ?? null, leader, (price) => this.#groupAt(price, leader), 10n);
    }

    #reserveOf(token) {
        return this.market.reserves.find((reserve) => reserve.token.toLowerCase() === String(token).toLowerCase());
    }

    #movesAsOne(row) {
        const counted = [...row.collateral.filter(({ enabled }) => enabled), ...row.debt];
        return counted.every(({ token }) => ETH_GROUP.includes(this.#reserveOf(token)?.symbol));
    }

    #isLeader(leader) {
        return leader === 'WETH' || String(leader).toLowerCase() === this.market.reserve('WETH').token.toLowerCase();
    }

    /** Members follow the leader's price, floored. */
    #groupAt(price, leader) {
        return Object.fromEntries(ETH_GROUP.map((symbol) => [symbol, (this.prices.get(symbol) * price) / leader]));
    }

    /** `at(price)` gives the answers of the feeds; `least` is the lowest price worth asking at. */
    #addPrice(row, where, claim, now, at, least = 1n) {
        const isNow = row.liquidatable === true;
        if (claim === null || claim === undefined) {
            // A price so far away that the contract's arithmetic reverts proves nothing.
            for (const price of [least, now * FAR]) {
                this.#expect(row, where, `${price}, though there is none`, at(price), isNow, { mayRevert: true });
            }
            return;
        }
        const price = BigInt(claim.price_raw);
        const away = claim.side === 'below' ? 1n : -1n;
        this.tally.isTrue(where, 'side', ['below', 'above'].includes(claim.side), claim.side);
        this.#expect(row, where, `${price} (${claim.side})`, at(price), true);
        this.#expect(row, where, `${price + away}, one unit from ${price} (${claim.side})`, at(price + away), false);
        this.#addNearness(row, where, { price: isNow ? price : price + away, now, isNow, at });
        this.certified += 1;
    }

    /** Between the present price and the named one nothing may change: it is the nearest. */
    #addNearness(row, where, { price, now, isNow, at }) {
        const [low, high] = price < now ? [price, now] : [now, price];
        for (let i = 0; i < 3; i++) {
            const between = this.rng.bigBetween(low, high);
            this.#expect(row, where, `${between}, between ${price} and the present ${now}`, at(between), isNow);
        }
    }

    #addTime(row) {
        const { timestamp } = this.reading.block;
        if (row.liquidatable === true) return;
        const where = `${row.account} liquidation_time`;
        if (row.liquidation_time === null || row.liquidation_time === undefined) {
            this.#expect(row, where, 'none within a year', {}, false, { time: timestamp + YEAR - 1 });
            return;
        }
        const time = Number(row.liquidation_time);
        this.tally.isTrue(where, 'lies ahead, within a year', time > timestamp && time <= timestamp + YEAR, String(time));
        this.#expect(row, where, `${time}`, {}, true, { time });
        this.#expect(row, where, `${time - 1}, one second before`, {}, false, { time: time - 1 });
        this.certified += 1;
    }

    #expect(row, where, what, prices, unhealthy, { time, mayRevert = false } = {}) {
        this.#probes.push({ address: row.account, where, what, prices, unhealthy, time, mayRevert });
    }

    /** Asks the contract and tells the tally. Answers how many claims were certified. */
    async run() {
        const { rpc } = this.market.chain;
        const answers = await rpc.settle(this.#probes.map((probe) => this.#request(probe)));
        answers.forEach((answer, i) => this.#judge(this.#probes[i], answer));
        this.#probes = [];
        return this.certified;
    }

    #request({ address, prices, time }) {
        const { pool, reserves } = this.market;
        const overrides = {};
        for (const [symbol, price] of Object.entries(prices)) {
            const { feed } = reserves.find((reserve) => reserve.symbol === symbol);
            overrides[feed] = { stateDiff: { [ANSWER_SLOT]: word(price) } };
        }
        const call = { to: pool.address, data: pool.data('getUserAccountData', [address]), gas: GAS };
        const block = pinned(this.reading.block.hash);
        const params = [call, block, overrides];
        if (time !== undefined) params.push({ time: hex(time) });
        return ['eth_call', params];
    }

    #judge({ where, what, unhealthy, mayRevert }, answer) {
        const name = (is) => (is ? 'liquidatable' : 'healthy');
        if (answer.error) {
            if (mayRevert) return;
            this.tally.equal(where, `at ${what}`, name(unhealthy), `reverts: ${answer.error.message}`);
            return;
        }
        const health = words(answer.result)[5];
        const shown = (is) => (is === unhealthy ? name(is) : `${name(is)} (health factor ${health})`);
        this.tally.equal(where, `at ${what}`, name(unhealthy), shown(health < WAD));
    }
}
