// A seeded random world: a market full of accounts. The same release, seed and number of
// accounts give the same chain state to the last digit.

import { deployV30 } from './aave_v3_0.mjs';
import { deployLatest } from './aave_v3_latest.mjs';
import { DEMO_START } from './anvil.mjs';
import { CASES } from './cases.mjs';
import { derivedAddress } from './contract.mjs';
import { ETH_GROUP } from './listings.mjs';
import { provideLiquidity } from './liquidity.mjs';
import { populate } from './personas.mjs';
import { Rng } from './prng.mjs';

const DAY = 86_400;

/** Where a world's chain begins, so that a year of silence ends at the demonstration's start. */
export const GENESIS = DEMO_START - 400 * DAY;

const DEPLOY = { '3.0': deployV30, latest: deployLatest };

export class World {
    constructor({ market, seed, accounts }) {
        this.market = market;
        this.chain = market.chain;
        this.release = market.release;
        this.seed = seed;
        this.rng = new Rng(`${market.release}/${seed}`);
        this.accounts = accounts;
        this.whales = Array.from({ length: 3 }, (_, i) => derivedAddress(`whale ${i}`));
        this.liquidator = derivedAddress('liquidator');
        /** Name of a case -> the accounts that show it. */
        this.cases = {};
        /** Outcomes of transactions by the label's first word: {sent, failed}. */
        this.outcomes = {};
        this.laterListings = [...market.laterListings];
    }

    /** Everybody who may hold a balance of the protocol. */
    everyone() {
        const { treasury, umbrella, admin, flashBorrower } = this.market;
        const others = [this.liquidator, treasury, umbrella, admin, flashBorrower.address];
        return [...this.accounts, ...this.whales, ...others.filter(Boolean)];
    }

    /** Mines what is queued; reverts are counted, not thrown. */
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

    /** What a reorganisation must put back: everything but the chain itself and the generator. */
    save() {
        const { state, deployer, own } = this.market;
        return structuredClone({
            state,
            nonces: [deployer.nonce, own.nonce],
            laterListings: this.laterListings,
        });
    }

    restore(saved) {
        const { state, nonces, laterListings } = structuredClone(saved);
        this.market.state = state;
        [this.market.deployer.nonce, this.market.own.nonce] = nonces;
        this.laterListings = laterListings;
    }
}

/** `say` gets progress lines. The chain must stand at its genesis block. */
export async function buildWorld(chain, { release, seed = 1, accounts = 200, say = () => {} }) {
    const started = Date.now();
    const note = (line) => say(`[${((Date.now() - started) / 1000).toFixed(1)} s] ${line}`);

    await chain.placeMulticall3(derivedAddress('multicall deployer'));
    const market = await DEPLOY[release](chain);
    await market.dropReserve('BUSD');
    note(`Aave ${release} stands with ${market.reserves.length} reserves`);

    const addresses = Array.from({ length: accounts }, (_, i) => derivedAddress(`account ${seed}/${i}`));
    const world = new World({ market, seed, accounts: addresses });
    await provideLiquidity(world);
    note('liquidity is there');

    const rest = await playCases(world, addresses, note);
    // They borrow while ETH stands higher; at its real price some then live on the edge.
    moveGroup(market, 104n, 100n);
    await populate(world, rest);
    moveGroup(market, 100n, 104n);
    note(`${addresses.length} accounts live at block ${chain.number}`);

    await settle(world);
    return world;
}

function moveGroup(market, numerator, denominator) {
    for (const symbol of ETH_GROUP) market.setPrice(symbol, (market.price(symbol) * numerator) / denominator);
}

/** Each case takes the accounts it needs; the accounts left over get ordinary lives. */
async function playCases(world, addresses, note) {
    const left = [...addresses];
    const cast = [];
    for (const { name, count = 1, only, play } of CASES) {
        if (only && only !== world.release) continue;
        if (left.length < count) throw new Error(`${addresses.length} accounts are too few for all cases`);
        const actors = left.splice(0, count);
        world.cases[name] = actors;
        cast.push({ actors, play });
    }
    // All cases advance together, one block per act, so that a world stays short.
    const plays = cast.map(({ actors, play }) => play(world, ...actors));
    for (let act = 1; plays.length > 0; act++) {
        const requests = [];
        for (const play of [...plays]) {
            const { done, value } = await play.next();
            if (done) plays.splice(plays.indexOf(play), 1);
            else if (value) requests.push(value);
        }
        await world.mine({ seconds: Math.max(12, ...requests.map(({ seconds = 0 }) => seconds)) });
    }
    note('the special cases have been played');
    return left;
}

/** The last acts: what freezes, pauses and breaks does so when everybody is in place. */
async function settle(world) {
    const { market, chain } = world;
    market.freezeReserve('LDO', true);
    market.pauseReserve('NEAR', true);
    market.breakFeed('LUSD', true);
    await chain.mineAll();
    if (chain.now < DEMO_START) await chain.mine({ seconds: DEMO_START - chain.now });
    else await chain.mine();
}
