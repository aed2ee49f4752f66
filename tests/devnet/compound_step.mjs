// One random step of a Compound V2 world: a few blocks of random operations. What is refused is
// part of life and only counted.

import { ETH_GROUP, SCALE, moved } from './compound_market.mjs';
import { borrowersOf } from './compound_reader.mjs';
import { fundEverybody, worth } from './compound_world.mjs';

const WEIGHTS = {
    supply: 12,
    withdraw: 8,
    redeem: 4,
    borrow: 18,
    repay: 10,
    repayForAnother: 4,
    repayAll: 4,
    enter: 5,
    exit: 5,
    transfer: 8,
    accrue: 3,
    donate: 2,
    movePrice: 10,
    moveCoin: 10,
    liquidate: 12,
    passBlocks: 5,
    configure: 6,
    breakPrice: 2,
    dust: 4,
};

/** `without`: operations that are not drawn. */
export async function compoundStep(world, { blocks, most = 12, without = [] } = {}) {
    const count = blocks ?? world.rng.between(1, 3);
    const weights = Object.fromEntries(Object.entries(WEIGHTS).filter(([name]) => !without.includes(name)));
    let last;
    for (let i = 0; i < count; i++) last = await playBlock(world, most, weights);
    return last;
}

async function playBlock(world, most, weights) {
    const { rng, chain } = world;
    const actors = rng.shuffle(world.accounts).slice(0, most);
    const reading = await world.read(actors);
    const block = { world, market: world.market, rng, reading, skip: 0 };
    for (let i = 0, n = rng.between(2, most); i < n; i++) {
        await OPERATIONS[rng.weighted(weights)](block, reading.accounts[i % reading.accounts.length]);
    }
    const mined = await world.mine({ seconds: 3 });
    if (block.skip > 0) await world.unwatched(() => chain.skip(block.skip));
    return mined;
}

const heldBy = ({ bySymbol }) => Object.keys(bySymbol).filter((symbol) => bySymbol[symbol].cTokens > 0n);
const owedBy = ({ bySymbol }) => Object.keys(bySymbol).filter((symbol) => bySymbol[symbol].borrow > 0n);

/** Now and then a market the account has nothing to do with. */
function pickFrom({ rng, market }, list) {
    return list.length === 0 || rng.chance(3) ? rng.pick(market.symbols) : rng.pick(list);
}

function share(rng, amount) {
    if (rng.chance(8)) return 1n;
    const part = (amount * BigInt(rng.between(1, 102))) / 100n;
    return part > 0n ? part : 1n;
}

const dollars = ({ rng, market }, symbol) => worth(market, symbol, rng.between(1, symbol === 'NFT' ? 30 : 30_000));

const CHANGES = [
    ({ market, rng }) => market.setFactor(rng.pick(market.symbols), (SCALE * BigInt(rng.between(0, 85))) / 100n),
    ({ market, rng }) => market.setReserveFactor(rng.pick(market.symbols), (SCALE * BigInt(rng.between(0, 40))) / 100n),
    ({ market, rng }) => market.setRates(rng.pick(market.symbols), [rng.between(0, 100), rng.between(50, 900)]),
    ({ market, rng }) => market.setCloseFactor((SCALE * BigInt(rng.between(10, 90))) / 100n),
    ({ market, rng }) => market.setIncentive((SCALE * BigInt(rng.between(103, 115))) / 100n),
    ({ market, rng }) => market.pause(rng.pick(['SUN', 'NFT']), rng.pick(['mint', 'borrow', 'seize', 'liquidate']), rng.chance(50)),
    ({ market, rng, reading }) => {
        const { symbol, totalReserves } = rng.pick(reading.markets);
        if (totalReserves > 1n) market.reduceReserves(symbol, totalReserves / 2n);
    },
    ({ market, rng }) => market.setBorrowCap(rng.pick(market.symbols), rng.chance(50) ? 0n : 10n ** 30n),
    ({ market }) => market.replaceOracle(),
    ({ market }) => market.upgrade(),
    async ({ world, market }) => {
        const [next] = world.laterListings.splice(0, 1);
        if (!next) return;
        await world.mine();  // what is queued may fail, what follows may not
        await market.list([next]);
        await fundEverybody(world, [next.symbol]);
        market.supply(world.whales[0], next.symbol, worth(market, next.symbol, 1_000_000));
        await market.chain.mineAll();
    },
];

const OPERATIONS = {
    supply(block, { address }) {
        const symbol = block.rng.pick(block.market.symbols);
        block.market.supply(address, symbol, dollars(block, symbol));
        if (block.rng.chance(60)) block.market.enter(address, [symbol]);
    },
    withdraw(block, account) {
        const symbol = pickFrom(block, heldBy(account));
        const { cTokens, rate } = account.bySymbol[symbol];
        block.market.withdraw(account.address, symbol, share(block.rng, (cTokens * rate) / SCALE));
    },
    redeem(block, account) {
        const symbol = pickFrom(block, heldBy(account));
        const { cTokens } = account.bySymbol[symbol];
        block.market.redeem(account.address, symbol, block.rng.chance(30) ? cTokens : share(block.rng, cTokens));
    },
    borrow(block, { address, view }) {
        const { market, rng } = block;
        const symbol = rng.pick(market.symbols);
        const price = market.price(symbol) || 1n;
        market.borrow(address, symbol, share(rng, ((view?.[1] ?? 0n) * SCALE) / price));
    },
    repay(block, account) {
        const symbol = pickFrom(block, owedBy(account));
        block.market.repay(account.address, symbol, share(block.rng, account.bySymbol[symbol].borrow));
    },
    repayForAnother(block, account) {
        const symbol = pickFrom(block, owedBy(account));
        const payer = block.rng.pick(block.world.accounts);
        block.market.repay(payer, symbol, share(block.rng, account.bySymbol[symbol].borrow), account.address);
    },
    repayAll(block, account) {
        for (const symbol of owedBy(account)) block.market.repayAll(account.address, symbol, account.bySymbol[symbol].borrow);
    },
    enter({ market, rng }, { address }) {
        market.enter(address, rng.shuffle(market.symbols).slice(0, rng.between(1, 3)));
    },
    exit(block, account) {
        const entered = Object.keys(account.bySymbol).filter((symbol) => account.bySymbol[symbol].entered);
        block.market.exit(account.address, pickFrom(block, entered));
    },
    transfer(block, account) {
        const { market, rng, world } = block;
        const symbol = pickFrom(block, heldBy(account));
        market.transfer(account.address, symbol, rng.pick(world.accounts), share(rng, account.bySymbol[symbol].cTokens));
    },
    accrue({ market, rng }, { address }) {
        market.accrue(address, rng.pick(market.symbols));
    },
    donate(block, { address }) {
        const symbol = block.rng.pick(block.market.symbols);
        block.market.donate(address, symbol, worth(block.market, symbol, symbol === 'NFT' ? 1 : 100));
    },
    movePrice({ market, rng }) {
        const symbol = rng.pick(market.symbols.filter((one) => ![...ETH_GROUP, market.coin.symbol].includes(one)));
        const isSteady = ['USDT', 'DAI', 'GUSD', 'USDD'].includes(symbol);
        if (market.price(symbol) > 0n) market.setPrice(symbol, moved(market.price(symbol), isSteady ? rng.between(-40, 40) : rng.between(-500, 450)));
    },
    moveCoin({ market, rng }) {
        const bps = rng.between(-400, 350);
        market.moveCoin(bps);
        const follower = market.coin.symbol === 'TRX' ? 'sTRX' : 'wstETH';
        market.setPrice(follower, moved(market.price(follower), bps));
    },
    async liquidate(block) {
        const { world, market, rng } = block;
        const reading = await world.read(world.accounts);
        const unhealthy = borrowersOf(reading).filter(({ current }) => current.view?.[2] > 0n);
        for (const account of rng.shuffle(unhealthy).slice(0, rng.between(1, 4))) {
            const debt = rng.pick(owedBy(account));
            const collateral = heldBy(account).filter((symbol) => account.bySymbol[symbol].entered);
            if (collateral.length === 0) continue;
            const amount = (account.bySymbol[debt].borrow * BigInt(rng.between(1, 50))) / 100n;
            if (amount > 0n) market.liquidate(world.liquidator, rng.pick(collateral), debt, account.address, amount);
        }
    },
    passBlocks(block) {
        block.skip = block.rng.pick([5, 20, 60, 150]);
    },
    async configure(block) {
        await block.rng.pick(CHANGES)(block);
    },
    /** No price, or none to be had: then nobody who entered the market can be computed. */
    breakPrice({ market, rng }) {
        const symbol = rng.pick(['NFT', 'JST']);
        const { broken, price, lastPrice } = market.market(symbol);
        if (broken) return market.breakPrice(symbol, false);
        if (price === 0n) return market.setPrice(symbol, lastPrice);
        if (rng.chance(50)) return market.breakPrice(symbol, true);
        market.market(symbol).lastPrice = price;
        return market.setPrice(symbol, 0n);
    },
    dust({ market, rng }, { address }) {
        const symbol = rng.pick(market.symbols);
        const amount = BigInt(rng.between(1, 3));
        if (rng.chance(40)) market.supply(address, symbol, amount);
        else if (rng.chance(50)) market.borrow(address, symbol, amount);
        else market.repay(address, symbol, amount);
    },
};

/** As `reorganise` of step.mjs. */
export async function reorganiseCompound(world, { depth = 4, onOrphans = async () => {} } = {}) {
    const { chain } = world;
    const saved = world.save();
    const snapshot = await chain.snapshot();
    const fork = chain.number;
    while (chain.number < fork + depth) await compoundStep(world, { blocks: 1 });
    const orphaned = chain.head();
    await onOrphans(orphaned);
    await chain.revert(snapshot);
    world.restore(saved);
    while (chain.number <= orphaned.number) await compoundStep(world, { blocks: 1 });
    return { fork, orphaned, head: chain.head() };
}
