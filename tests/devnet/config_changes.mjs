// What governance does to a market while people use it. `apply(world)` queues transactions (or,
// for a listing, mines a few blocks of its own).

import { ETH_GROUP } from './listings.mjs';
import { fund, worth } from './liquidity.mjs';

const pickSymbol = ({ market, rng }) => rng.pick(market.reserves).symbol;

async function configuration({ market }, symbol) {
    const data = await market.pool.read('getConfiguration', [market.reserve(symbol).token]);
    return BigInt(data.data ?? data);
}

const flag = (word, bit) => ((word >> BigInt(bit)) & 1n) === 1n;
const FROZEN = 57;
const PAUSED = 60;

export const CONFIG_CHANGES = [
    {
        name: 'collateral parameters',
        apply({ market, rng }) {
            const choices = market.reserves.filter(({ threshold }) => threshold > 0);
            const { symbol, ltv, threshold, bonus } = rng.pick(choices);
            const moved = threshold + rng.between(-150, 150);
            market.setCollateralConfig(symbol, { ltv: Math.min(ltv, moved), threshold: moved, bonus });
        },
    },
    {
        name: 'LTV to 0 and back',
        apply({ market, rng }) {
            const { symbol, ltv, threshold, bonus } = market.reserve(rng.pick(['WBTC', 'GUSD', 'PEPE', 'weETH']));
            market.setCollateralConfig(symbol, { ltv: ltv === 0 ? threshold - 700 : 0, threshold, bonus });
        },
    },
    {
        name: 'bonus',
        apply({ market, rng }) {
            const { symbol, ltv, threshold } = rng.pick(market.reserves.filter((reserve) => reserve.threshold > 0));
            market.setCollateralConfig(symbol, { ltv, threshold, bonus: 10_000 + rng.between(200, 1_100) });
        },
    },
    {
        name: 'pause',
        async apply(world) {
            const symbol = pickSymbol(world);
            toggle(world, symbol, flag(await configuration(world, symbol), PAUSED), 'pauseReserve', 25);
        },
    },
    {
        name: 'unpause',
        async apply(world) {
            for (const { symbol } of world.market.reserves) {
                if (!flag(await configuration(world, symbol), PAUSED)) continue;
                if (world.release === 'latest' && world.rng.chance(50)) world.market.unpauseWithGrace(symbol, 3_600);
                else world.market.pauseReserve(symbol, false);
            }
        },
    },
    {
        name: 'freeze',
        async apply(world) {
            const symbol = pickSymbol(world);
            toggle(world, symbol, flag(await configuration(world, symbol), FROZEN), 'freezeReserve', 40);
        },
    },
    { name: 'reserve factor', apply: (w) => w.market.setReserveFactor(pickSymbol(w), w.rng.between(0, 5_000)) },
    { name: 'protocol fee', apply: (w) => w.market.setProtocolFee(pickSymbol(w), w.rng.between(0, 3_000)) },
    {
        name: 'caps',
        apply: (w) => w.market.setCaps(pickSymbol(w), { supply: w.rng.chance(70) ? 0 : 10 ** 9, borrow: w.rng.chance(70) ? 0 : 10 ** 8 }),
    },
    { name: 'debt ceiling', apply: (w) => w.market.setDebtCeiling('SNX', BigInt(w.rng.between(1, 900)) * 1_000_000n) },
    {
        name: 'rates',
        apply: (w) => w.market.setRates(pickSymbol(w), { optimal: 5000 + w.rng.below(4000), base: w.rng.below(300), slope1: w.rng.between(100, 900), slope2: w.rng.between(3000, 20000) }),
    },
    { name: 'borrowing', apply: (w) => w.market.setBorrowing(w.rng.pick(['GUSD', 'LDO', 'PEPE']), w.rng.chance(60)) },
    {
        name: 'e-mode category',
        apply({ market, rng, release }) {
            // 3.0 wants every category above its members' own parameters.
            const threshold = 9_350 + rng.below(200);
            const ltv = threshold - rng.between(100, 300);
            const [id, label] = rng.pick([[1, 'ETH correlated'], [2, 'Stablecoins']]);
            market.setEModeCategory({ id, ltv, threshold, bonus: 10_100, label: rng.chance(20) ? `${label} ${release}` : label });
        },
    },
    {
        name: 'e-mode price source',
        only: '3.0',
        apply({ market, rng }) {
            const source = market.state.sources.find(({ id }) => id === 2);
            source.unused = !source.unused;
            market.setEModeCategory({ id: 2, ltv: 9_300, threshold: 9_500, bonus: 10_100, label: 'Stablecoins' });
            if (rng.chance(50)) market.setSourcePrice(2, 100_000_000n + BigInt(rng.between(-900_000, 300_000)));
        },
    },
    { name: 'e-mode of an asset', only: '3.0', apply: (w) => w.market.assignEMode(w.rng.pick(['weETH', 'GUSD', 'USDT']), w.rng.pick([0, 1, 2])) },
    {
        name: 'e-mode bitmaps',
        only: 'latest',
        apply(w) {
            const role = w.rng.pick(['Collateral', 'Borrowable', 'Ltvzero']);
            w.market.setInEMode(w.rng.pick([...ETH_GROUP, 'USDC', 'WBTC']), w.rng.between(1, 4), role, w.rng.chance(65));
        },
    },
    { name: 'LTV zero flag', only: 'latest', apply: (w) => w.market.setLtvzero(w.rng.pick(['DAI', 'GUSD', 'WBTC']), w.rng.chance(50)) },
    {
        name: 'sentinel',
        only: '3.0',
        apply({ market, rng, chain }) {
            // With the sequencer down nobody may borrow: it never lasts past the next draw.
            market.state.hasSentinel = !market.state.hasSentinel;
            market.setSequencer(rng.chance(30), chain.now - rng.below(14_400));
            market.setSentinel(market.state.hasSentinel);
        },
    },
    {
        name: 'new reserve',
        async apply(world) {
            if (world.laterListings.length === 0) return;
            const listing = world.laterListings.shift();
            await listReserve(world, listing);
        },
    },
    {
        name: 'token upgrade',
        async apply(world) {
            // The queue goes first: an upgrade mines a block of its own.
            await world.mine();
            await world.market.upgradeToken(pickSymbol(world), world.rng.pick(['aToken', 'vToken']));
        },
    },
    {
        name: 'pool upgrade',
        async apply(world) {
            await world.mine();
            await world.market.upgradePool(await world.market.pool.read('POOL_REVISION'));
        },
    },
];

function toggle({ market, rng }, symbol, isOn, method, percent) {
    if (isOn) market[method](symbol, false);
    else if (rng.chance(percent)) market[method](symbol, true);
}

/** Lists an asset, gives everybody some and lets a whale supply it. */
export async function listReserve(world, listing) {
    const { market, chain, whales } = world;
    await world.mine();
    await market.list([listing]);
    fund(world, listing.symbol);
    market.mintMany(listing.symbol, whales, 10n ** BigInt(listing.decimals + 9));
    await chain.mineAll();
    whales.forEach((whale) => market.supply(whale, listing.symbol, worth(market, listing.symbol, 20_000_000)));
    await chain.mineAll();
}

