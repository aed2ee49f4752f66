// What the contracts of a Compound V2 market say, pinned at a block hash: the views, which judge
// by what was stored last, and the same after every market was accrued within the call.

import { aggregate, oneWord, words } from './multicall.mjs';
import { ACTIONS, PROTOCOL_ACTIONS, SCALE } from './compound_market.mjs';

/** Calls after the accruals of all markets, in one eth_call each. */
const CHUNK = 60;

export async function readCompound(market, accounts, head) {
    const { rpc } = market.chain;
    const markets = await readMarkets(market, head.hash);
    const closeFactor = await readCloseFactor(market, head.hash);
    const stored = await readAccounts(market, accounts, (calls) => aggregate(rpc, calls, head.hash));
    const current = await readAccounts(market, accounts, (calls) => aggregateAccrued(market, calls, head.hash));
    return {
        block: head,
        rounding: market.rounding,
        closeFactor,
        markets: markets.map((entry, i) => ({ ...entry, accrued: current.markets[i] })),
        accounts: stored.accounts.map((account, i) => ({ ...account, current: current.accounts[i] })),
    };
}

const MARKET_VIEWS = ['getCash', 'totalBorrows', 'totalReserves', 'totalSupply', 'borrowIndex', 'accrualBlockNumber', 'borrowRatePerBlock', 'exchangeRateStored'];

async function readMarkets(market, hash) {
    const { comptroller, oracle, markets } = market;
    const calls = markets.flatMap(({ symbol, cToken }) => {
        const contract = market.cToken(symbol);
        return [
            [oracle.address, oracle.data('getUnderlyingPrice', [cToken])],
            [comptroller.address, comptroller.data('markets', [cToken])],
            ...MARKET_VIEWS.map((view) => [cToken, contract.data(view)]),
            ...ACTIONS.map((_, action) => [comptroller.address, comptroller.data('actionPaused', [cToken, action])]),
        ];
    });
    const answers = await aggregate(market.chain.rpc, [[comptroller.address, comptroller.data('protocolPaused')], ...calls], hash);
    const isProtocolPaused = oneWord(answers.shift()) === 1n;
    const width = MARKET_VIEWS.length + ACTIONS.length + 2;
    return markets.map((entry, i) => {
        const own = answers.slice(i * width, (i + 1) * width);
        const out = { ...entry, price: oneWord(own[0]), factor: words(own[1])[1] };
        MARKET_VIEWS.forEach((view, at) => (out[view] = oneWord(own[at + 2])));
        const switches = own.slice(MARKET_VIEWS.length + 2);
        out.pausedActions = ACTIONS.filter((action, at) => oneWord(switches[at]) === 1n || (isProtocolPaused && PROTOCOL_ACTIONS.includes(action)));
        return out;
    });
}

async function readCloseFactor({ chain, comptroller }, hash) {
    const [answer] = await aggregate(chain.rpc, [[comptroller.address, comptroller.data('closeFactorMantissa')]], hash);
    return oneWord(answer);
}

async function readAccounts(market, accounts, ask) {
    const { comptroller, markets } = market;
    const width = markets.length + 2;
    const calls = accounts.flatMap((account) => [
        [comptroller.address, comptroller.data('getAccountLiquidity', [account])],
        [comptroller.address, comptroller.data('getAssetsIn', [account])],
        ...markets.map(({ symbol, cToken }) => [cToken, market.cToken(symbol).data('getAccountSnapshot', [account])]),
    ]);
    const answers = await ask(calls);
    const snapshots = (own) => own.slice(2).map((answer) => words(answer).slice(1));
    return {
        accounts: accounts.map((address, i) => {
            const own = answers.slice(i * width, (i + 1) * width);
            const entered = new Set(words(own[1]).slice(2).map((word) => '0x' + word.toString(16).padStart(40, '0')));
            const bySymbol = {};
            snapshots(own).forEach(([cTokens, borrow, rate], at) => {
                const { symbol, cToken } = markets[at];
                bySymbol[symbol] = { cTokens, borrow, rate, entered: entered.has(cToken.toLowerCase()) };
            });
            return { address, view: own[0] === null ? null : words(own[0]), bySymbol };
        }),
        markets: accounts.length > 0 ? snapshots(answers.slice(0, width)).map(([, , rate]) => ({ rate })) : [],
    };
}

async function aggregateAccrued(market, calls, hash) {
    const accruals = market.markets.map(({ symbol, cToken }) => [cToken, market.cToken(symbol).data('accrueInterest')]);
    const out = [];
    for (let at = 0; at < calls.length; at += CHUNK) {
        const answers = await aggregate(market.chain.rpc, [...accruals, ...calls.slice(at, at + CHUNK)], hash);
        out.push(...answers.slice(accruals.length));
    }
    return out;
}

/** Somebody with debt in some market. */
export const borrowersOf = ({ accounts }) => accounts.filter(({ bySymbol }) => Object.values(bySymbol).some(({ borrow }) => borrow > 0n));

/**
 * The known accounts must hold all of every market's debt but for roundings, or the comparison
 * would prove less than it says.
 */
export function assertAllCompoundBorrowersKnown({ markets, accounts }) {
    for (const { symbol, totalBorrows, borrowIndex } of markets) {
        const known = accounts.reduce((sum, { bySymbol }) => sum + bySymbol[symbol].borrow, 0n);
        const away = known > totalBorrows ? known - totalBorrows : totalBorrows - known;
        if (away > 10_000n + totalBorrows / 10n ** 12n) {
            throw new Error(`the world does not know all borrowers of ${symbol}: ${known} of ${totalBorrows} (index ${borrowIndex})`);
        }
    }
}

const mulMantissa = (rounding, a, b) => (rounding === 'half_up' ? (a * b + SCALE / 2n) / SCALE : (a * b) / SCALE);

/**
 * The two sides of an account, made here from the contract's own snapshots; null where a price is
 * missing. Only the difference of the two is told by the contract, so `collateral` and `borrow`
 * are believed once that difference is the contract's.
 */
export function sidesOf({ rounding, markets }, bySymbol) {
    let collateral = 0n;
    let borrow = 0n;
    for (const { symbol, factor, price } of markets) {
        const own = bySymbol[symbol];
        if (!own.entered) continue;
        if (price === null || price === 0n) return null;
        const denom = mulMantissa(rounding, mulMantissa(rounding, factor, own.rate), price);
        collateral += (denom * own.cTokens) / SCALE;
        borrow += (price * own.borrow) / SCALE;
    }
    return { collateral, borrow };
}
