// The liquidators of the demonstration: one takes most of whoever the contract calls unhealthy,
// his rival waits for a single account.

import { id } from 'ethers';

import { MAX } from './market.mjs';
import { aggregate, oneWord, words } from './multicall.mjs';
import { WAD, isBorrowing, isCollateral } from './reader.mjs';

/** Of those who can be liquidated most are, but not all at once. */
const TAKES_PERCENT = 75;
const TAKES_MOST = 12;

// Hundreds of these are asked in every block, so they are written out by hand.
const selector = (signature) => id(signature).slice(0, 10);
const GET_USER_ACCOUNT_DATA = selector('getUserAccountData(address)');
const GET_USER_CONFIGURATION = selector('getUserConfiguration(address)');
const BALANCE_OF = selector('balanceOf(address)');
const padded = (address) => address.slice(2).toLowerCase().padStart(64, '0');

/**
 * Queues liquidations by what the head holds. The rival comes last: without him (`isRescued`)
 * every other liquidation is the same transaction again.
 */
export async function liquidateSome(world, isRescued) {
    const { market, rng, rescued, liquidator, rival } = world;
    const unhealthy = await unhealthyAccounts(world);
    const others = unhealthy.filter((address) => address !== rescued && rng.chance(TAKES_PERCENT));
    const isLost = !isRescued && unhealthy.includes(rescued);
    const targets = [...rng.shuffle(others).slice(0, TAKES_MOST), ...(isLost ? [rescued] : [])];
    for (const { address, collateral, debt } of await readLoans(world, targets)) {
        if (!collateral || !debt) continue;
        const who = address === rescued ? rival : liquidator;
        market.liquidate(who, collateral.symbol, debt.symbol, address, MAX);
    }
}

/** Those below 1 by the contract's own health factor who still have collateral. */
async function unhealthyAccounts(world) {
    const { pool, chain } = world.market;
    const borrowers = world.borrowers();
    const questions = borrowers.map((address) => [pool.address, GET_USER_ACCOUNT_DATA + padded(address)]);
    const views = await aggregate(chain.rpc, questions, chain.hash);
    return borrowers.filter((_, i) => {
        if (views[i] === null) return false;
        const [collateral, , , , , healthFactor] = words(views[i]);
        return collateral > 0n && healthFactor < WAD;
    });
}

/** [{address, collateral, debt}]: the entry of the largest value on either side, if there is one. */
async function readLoans({ market, chain }, addresses) {
    const { pool, reserves } = market;
    const ask = async (questions) => (await aggregate(chain.rpc, questions, chain.hash)).map(oneWord);
    const bitmaps = await ask(addresses.map((address) => [pool.address, GET_USER_CONFIGURATION + padded(address)]));
    const entries = addresses.flatMap((address, i) => reserves.flatMap((reserve) => entriesOf(address, bitmaps[i], reserve)));
    const balances = await ask(entries.map(({ address, token }) => [token, BALANCE_OF + padded(address)]));
    entries.forEach((entry, i) => (entry.value = (balances[i] * entry.price) / entry.unit));
    return addresses.map((address) => {
        const own = entries.filter((entry) => entry.address === address);
        return { address, collateral: largest(own, 'collateral'), debt: largest(own, 'debt') };
    });
}

function entriesOf(address, bitmap, { id: place, symbol, price, decimals, aToken, vToken, sToken }) {
    const unit = 10n ** BigInt(decimals);
    const entry = (side) => (token) => ({ address, symbol, price, unit, side, token });
    return [
        ...(isCollateral(bitmap, place) ? [aToken].map(entry('collateral')) : []),
        ...(isBorrowing(bitmap, place) ? [vToken, sToken].filter(Boolean).map(entry('debt')) : []),
    ];
}

function largest(entries, side) {
    const some = entries.filter((entry) => entry.side === side && entry.value > 0n);
    return some.sort((a, b) => (a.value < b.value ? 1 : -1))[0];
}
