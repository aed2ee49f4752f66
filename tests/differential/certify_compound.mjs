// Certifies liquidation prices and blocks with the contract itself: the account's shortfall after
// all accruals at the named price and one unit beside it, by eth_call with the oracle's storage or
// the block's number overridden. The chain stays as it is.

import { MULTICALL3 } from '../devnet/chain.mjs';
import { keccak256 } from '../devnet/contract.mjs';
import { decodeAggregate, encodeAggregate, pinned, words } from '../devnet/multicall.mjs';
import { lower } from './compare.mjs';

const PRICES_SLOT = 0n;

const word = (value) => value.toString(16).padStart(64, '0');

/** Storage key of `prices[cToken]`. */
const slotOf = (cToken) => keccak256('0x' + cToken.slice(2).toLowerCase().padStart(64, '0') + word(PRICES_SLOT));

export class CompoundCertifier {
    #probes = [];

    constructor({ market, reading, tally, rng }) {
        Object.assign(this, { market, reading, tally, rng });
        this.certified = 0;
        this.now = new Map(reading.markets.map(({ symbol, price }) => [symbol, price]));
    }

    add(row) {
        if (row.computable !== true) return;
        for (const side of ['collateral', 'debt']) {
            for (const entry of row[side] ?? []) {
                if (side === 'debt' || entry.enabled) this.#addEntry(row, side, entry);
            }
        }
        this.#addBlock(row);
    }

    #symbolOf(entry) {
        return this.reading.markets.find(({ cToken }) => lower(cToken) === lower(entry.market))?.symbol;
    }

    #addEntry(row, side, entry) {
        const symbol = this.#symbolOf(entry);
        const now = this.now.get(symbol);
        if (!now) return;
        const { alone, group } = entry.liquidation_price ?? {};
        const where = `${row.account} ${side} ${symbol}`;
        this.#addPrice(row, `${where} alone`, alone, now, (price) => this.#moved([symbol], symbol, price));
        const members = Object.values(this.market.groups).find((list) => list.includes(symbol));
        if (!members) return;
        const [leader] = members;
        if (group) this.tally.equal(where, 'group.leader', leader, group.leader);
        this.#addPrice(row, `${where} group`, group, this.now.get(leader), (price) => this.#moved(members, leader, price));
    }

    /** What the oracle answers with the leader at a price; stated in the coin the others move. */
    #moved(members, leader, price) {
        const present = this.now.get(leader);
        const all = [...this.now].filter(([, value]) => value > 0n);
        if (this.market.isJustLend && members.some((symbol) => this.market.market(symbol).native)) {
            return all.filter(([symbol]) => !members.includes(symbol)).map(([symbol, value]) => [symbol, (value * present) / price]);
        }
        return all.filter(([symbol]) => members.includes(symbol)).map(([symbol, value]) => [symbol, symbol === leader ? price : (value * price) / present]);
    }

    #addPrice(row, where, claim, now, at) {
        const isNow = row.liquidatable === true;
        if (!claim) return;
        const price = BigInt(claim.price_raw);
        const away = claim.side === 'below' ? 1n : -1n;
        this.#expect(row, where, `${price} (${claim.side})`, { prices: at(price) }, true);
        this.#expect(row, where, `${price + away}, one unit from ${price} (${claim.side})`, { prices: at(price + away) }, false);
        const near = isNow ? price : price + away;
        const [low, high] = near < now ? [near, now] : [now, near];
        for (let i = 0; i < 2; i++) {
            const between = this.rng.bigBetween(low, high);
            this.#expect(row, where, `${between}, between ${near} and the present ${now}`, { prices: at(between) }, isNow);
        }
        this.certified += 1;
    }

    #addBlock(row) {
        if (row.liquidatable === true || !row.liquidation_block) return;
        const where = `${row.account} liquidation_block`;
        const number = row.liquidation_block;
        this.tally.isTrue(where, 'lies ahead', number > this.reading.block.number, String(number));
        this.#expect(row, where, `block ${number}`, { number }, true);
        this.#expect(row, where, `block ${number - 1}, one before`, { number: number - 1 }, false);
        this.certified += 1;
    }

    #expect(row, where, what, { prices = [], number }, unhealthy) {
        this.#probes.push({ address: row.account, where, what, prices, number, unhealthy });
    }

    /** Asks the contract and tells the tally. Answers how many claims were certified. */
    async run() {
        const answers = await this.market.chain.rpc.settle(this.#probes.map((probe) => this.#request(probe)));
        answers.forEach((answer, i) => this.#judge(this.#probes[i], answer));
        this.#probes = [];
        return this.certified;
    }

    #request({ address, prices, number }) {
        const { comptroller, oracle, markets } = this.market;
        const calls = markets.map(({ symbol, cToken }) => [cToken, this.market.cToken(symbol).data('accrueInterest')]);
        calls.push([comptroller.address, comptroller.data('getAccountLiquidity', [address])]);
        const stateDiff = Object.fromEntries(prices.map(([symbol, price]) => [slotOf(this.market.market(symbol).cToken), '0x' + word(price)]));
        const overrides = prices.length > 0 ? { [oracle.address]: { stateDiff } } : {};
        const params = [{ to: MULTICALL3, data: encodeAggregate(calls) }, pinned(this.reading.block.hash), overrides];
        if (number !== undefined) params.push({ number: '0x' + number.toString(16) });
        return ['eth_call', params];
    }

    #judge({ where, what, unhealthy }, answer) {
        const name = (is) => (is ? 'liquidatable' : 'healthy');
        const last = answer.error ? null : decodeAggregate(answer.result).at(-1);
        if (last === null || last === undefined) {
            this.tally.equal(where, `at ${what}`, name(unhealthy), `no answer: ${answer.error?.message}`);
            return;
        }
        const [error, liquidity, shortfall] = words(last);
        const is = error === 0n && shortfall > 0n;
        const shown = is === unhealthy ? name(is) : `${name(is)} (error ${error}, liquidity ${liquidity}, shortfall ${shortfall})`;
        this.tally.equal(where, `at ${what}`, name(unhealthy), shown);
    }
}
