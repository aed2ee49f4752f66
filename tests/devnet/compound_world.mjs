// A seeded world in a Compound V2 market: suppliers, borrowers of every sort, and the awkward
// ones by name. The same family, seed and number of accounts give the same state.

import { deployCompound, ETH_GROUP, SCALE } from './compound_market.mjs';
import { readCompound } from './compound_reader.mjs';
import { derivedAddress } from './contract.mjs';
import { Rng } from './prng.mjs';

const DOLLARS = ['USDT', 'DAI', 'GUSD'];
const PER_BLOCK = 150;
const POCKET = 10n ** 9n;
const COINS = 10n ** 27n;

export class CompoundWorld {
    constructor({ market, seed, accounts }) {
        this.market = market;
        this.chain = market.chain;
        this.release = market.release;
        this.seed = seed;
        this.rng = new Rng(`${market.release}/${seed}`);
        this.accounts = accounts;
        this.whales = Array.from({ length: 2 }, (_, i) => derivedAddress(`compound whale ${i}`));
        this.liquidator = derivedAddress('compound liquidator');
        /** Outcomes of transactions by the label's first word: {sent, failed}. */
        this.outcomes = {};
        /** How many blocks are made at once; who watches the chain may want to look away. */
        this.unwatched = (act) => act();
        this.laterListings = [...market.laterListings];
    }

    everyone() {
        return [...this.accounts, ...this.whales, this.liquidator, this.market.admin];
    }

    async mine(options) {
        const block = await this.chain.mine(options);
        for (const { label, ok } of block.tickets) {
            const name = label.split(/[( ]/, 1)[0];
            const outcome = (this.outcomes[name] ??= { sent: 0, failed: 0 });
            outcome.sent += 1;
            if (!ok) outcome.failed += 1;
        }
        return block;
    }

    save() {
        const { state, deployer, own } = this.market;
        return structuredClone({ state, nonces: [deployer.nonce, own.nonce], laterListings: this.laterListings });
    }

    restore(saved) {
        const { state, nonces, laterListings } = structuredClone(saved);
        this.market.state = state;
        [this.market.deployer.nonce, this.market.own.nonce] = nonces;
        this.laterListings = laterListings;
    }

    read(accounts = this.everyone()) {
        return readCompound(this.market, accounts, this.chain.head());
    }
}

export async function buildCompoundWorld(chain, { release, seed = 1, accounts = 200, say = () => {} }) {
    const started = Date.now();
    const note = (line) => say(`[${((Date.now() - started) / 1000).toFixed(1)} s] ${line}`);
    await chain.placeMulticall3(derivedAddress('multicall deployer'));
    const market = await deployCompound(chain, release);
    note(`Compound V2 (${release}) stands with ${market.markets.length} markets`);

    const addresses = Array.from({ length: accounts }, (_, i) => derivedAddress(`compound account ${seed}/${i}`));
    const world = new CompoundWorld({ market, seed, accounts: addresses });
    await fundEverybody(world);
    await provideLiquidity(world);
    note('liquidity is there');
    const rest = await playCompoundCases(world, addresses);
    await populate(world, rest);
    // They borrowed at these prices; a fall puts some of them on the edge.
    market.moveCoin(-300);
    await world.mine();
    await chain.skip(500);
    // Until a market has accrued its numbers are round, and nobody can tell how products are rounded.
    for (const symbol of market.symbols) market.accrue(addresses[0], symbol);
    await world.mine();
    note(`${addresses.length} accounts live at block ${chain.number}`);
    return world;
}

export const units = (market, symbol, whole) => BigInt(whole) * 10n ** BigInt(market.market(symbol).decimals);

/** Whole dollars into raw units of a token at its present price. */
export function worth(market, symbol, dollars) {
    const { price } = market.market(symbol);
    const amount = (BigInt(dollars) * market.dollar * SCALE) / (price || 1n);
    return amount > 0n ? amount : 1n;
}

export async function fundEverybody(world, symbols = world.market.symbols) {
    const { market, chain } = world;
    await market.fund(world.everyone(), COINS);
    for (const symbol of symbols) {
        if (!market.market(symbol).native) market.mintMany(symbol, world.everyone(), units(market, symbol, POCKET));
    }
    await chain.mineAll();
}

export async function provideLiquidity({ market, whales, chain, accounts }) {
    for (const symbol of market.symbols) {
        const dollars = Math.min(2_000_000 + accounts.length * 40_000, symbol === 'NFT' ? 400 : 1e9);
        whales.forEach((whale, i) => market.supply(whale, symbol, worth(market, symbol, dollars >> i)));
    }
    await chain.mineAll();
}

/** Each takes one account. What it must come to is checked by comparing every number anyway. */
const CASES = {
    /** Supplied, never entered: counts for nothing. */
    *notEntered(world, user) {
        world.market.supply(user, 'DAI', worth(world.market, 'DAI', 5_000));
        world.market.supply(user, 'ETH', worth(world.market, 'ETH', 900));
        world.market.enter(user, ['ETH']);
        yield;
        world.market.borrow(user, 'USDT', worth(world.market, 'USDT', 500));
        yield;
    },
    /** One market on both sides. */
    *bothSides(world, user) {
        world.market.supply(user, 'WBTC', worth(world.market, 'WBTC', 20_000));
        world.market.enter(user, ['WBTC', 'USDT']);
        yield;
        world.market.borrow(user, 'WBTC', worth(world.market, 'WBTC', 9_000));
        world.market.borrow(user, 'USDT', worth(world.market, 'USDT', 3_000));
        yield;
    },
    /** One unit of debt: the close factor makes it zero, and nobody can liquidate it. */
    *dust(world, user) {
        world.market.supply(user, 'USDT', 1_000_000n);
        world.market.enter(user, ['USDT']);
        yield;
        world.market.borrow(user, 'GUSD', 1n);
        yield;
    },
    /** Entered a market whose factor is 0, and owes in it. */
    *noFactor(world, user) {
        world.market.supply(user, 'JST', worth(world.market, 'JST', 3_000));
        world.market.supply(user, 'USDT', worth(world.market, 'USDT', 3_000));
        world.market.enter(user, ['JST', 'USDT']);
        yield;
        world.market.borrow(user, 'SUN', worth(world.market, 'SUN', 1_500));
        yield;
    },
    /** Borrowed, repaid to the last unit, borrowed again. */
    *backAgain(world, user) {
        world.market.supply(user, 'ETH', worth(world.market, 'ETH', 8_000));
        world.market.enter(user, ['ETH']);
        yield;
        world.market.borrow(user, 'DAI', worth(world.market, 'DAI', 2_000));
        yield;
        world.market.repayAll(user, 'DAI', worth(world.market, 'DAI', 2_100));
        yield;
        world.market.borrow(user, 'DAI', worth(world.market, 'DAI', 1_000));
        yield;
    },
    /** Short: owes the coin against dollars. */
    *short(world, user) {
        world.market.supply(user, 'USDT', worth(world.market, 'USDT', 50_000));
        world.market.enter(user, ['USDT']);
        yield;
        world.market.borrow(user, 'ETH', worth(world.market, 'ETH', 37_000));
        yield;
    },
    /** Gets its collateral from somebody else, and gives its own away. */
    *transfers(world, user) {
        world.market.supply(user, 'DAI', worth(world.market, 'DAI', 10_000));
        world.market.enter(user, ['DAI', 'WBTC']);
        yield;
        world.market.borrow(user, 'USDT', worth(world.market, 'USDT', 1_000));
        yield;
        const { cTokens } = (yield 'read').bySymbol.DAI;
        world.market.transfer(user, 'DAI', world.liquidator, cTokens / 3n);
        yield;
    },
    /** In debt in every market there is. */
    *everywhere(world, user) {
        world.market.supply(user, 'ETH', worth(world.market, 'ETH', 100_000));
        world.market.enter(user, world.market.symbols);
        yield;
        for (const symbol of world.market.symbols) world.market.borrow(user, symbol, worth(world.market, symbol, symbol === 'NFT' ? 50 : 4_000));
        yield;
    },
};

async function playCompoundCases(world, addresses) {
    const left = [...addresses];
    const plays = Object.values(CASES).map((play) => {
        const user = left.shift();
        return { user, play: play(world, user), send: undefined };
    });
    while (plays.length > 0) {
        for (const one of [...plays]) {
            const { done, value } = one.play.next(one.send);
            one.send = undefined;
            if (done) plays.splice(plays.indexOf(one), 1);
            if (value === 'read') one.send = (await world.read([one.user])).accounts[0];
        }
        await world.mine();
    }
    return left;
}

const some = (rng, list, most) => rng.shuffle(list).slice(0, rng.between(1, most));

const PERSONAS = {
    coinLong: { weight: 40, draw: (rng, { groups }) => ({ collateral: some(rng, Object.values(groups).at(-1), 2), debt: some(rng, DOLLARS, 2) }) },
    btcLong: { weight: 10, draw: (rng) => ({ collateral: ['WBTC'], debt: some(rng, DOLLARS, 2) }) },
    mixed: {
        weight: 22,
        draw: (rng, { groups }) => ({
            collateral: some(rng, [...Object.values(groups).flat(), 'WBTC', 'USDT', 'DAI', 'SUN', 'GUSD'], 4),
            debt: some(rng, [...DOLLARS, 'ETH', 'WBTC', 'SUN', 'JST'], 3),
        }),
    },
    short: {
        weight: 10,
        draw: (rng, { groups }) => ({ collateral: some(rng, ['USDT', 'DAI'], 2), debt: some(rng, [Object.values(groups).at(-1)[0], 'WBTC', 'wstETH'], 2) }),
    },
    loop: { weight: 8, draw: () => ({ collateral: ['wstETH'], debt: ['ETH'] }) },
    supplier: { weight: 10, draw: (rng) => ({ collateral: some(rng, [...ETH_GROUP, ...DOLLARS], 3), debt: [] }) },
};

const WEIGHTS = Object.fromEntries(Object.entries(PERSONAS).map(([name, { weight }]) => [name, weight]));

async function populate(world, addresses) {
    const { rng, market } = world;
    const lives = addresses.map((address) => {
        const life = PERSONAS[rng.weighted(WEIGHTS)].draw(rng, market);
        const dollars = rng.between(100, 999) * 10 ** rng.between(0, 3);
        return { address, dollars, share: rng.chance(25) ? rng.between(96, 100) : rng.between(40, 95), ...life };
    });
    for (let at = 0; at < lives.length; at += PER_BLOCK) {
        for (const { address, collateral, dollars } of lives.slice(at, at + PER_BLOCK)) {
            for (const symbol of collateral) market.supply(address, symbol, worth(market, symbol, Math.ceil(dollars / collateral.length)));
            market.enter(address, collateral);
        }
        await world.mine();
        await world.chain.skip(rng.between(1, 40));
    }
    const borrowers = lives.filter(({ debt }) => debt.length > 0);
    for (let at = 0; at < borrowers.length; at += PER_BLOCK) await borrowShares(world, borrowers.slice(at, at + PER_BLOCK));
}

/** A share of what the Comptroller says may be borrowed, split over the debts. */
async function borrowShares(world, lives) {
    const { market } = world;
    const { accounts } = await world.read(lives.map(({ address }) => address));
    lives.forEach(({ address, debt, share }, i) => {
        const liquidity = accounts[i].view?.[1] ?? 0n;
        for (const symbol of debt) {
            const { price } = market.market(symbol);
            const amount = (liquidity * SCALE * BigInt(share)) / (price * 100n * BigInt(debt.length));
            if (amount > 0n) market.borrow(address, symbol, amount);
        }
    });
    await world.mine();
    await world.chain.skip(world.rng.between(1, 40));
}
