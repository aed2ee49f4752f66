// Ordinary accounts: what most people do, with random sizes. They supply, then borrow a share of
// what the contract says they may.

import { ETH_GROUP } from './listings.mjs';
import { worth } from './liquidity.mjs';
import { readAccounts } from './reader.mjs';

const STABLES = ['USDC', 'DAI', 'USDT', 'GHO', 'GUSD'];
const PER_BLOCK = 250;

/** Share of what may be borrowed, in percent: most people use about three quarters. */
const daring = (rng) => (rng.chance(15) ? rng.between(96, 99) : rng.between(45, 95));

const PERSONAS = {
    ethLong: { weight: 42, draw: (rng) => ({ collateral: some(rng, ETH_GROUP, 2), debt: some(rng, STABLES, 2) }) },
    btcLong: { weight: 8, draw: (rng) => ({ collateral: ['WBTC'], debt: some(rng, STABLES, 2) }) },
    mixed: {
        weight: 14,
        draw: (rng) => ({
            collateral: some(rng, [...ETH_GROUP, 'WBTC', 'USDC', 'DAI', 'GUSD', 'SHIB', 'PEPE'], 4),
            debt: some(rng, [...STABLES, 'WETH', 'WBTC', 'wstETH', 'SHIB'], 3),
        }),
    },
    short: { weight: 8, draw: (rng) => ({ collateral: some(rng, ['USDC', 'DAI'], 2), debt: some(rng, ['WETH', 'WBTC', 'weETH'], 2) }) },
    ethLoop: { weight: 8, draw: (rng) => ({ collateral: some(rng, ['wstETH', 'weETH'], 2), debt: ['WETH'], eMode: 1 }) },
    stableLoop: { weight: 5, draw: (rng) => ({ collateral: some(rng, ['USDC', 'DAI'], 2), debt: some(rng, ['USDC', 'DAI', 'USDT'], 2), eMode: 2 }) },
    otherEMode: {
        weight: 4,
        draw: (rng, release) =>
            release === '3.0'
                ? { collateral: ['WBTC'], debt: ['WBTC'], eMode: 3 }
                : { collateral: ['weETH'], debt: some(rng, ['USDC', 'USDT'], 2), eMode: 3 },
    },
    isolated: { weight: 3, draw: (rng) => ({ collateral: ['SNX'], debt: some(rng, ['USDC', 'DAI'], 1), enable: ['SNX'], small: true }) },
    supplier: { weight: 8, draw: (rng) => ({ collateral: some(rng, [...ETH_GROUP, ...STABLES], 3), debt: [] }) },
};

const WEIGHTS = Object.fromEntries(Object.entries(PERSONAS).map(([name, { weight }]) => [name, weight]));

function some(rng, list, most) {
    return rng.shuffle(list).slice(0, rng.between(1, most));
}

/** Whole dollars, spread over five orders of magnitude. */
function wealth(rng, small) {
    const magnitude = 10 ** rng.between(0, small ? 1 : 4);
    return rng.between(100, 999) * magnitude;
}

function drawLife(rng, release, address) {
    const life = PERSONAS[rng.weighted(WEIGHTS)].draw(rng, release);
    return { address, dollars: wealth(rng, life.small), share: daring(rng), ...life };
}

export async function populate(world, addresses) {
    const { rng, release } = world;
    const lives = addresses.map((address) => drawLife(rng, release, address));
    await inBlocks(world, lives, supplyAll);
    await inBlocks(world, lives.filter(({ eMode, enable }) => eMode || enable), enterModes);
    const borrowers = lives.filter(({ debt }) => debt.length > 0);
    for (let at = 0; at < borrowers.length; at += PER_BLOCK) {
        await borrowShares(world, borrowers.slice(at, at + PER_BLOCK));
    }
}

async function inBlocks(world, lives, act) {
    for (let at = 0; at < lives.length; at += PER_BLOCK) {
        for (const life of lives.slice(at, at + PER_BLOCK)) act(world, life);
        await world.mine({ seconds: 12 * world.rng.between(1, 60) });
    }
}

function supplyAll({ market }, { address, collateral, dollars }) {
    for (const symbol of collateral) {
        const part = Math.max(1, Math.floor(dollars / collateral.length));
        market.supply(address, symbol, worth(market, symbol, part));
    }
}

function enterModes({ market }, { address, eMode, enable = [] }) {
    for (const symbol of enable) market.setCollateral(address, symbol, true);
    if (eMode) market.setEMode(address, eMode);
}

/** The contract's availableBorrowsBase, times the share, spread over the debts. */
async function borrowShares(world, lives) {
    const { market, chain } = world;
    const seen = await readAccounts(market, lives.map(({ address }) => address), chain.hash);
    lives.forEach(({ address, debt, share }, i) => {
        const available = seen[i].view?.availableBorrowsBase ?? 0n;
        for (const symbol of debt) {
            const { decimals, price } = market.reserve(symbol);
            const base = (available * BigInt(share)) / (100n * BigInt(debt.length));
            const amount = (base * 10n ** BigInt(decimals)) / price;
            if (amount > 0n) market.borrow(address, symbol, amount);
        }
    });
    await world.mine({ seconds: 12 * world.rng.between(1, 60) });
}

