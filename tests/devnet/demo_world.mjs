// The market of the demonstration: ordinary people who go on living, and a crowd whose
// liquidation prices cluster where the bands are.

import { deployV30 } from './aave_v3_0.mjs';
import { deployLatest } from './aave_v3_latest.mjs';
import { DEMO_START } from './anvil.mjs';
import { compileLatest, compileOwn } from './compile.mjs';
import { derivedAddress } from './contract.mjs';
import { groupPrices } from './demo_prices.mjs';
import { ETH_GROUP } from './listings.mjs';
import { provideLiquidity, units, worth } from './liquidity.mjs';
import { populate } from './personas.mjs';
import { World } from './world.mjs';

const DAY = 86_400;

/** Loans are a few weeks old when the story begins. */
export const DEMO_GENESIS = DEMO_START - 40 * DAY;

export const FEWEST_ACCOUNTS = 20;

const DEPLOY = { '3.0': deployV30, latest: deployLatest };
const DOLLARS = ['USDC', 'DAI', 'USDT', 'GHO'];
const PER_BLOCK = 250;
const BPS = 10_000n;

/** Whole dollars of WETH at which members of the crowd can be liquidated, and how many do so. */
const CLUSTERS = [
    { weight: 12, low: 2_420, high: 2_760 },
    { weight: 34, low: 2_205, high: 2_395 },
    { weight: 14, low: 1_850, high: 2_190 },
    { weight: 28, low: 1_580, high: 1_675 },
    { weight: 12, low: 900, high: 1_570 },
];

/** The close of 4 February is above this price, the first step of 5 February below it. */
export const RESCUED_AT = 2_120;

export class DemoWorld extends World {
    /** Seconds from one block to the next, whoever mines it; null: as the caller says. */
    gap = null;
    /** Accounts that do nothing by themselves. */
    crowd = [];
    /** Prices of the ETH group as listed: their ratios hold for ever. */
    listed = {};
    /** Of the crowd: liquidated in blocks that are orphaned. Another liquidator has an eye on it. */
    rescued = null;
    rival = derivedAddress('rival');

    mine(options) {
        return super.mine(this.gap === null ? options : { ...options, seconds: this.gap });
    }

    borrowers() {
        return [...this.accounts, ...this.crowd];
    }

    queueEthPrice(price) {
        for (const { symbol, price: own } of groupPrices(this.market, this.listed, price)) {
            this.market.setPrice(symbol, own);
        }
    }
}

/** `price` is that of WETH at the start. The chain must stand at its genesis block. */
export async function buildDemoWorld(chain, { release, seed, accounts, price, say }) {
    compileOwn(say);
    if (release === 'latest') compileLatest(say);
    await chain.placeMulticall3(derivedAddress('multicall deployer'));
    const market = await DEPLOY[release](chain);
    await market.dropReserve('BUSD');
    say(`Aave V3 (${release}) is deployed, ${market.reserves.length} reserves`);

    const all = Array.from({ length: accounts }, (_, i) => derivedAddress(`demo ${release}/${seed}/${i}`));
    const world = new DemoWorld({ market, seed, accounts: all });
    for (const symbol of ETH_GROUP) world.listed[symbol] = market.price(symbol);
    world.queueEthPrice(price);
    await provideLiquidity(world);
    market.mintMany('USDC', [world.rival], units(market, 'USDC', 10_000_000));

    world.accounts = all.slice(0, Math.floor(accounts / 4));
    world.crowd = all.slice(world.accounts.length);
    world.rescued = world.crowd[0];
    await populate(world, world.accounts);
    await gather(world, price);
    // A second before midnight, so that the blocks of a day bear its date.
    await chain.mine({ seconds: DEMO_START - 1 - chain.now });
    say(`${accounts} accounts have supplied and borrowed, block ${chain.number}`);
    return world;
}

/** Everybody of the crowd supplies members of the ETH group and borrows dollars against them. */
async function gather(world, price) {
    const members = world.crowd.map((address) => drawMember(world, address));
    for (let at = 0; at < members.length; at += PER_BLOCK) {
        const some = members.slice(at, at + PER_BLOCK);
        for (const { address, symbol, dollars } of some) {
            world.market.supply(address, symbol, worth(world.market, symbol, dollars));
        }
        await world.chain.mineAll();
        for (const member of some) borrowUpTo(world.market, member, price);
        await world.chain.mineAll();
    }
}

function drawMember({ rng, rescued }, address) {
    const isRescued = address === rescued;
    const cluster = CLUSTERS[Number(rng.weighted(Object.fromEntries(CLUSTERS.map(({ weight }, i) => [i, weight]))))];
    const dollars = rng.between(30, 120) * 1_000 * rng.pick([1, 1, 2, 4, 10]);
    const cents = rng.between(cluster.low * 100, cluster.high * 100);
    return {
        address,
        symbol: isRescued ? 'WETH' : rng.pick(['WETH', 'WETH', 'wstETH', 'weETH']),
        debt: isRescued ? 'USDC' : rng.pick(DOLLARS),
        dollars: isRescued ? 640_000 : dollars,
        cents: isRescued ? RESCUED_AT * 100 : cents,
    };
}

/** So much debt that the loan can be liquidated when WETH stands at the member's price. */
function borrowUpTo(market, { address, symbol, debt, dollars, cents }, price) {
    const { threshold } = market.reserve(symbol);
    const at = BigInt(cents) * 10n ** 6n;
    const owed = (BigInt(dollars) * 10n ** 8n * BigInt(threshold) * at) / (BPS * price);
    const { decimals, price: unit } = market.reserve(debt);
    market.borrow(address, debt, (owed * 10n ** BigInt(decimals)) / unit);
}
