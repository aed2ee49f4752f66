// The TRON side of the demonstration: JustLend's shape behind the gateway to which its chain is a TRON
// node. Loans against ETH and TRX, ETH at the same closes as elsewhere, a liquidator.

import { DEMO_START } from './anvil.mjs';
import { SCALE, deployCompound } from './compound_market.mjs';
import { CompoundWorld, fundEverybody, provideLiquidity, worth } from './compound_world.mjs';
import { derivedAddress } from './contract.mjs';
import { PRICE_UNIT } from './listings.mjs';
import { aggregate, oneWord, words } from './multicall.mjs';

const PER_BLOCK = 150;
const DOLLARS = ['USDT', 'DAI'];
const ETH = ['ETH', 'ETH', 'wstETH'];
const TAKES_PERCENT = 60;
const TAKES_MOST = 4;
/** Dollars of ETH at which a loan against it can be liquidated. */
const CLUSTERS = [
    [2_420, 2_760],
    [2_205, 2_395],
    [2_205, 2_395],
    [1_850, 2_190],
    [1_580, 1_675],
];
const TRX_SHARE = 25;

/** `price` is that of ETH at the start, with 8 decimals. The chain must stand at its genesis block. */
export async function buildTronWorld(chain, { seed, accounts, price, say }) {
    await chain.placeMulticall3(derivedAddress('multicall deployer'));
    const market = await deployCompound(chain, 'tron');
    say(`JustLend's shape is deployed, ${market.markets.length} markets, prices in TRX`);
    const addresses = Array.from({ length: accounts }, (_, i) => derivedAddress(`demo tron/${seed}/${i}`));
    const world = new DemoTronWorld({ market, seed, accounts: addresses });
    world.ratio = (market.price('wstETH') * SCALE) / market.price('ETH');
    world.queueEthPrice(price);
    await fundEverybody(world);
    await provideLiquidity(world);
    await world.gather(price);
    // A second before midnight, so that the blocks of a day bear its date.
    await chain.mine({ seconds: DEMO_START - 1 - chain.now });
    say(`${accounts} accounts have supplied and borrowed, block ${chain.number}`);
    return world;
}

export class DemoTronWorld extends CompoundWorld {
    /** Loans: {address, collateral, debt, dollars}. */
    loans = [];
    /** wstETH in ETH, as listed. */
    ratio = SCALE;

    /** What the oracle says when ETH costs so many dollars; TRX stays where it is. */
    queueEthPrice(price) {
        const { market } = this;
        const own = market.priceOf(market.market('ETH'), price * (SCALE / PRICE_UNIT));
        market.setPrice('ETH', own);
        market.setPrice('wstETH', (own * this.ratio) / SCALE);
    }

    async gather(price) {
        const { market, rng, chain } = this;
        for (let at = 0; at < this.accounts.length; at += PER_BLOCK) {
            const some = this.accounts.slice(at, at + PER_BLOCK).map((address) => this.#draw(address));
            for (const { address, collateral, dollars } of some) {
                market.supply(address, collateral, worth(market, collateral, dollars));
                market.enter(address, [collateral]);
            }
            await chain.mineAll();
            for (const { address, debt, collateral, dollars, at: line } of some) {
                const { factor } = market.market(collateral);
                const share = line === null ? rng.between(40, 80) / 100 : line / Number(price / PRICE_UNIT);
                market.borrow(address, debt, worth(market, debt, Math.floor((dollars * factor * share) / 100)));
            }
            await chain.mineAll();
            this.loans.push(...some);
        }
    }

    #draw(address) {
        const { rng } = this;
        const isOnTrx = rng.chance(TRX_SHARE);
        const [low, high] = rng.pick(CLUSTERS);
        return {
            address,
            collateral: isOnTrx ? rng.pick(['TRX', 'sTRX']) : rng.pick(ETH),
            debt: rng.pick(DOLLARS),
            dollars: rng.between(30, 120) * 1_000 * rng.pick([1, 1, 2, 3]),
            at: isOnTrx ? null : rng.between(low, high),
        };
    }

    /** One block: ETH at `price`, the liquidator at work on what the last block left. */
    async play({ seconds, price }) {
        this.queueEthPrice(price);
        await this.#liquidate();
        const { address, debt } = this.rng.pick(this.loans);
        this.market.repay(address, debt, worth(this.market, debt, this.rng.between(10, 400)));
        return this.mine({ seconds });
    }

    async #liquidate() {
        const { market, rng, liquidator } = this;
        const unhealthy = (await this.#shortfalls()).filter(() => rng.chance(TAKES_PERCENT)).slice(0, TAKES_MOST);
        const owed = await this.#ask(unhealthy.map(({ address, debt }) => this.#call(debt, 'borrowBalanceStored', address)));
        unhealthy.forEach(({ address, collateral, debt }, i) => {
            const amount = ((oneWord(owed[i]) ?? 0n) * 45n) / 100n;
            if (amount > 0n) market.liquidate(liquidator, collateral, debt, address, amount);
        });
    }

    #call(symbol, view, address) {
        return [this.market.market(symbol).cToken, this.market.cToken(symbol).data(view, [address])];
    }

    #ask(calls) {
        return aggregate(this.chain.rpc, calls, this.chain.hash);
    }

    /** Loans that the contract calls short once every market is accrued. */
    async #shortfalls() {
        const { comptroller, markets } = this.market;
        const accruals = markets.map(({ symbol, cToken }) => [cToken, this.market.cToken(symbol).data('accrueInterest')]);
        const questions = this.loans.map(({ address }) => [comptroller.address, comptroller.data('getAccountLiquidity', [address])]);
        const answers = (await this.#ask([...accruals, ...questions])).slice(accruals.length);
        return this.loans.filter((_, i) => answers[i] !== null && words(answers[i])[2] > 0n);
    }

    /** LiquidateBorrow events of the chain. */
    async liquidationEvents() {
        const { iface } = this.market.cToken('USDT');
        const topic = iface.getEvent('LiquidateBorrow').topicHash;
        const address = this.market.markets.map(({ cToken }) => cToken);
        const logs = await this.chain.rpc.call('eth_getLogs', [{ address, topics: [topic], fromBlock: '0x0', toBlock: 'latest' }]);
        return logs.map((log) => ({ tx: log.transactionHash, logIndex: Number(log.logIndex) }));
    }
}
