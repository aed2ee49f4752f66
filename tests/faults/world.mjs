// A small market that never comes to rest: prices cross the bands up and down, liquidators take what
// they can, and those who lost their loans borrow again.

import { DEMO_GENESIS, buildDemoWorld } from '../devnet/demo_world.mjs';
import { startAnvil } from '../devnet/anvil.mjs';
import { mark, playBlock, takeBack } from '../devnet/demo_play.mjs';
import { readCloses } from '../devnet/demo_prices.mjs';
import { PRICE_UNIT } from '../devnet/listings.mjs';
import { populate } from '../devnet/personas.mjs';
import { readAccounts } from '../devnet/reader.mjs';

const LOWEST = 1_600n * PRICE_UNIT;
const HIGHEST = 2_800n * PRICE_UNIT;
/** The crowd of the demonstration borrows as much as it can at this price. */
const START = readCloses()[0].price;
const BLOCKS_BETWEEN_NEWCOMERS = 4;
const NEWCOMERS = 8;

/** Answers {anvil, market}; `market.play()` makes the next block. */
export async function startRestlessMarket({ seed = 'faults', accounts = 40, release = 'latest', say = () => {} } = {}) {
    const anvil = await startAnvil({ timestamp: DEMO_GENESIS, chainId: 31337, slotsInAnEpoch: 8 });
    const world = await buildDemoWorld(anvil.chain, { release, seed, accounts, price: START, say });
    return { anvil, market: new RestlessMarket(world) };
}

export class RestlessMarket {
    price = START;
    blocks = 0;
    #isFalling = true;

    constructor(world) {
        this.world = world;
        this.provider = world.market.provider.address;
    }

    get chain() {
        return this.world.chain;
    }

    /** One block, or a few more when people come back. */
    async play() {
        const { world } = this;
        this.#movePrice();
        await playBlock(world, { seconds: 12 * world.rng.between(1, 20), price: this.price, isRescued: true });
        this.blocks += 1;
        if (this.blocks % BLOCKS_BETWEEN_NEWCOMERS === 0) await this.#welcome();
    }

    /** To the lower end and back, with steps of up to 6 % the one way and 3 % the other. */
    #movePrice() {
        const bps = this.#isFalling ? this.world.rng.between(-600, 300) : this.world.rng.between(-300, 600);
        this.price += (this.price * BigInt(bps)) / 10_000n;
        if (this.price < LOWEST) this.#isFalling = false;
        if (this.price > HIGHEST) this.#isFalling = true;
    }

    async #welcome() {
        const { world } = this;
        const seen = await readAccounts(world.market, world.crowd, world.chain.hash);
        const idle = seen.filter(({ debts }) => debts.length === 0).map(({ address }) => address);
        await populate(world, world.rng.shuffle(idle).slice(0, NEWCOMERS));
    }

    /** `depth` blocks are played and orphaned; one more than that takes their place. */
    async reorganise(depth, whileOrphansStand = async () => {}) {
        const { world } = this;
        const { price, blocks } = this;
        const start = await mark(world);
        for (let i = 0; i < depth; i++) await this.play();
        const orphaned = world.chain.head();
        await whileOrphansStand();
        await takeBack(world, start);
        // Other people do other things on the other branch.
        world.rng.u32();
        Object.assign(this, { price, blocks });
        while (world.chain.number <= orphaned.number) await this.play();
        return { fork: start.number, orphaned };
    }
}
