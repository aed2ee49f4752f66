// One random step of a world: a few blocks of random operations. Reverts are part of life and
// only counted.

import { CONFIG_CHANGES } from './config_changes.mjs';
import { ETH_GROUP } from './listings.mjs';
import { liquidateUnhealthy } from './liquidator.mjs';
import { MAX, STABLE } from './market.mjs';
import { readAccounts, readBalances } from './reader.mjs';

const HOUR = 3_600;
const DAY = 24 * HOUR;

/** How often each operation is drawn; options may replace any of them. */
export const WEIGHTS = {
    supply: 14,
    withdraw: 9,
    borrow: 16,
    repay: 9,
    repayAll: 4,
    repayWithATokens: 4,
    toggleCollateral: 5,
    changeEMode: 4,
    transferAToken: 6,
    borrowForAnother: 5,
    flashLoanDebt: 3,
    donate: 1,
    movePrice: 10,
    moveEthPrice: 10,
    liquidate: 10,
    passTime: 4,
    configure: 6,
    breakFeed: 1,
    replaceFeed: 1,
    fallback: 1,
    mintToTreasury: 1,
    dust: 3,
    stableRate: 4,
    eliminateDeficit: 2,
    oracleRound: 0,
};

/**
 * Plays `blocks` blocks (drawn, if not given) and calls `afterBlock(block)` after each.
 * Options: weights, the most operations in a block.
 */
export async function step(world, { blocks, weights = {}, most = 12, afterBlock = () => {} } = {}) {
    const table = { ...WEIGHTS, ...weightsFromEnvironment(), ...weights };
    const count = blocks ?? world.rng.between(1, 3);
    let last;
    for (let i = 0; i < count; i++) {
        last = await playBlock(world, table, most);
        await afterBlock(last);
    }
    return last;
}

/** PLIMSOLL_STEP_WEIGHTS='{"liquidate": 30}' */
function weightsFromEnvironment() {
    return JSON.parse(process.env.PLIMSOLL_STEP_WEIGHTS || '{}');
}

async function playBlock(world, table, most) {
    const { rng, market, chain } = world;
    const actors = rng.shuffle(world.accounts).slice(0, most);
    const [seen, balances] = await Promise.all([
        readAccounts(market, actors, chain.hash),
        readBalances(market, actors, chain.hash),
    ]);
    const block = { seconds: 12, world, market, rng };
    const count = rng.between(2, most);
    for (let i = 0; i < count; i++) {
        const user = { ...seen[i % seen.length], balances: balances.get(seen[i % seen.length].address) };
        await OPERATIONS[rng.weighted(table)](block, user);
    }
    return world.mine({ seconds: block.seconds });
}

const symbols = (market) => market.reserves.map(({ symbol }) => symbol);
const supplied = ({ balances }) => Object.keys(balances).filter((symbol) => balances[symbol].supplied > 0n);
const owed = ({ balances }) => Object.keys(balances).filter((symbol) => balances[symbol].debt > 0n);

/** Now and then an asset the account has nothing to do with. */
function pickFrom(rng, list, market) {
    return list.length === 0 || rng.chance(3) ? rng.pick(symbols(market)) : rng.pick(list);
}

/** A share of an amount, from one unit to a little more than all. */
function share(rng, amount) {
    if (rng.chance(8)) return 1n;
    const part = (amount * BigInt(rng.between(1, 102))) / 100n;
    return part > 0n ? part : 1n;
}

function dollars({ rng, market }, symbol, most = 50_000) {
    const { decimals, price } = market.reserve(symbol);
    const whole = BigInt(rng.between(1, most));
    return (whole * 10n ** 8n * 10n ** BigInt(decimals)) / price || 1n;
}

/** What the account may still borrow of a token, by the contract's own number. */
function borrowable({ market }, { view }, symbol) {
    const { decimals, price } = market.reserve(symbol);
    return ((view?.availableBorrowsBase ?? 0n) * 10n ** BigInt(decimals)) / price;
}

function scaledPrice(price, bps) {
    const moved = (price * BigInt(10_000 + bps)) / 10_000n;
    return moved > 0n ? moved : 1n;
}

/** Down toward 2,100 and then about that level. */
function ethMove(rng, price) {
    return price > 2_050n * 10n ** 8n ? rng.between(-500, 200) : rng.between(-200, 400);
}

const OPERATIONS = {
    supply(block, user) {
        const { market, rng } = block;
        // Some supply what they owe: only they can repay with aTokens later.
        const symbol = rng.chance(35) ? pickFrom(rng, owed(user), market) : rng.pick(symbols(market));
        market.supply(user.address, symbol, dollars(block, symbol));
    },

    withdraw({ market, rng }, user) {
        const symbol = pickFrom(rng, supplied(user), market);
        const amount = rng.chance(10) ? MAX : share(rng, user.balances[symbol].supplied);
        market.withdraw(user.address, symbol, amount);
    },

    borrow(block, user) {
        const { market, rng } = block;
        const symbol = rng.pick(symbols(market));
        const amount = share(rng, borrowable(block, user, symbol));
        const mode = market.hasStableDebt && market.reserve(symbol).stableRate && rng.chance(40) ? STABLE : 2;
        market.borrow(user.address, symbol, amount, { mode });
    },

    repay({ market, rng }, user) {
        const symbol = pickFrom(rng, owed(user), market);
        const mode = user.balances[symbol].stable > 0n && rng.chance(50) ? STABLE : 2;
        market.repay(user.address, symbol, share(rng, user.balances[symbol].debt), { mode });
    },

    repayAll({ market }, user) {
        for (const symbol of owed(user)) {
            market.repay(user.address, symbol, MAX);
            if (user.balances[symbol].stable > 0n) market.repay(user.address, symbol, MAX, { mode: STABLE });
        }
    },

    repayWithATokens({ market, rng }, user) {
        const both = owed(user).filter((symbol) => user.balances[symbol].supplied > 0n);
        const symbol = pickFrom(rng, both, market);
        market.repayWithATokens(user.address, symbol, rng.chance(40) ? MAX : share(rng, user.balances[symbol].debt));
    },

    toggleCollateral({ market, rng }, user) {
        market.setCollateral(user.address, pickFrom(rng, supplied(user), market), rng.chance(55));
    },

    changeEMode({ market, rng }, { address, eMode }) {
        const category = eMode !== 0 && rng.chance(60) ? 0 : rng.between(0, market.release === '3.0' ? 3 : 4);
        market.setEMode(address, category);
    },

    transferAToken({ market, rng, world }, user) {
        const symbol = pickFrom(rng, supplied(user), market);
        const to = rng.chance(10) ? user.address : rng.pick(world.accounts);
        market.transferAToken(user.address, symbol, to, share(rng, user.balances[symbol].supplied));
    },

    borrowForAnother(block, owner) {
        const { market, rng, world } = block;
        const symbol = rng.pick(symbols(market));
        const amount = share(rng, borrowable(block, owner, symbol) / 2n);
        const delegatee = rng.pick(world.accounts);
        market.delegate(owner.address, symbol, delegatee, amount + amount / 10n);
        market.borrow(delegatee, symbol, amount, { onBehalfOf: owner.address });
    },

    flashLoanDebt(block, user) {
        const { market, rng } = block;
        const symbol = rng.pick(symbols(market));
        market.flashLoanDebt(user.address, symbol, share(rng, borrowable(block, user, symbol)));
    },

    donate(block, { address }) {
        const symbol = block.rng.pick(symbols(block.market));
        block.market.donate(address, symbol, dollars(block, symbol, 500));
    },

    movePrice({ market, rng }) {
        const symbol = rng.pick(symbols(market).filter((name) => !ETH_GROUP.includes(name)));
        const { price, rates } = market.reserve(symbol);
        const isSteady = rates.optimal === 9000;
        market.setPrice(symbol, scaledPrice(price, isSteady ? rng.between(-40, 40) : rng.between(-500, 450)));
        const source = market.state.sources.length > 0 && rng.chance(20) ? rng.pick(market.state.sources) : null;
        if (source) market.setSourcePrice(source.id, scaledPrice(source.price, rng.between(-60, 50)));
    },

    moveEthPrice({ market, rng }) {
        const move = ethMove(rng, market.price('WETH'));
        for (const symbol of ETH_GROUP) {
            market.setPrice(symbol, scaledPrice(market.price(symbol), move + rng.between(-4, 4)));
        }
    },

    /** Every feed answers again, some with the same number: as an oracle network does. */
    oracleRound({ market }) {
        for (const symbol of symbols(market)) market.setPrice(symbol, market.price(symbol));
    },

    async liquidate({ world, rng }) {
        await liquidateUnhealthy(world, rng.between(1, 4));
    },

    passTime(block) {
        const { rng } = block;
        block.seconds = rng.pick([1, 300, HOUR, 7 * HOUR, DAY, 3 * DAY, 14 * DAY]) + rng.below(60);
    },

    async configure({ world, rng }) {
        const changes = CONFIG_CHANGES.filter(({ only }) => !only || only === world.release);
        await rng.pick(changes).apply(world);
    },

    /** Zero and negative answers send AaveOracle to its fallback; a broken feed reverts. */
    breakFeed({ market, rng }) {
        const victim = rng.pick(['LUSD', 'GUSD', 'LDO']);
        if (market.reserve(victim).broken) market.breakFeed(victim, false);
        else if (rng.chance(50)) market.breakFeed(victim, true);
        else market.own.at('TestFeed', market.reserve(victim).feed).send(market.admin, 'set', [rng.chance(50) ? 0n : -1n]);
    },

    replaceFeed({ market, rng }) {
        market.replaceFeed(rng.pick(symbols(market)));
    },

    fallback({ market, rng }) {
        market.setFallbackPrice('LUSD', 100_000_000n + BigInt(rng.below(1_000_000)));
        market.setFallbackOracle(!market.state.usesFallback);
    },

    mintToTreasury({ market, rng }) {
        market.mintToTreasury(rng.shuffle(symbols(market)).slice(0, 5));
    },

    dust({ market, rng }, { address }) {
        const symbol = rng.pick(symbols(market));
        const amount = BigInt(rng.between(1, 3));
        if (rng.chance(40)) market.supply(address, symbol, amount);
        else if (rng.chance(50)) market.borrow(address, symbol, amount);
        else market.repay(address, symbol, amount);
    },

    stableRate({ market, rng, world }, user) {
        if (!market.hasStableDebt) return;
        const debts = owed(user).filter((symbol) => market.reserve(symbol).stableRate);
        const symbol = debts.length > 0 ? rng.pick(debts) : rng.pick(['DAI', 'USDT', 'sUSD']);
        const isStable = user.balances[symbol].stable > 0n;
        if (rng.chance(30)) market.rebalance(rng.pick(world.accounts), symbol, user.address);
        else market.swapBorrowRateMode(user.address, symbol, isStable ? STABLE : 2);
    },

    async eliminateDeficit({ market, rng }) {
        if (market.release !== 'latest') return;
        const deficits = [];
        for (const { symbol, token } of market.reserves) {
            const deficit = await market.pool.read('getReserveDeficit', [token]);
            if (deficit > 0n) deficits.push({ symbol, deficit });
        }
        if (deficits.length === 0) return;
        const { symbol, deficit } = rng.pick(deficits);
        market.supply(market.umbrella, symbol, 2n * deficit);
        market.eliminateDeficit(symbol, share(rng, deficit));
    },
};

/**
 * A reorganisation: `depth` blocks are played and orphaned, then `depth` + 1 others take their
 * place from the same parent. `onOrphans` runs while the orphans are still the head.
 */
export async function reorganise(world, { depth = 4, onOrphans = async () => {} } = {}) {
    const { chain } = world;
    const saved = world.save();
    const snapshot = await chain.snapshot();
    const fork = chain.number;
    while (chain.number < fork + depth) await step(world, { blocks: 1 });
    const orphaned = chain.head();
    await onOrphans(orphaned);
    await chain.revert(snapshot);
    world.restore(saved);
    while (chain.number <= orphaned.number) await step(world, { blocks: 1 });
    return { fork, orphaned, head: chain.head() };
}
