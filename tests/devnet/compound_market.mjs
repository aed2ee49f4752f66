// Compound V2 markets on the test chain, in two families:
//
//   venus     the Comptroller, its lens (truncating) and vTokens of @venusprotocol/venus-protocol
//             0.7.0, compiled as shipped; prices in dollars
//   justlend  the same Comptroller with a lens that rounds half up, and cTokens of our own with
//             JustLend's events and error codes; prices in the native coin
//   tron      as justlend with TRX for the coin, so with prices of few digits; `tron27` with the
//             other scale that JustLend's documents tell
//
// A method queues one transaction and answers its ticket (see chain.mjs). Amounts are raw
// integers, markets go by the symbol of their underlying.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

import { compileCompound, compileOwn } from './compile.mjs';
import { Contract, Deployer, derivedAddress } from './contract.mjs';

export const MAX = 2n ** 256n - 1n;
export const SCALE = 10n ** 18n;
/** In the order of the Comptroller's own. */
export const ACTIONS = ['mint', 'redeem', 'borrow', 'repay', 'seize', 'liquidate', 'transfer', 'enter_market', 'exit_market'];
/** Those that are refused while the whole protocol is paused. */
export const PROTOCOL_ACTIONS = ACTIONS.slice(0, 7);

const ARTIFACTS = [
    'Comptroller/Comptroller',
    'Comptroller/Unitroller',
    'Lens/ComptrollerLens',
    'Tokens/VTokens/VBep20Immutable',
    'test/MockVBNB',
    'InterestRateModels/JumpRateModel',
    'InterestRateModels/WhitePaperInterestRateModel',
    'Tokens/VAI/VAI',
    'test/VAIControllerHarness',
    'Liquidator/Liquidator',
];

function artifacts() {
    const manifest = createRequire(import.meta.url).resolve('@venusprotocol/venus-protocol/package.json');
    const root = path.join(path.dirname(manifest), 'artifacts/contracts');
    const found = { ...compileCompound() };
    for (const name of ARTIFACTS) {
        const file = path.join(root, `${name}.sol`, `${path.basename(name)}.json`);
        found[path.basename(name)] = JSON.parse(readFileSync(file, 'utf8'));
    }
    return found;
}

const percent = (value) => (SCALE * BigInt(Math.round(value * 100))) / 10_000n;

/** Dollars per whole token as text, so that tiny ones are exact. */
function dollars(text) {
    const [whole, fraction = ''] = text.split('.');
    return BigInt(whole + fraction.padEnd(18, '0').slice(0, 18));
}

/** `factor`, `reserve`: percent. `rates`: percent a year at no use, slope, slope past the kink. */
export const LISTINGS = [
    { symbol: 'ETH', decimals: 18, usd: '2200', factor: 75, reserve: 10, native: true },
    { symbol: 'USDT', decimals: 6, usd: '1.0003', factor: 80, reserve: 7.5 },
    { symbol: 'DAI', decimals: 18, usd: '0.9991', factor: 80, reserve: 10 },
    { symbol: 'WBTC', decimals: 8, usd: '61234.56', factor: 70, reserve: 20 },
    { symbol: 'wstETH', decimals: 18, usd: '2590.5', factor: 70, reserve: 15 },
    { symbol: 'SUN', decimals: 18, usd: '0.0213', factor: 40, reserve: 20 },
    { symbol: 'NFT', decimals: 6, usd: '0.00000045', factor: 30, reserve: 25 },
    { symbol: 'GUSD', decimals: 2, usd: '1.0', factor: 50, reserve: 10, rates: [5, 900] },
    { symbol: 'JST', decimals: 18, usd: '0.034', factor: 0, reserve: 20 },
];
const TRX = { symbol: 'TRX', decimals: 6, usd: '0.3127', factor: 75, reserve: 10, native: true };
const STAKED_TRX = { symbol: 'sTRX', decimals: 18, usd: '0.3904', factor: 70, reserve: 15 };
const TRON_LISTINGS = [TRX, STAKED_TRX, ...LISTINGS.map((entry) => ({ ...entry, native: false }))];
export const LATER_LISTINGS = [
    { symbol: 'USDD', decimals: 18, usd: '0.998', factor: 75, reserve: 10 },
    { symbol: 'LINK', decimals: 18, usd: '14.2', factor: 60, reserve: 20 },
];
export const ETH_GROUP = ['ETH', 'wstETH'];
export const TRX_GROUP = ['TRX', 'sTRX'];

export class CompoundMarket {
    constructor(parts) {
        Object.assign(this, parts);
        /** Plain values only, so that a reorganisation can copy and restore it. */
        this.state = { markets: [], oracle: parts.firstOracle.address, lens: parts.lens };
    }

    /** Its cTokens are JustLend's, and prices are stated in the native coin. */
    get isJustLend() {
        return this.exponent !== undefined;
    }

    /** Assets that move together; the first leads. */
    get groups() {
        return this.coin.symbol === 'TRX' ? { ETH: ETH_GROUP, TRX: TRX_GROUP } : { ETH: ETH_GROUP };
    }

    get markets() {
        return this.state.markets;
    }

    get symbols() {
        return this.markets.map(({ symbol }) => symbol);
    }

    market(symbol) {
        const found = this.markets.find((market) => market.symbol === symbol);
        if (!found) throw new Error(`${symbol} is not listed`);
        return found;
    }

    cToken(symbol) {
        const { cToken, native } = this.market(symbol);
        return new Contract(this.chain, cToken, this.deployer.iface(this.names[native ? 'native' : 'token']));
    }

    token(symbol) {
        return this.own.at('TestToken', this.market(symbol).underlying);
    }

    get oracle() {
        return this.deployer.at('CompoundOracle', this.state.oracle);
    }

    /** By the lens in force. */
    get rounding() {
        return this.state.lens === 'HalfUpLens' ? 'half_up' : 'truncate';
    }

    // --- users -----------------------------------------------------------------------------

    supply(user, symbol, amount) {
        const cToken = this.cToken(symbol);
        return this.market(symbol).native ? cToken.pay(user, amount, 'mint') : cToken.send(user, 'mint', [amount]);
    }

    withdraw(user, symbol, amount) {
        return this.cToken(symbol).send(user, 'redeemUnderlying', [amount]);
    }

    redeem(user, symbol, cTokens) {
        return this.cToken(symbol).send(user, 'redeem', [cTokens]);
    }

    borrow(user, symbol, amount) {
        return this.cToken(symbol).send(user, 'borrow', [amount]);
    }

    repay(payer, symbol, amount, borrower = payer) {
        const cToken = this.cToken(symbol);
        const own = borrower === payer;
        if (!this.market(symbol).native) {
            return own ? cToken.send(payer, 'repayBorrow', [amount]) : cToken.send(payer, 'repayBorrowBehalf', [borrower, amount]);
        }
        const name = own ? 'repayBorrow' : 'repayBorrowBehalf';
        const who = own ? [] : [borrower];
        if (!this.isJustLend) return cToken.pay(payer, amount, name, who);
        // The amount is an argument, and more may be sent along.
        return cToken.pay(payer, amount + 1000n, name, [...who, amount]);
    }

    /** To the last unit, whatever accrues until then. */
    repayAll(payer, symbol, owed) {
        const { native } = this.market(symbol);
        if (!native) return this.repay(payer, symbol, MAX);
        if (!this.isJustLend) return this.repay(payer, symbol, owed);
        return this.cToken(symbol).pay(payer, owed * 2n, 'repayBorrow', [MAX]);
    }

    enter(user, symbols) {
        return this.comptroller.send(user, 'enterMarkets', [symbols.map((symbol) => this.market(symbol).cToken)]);
    }

    exit(user, symbol) {
        return this.comptroller.send(user, 'exitMarket', [this.market(symbol).cToken]);
    }

    transfer(from, symbol, to, cTokens) {
        return this.cToken(symbol).send(from, 'transfer', [to, cTokens]);
    }

    liquidate(liquidator, collateral, debt, borrower, amount) {
        const cToken = this.cToken(debt);
        const against = this.market(collateral).cToken;
        if (this.market(debt).native) return cToken.pay(liquidator, amount, 'liquidateBorrow', [borrower, against]);
        return cToken.send(liquidator, 'liquidateBorrow', [borrower, amount, against]);
    }

    accrue(sender, symbol) {
        return this.cToken(symbol).send(sender, 'accrueInterest');
    }

    /** Cash without a supply, and no event of the market. */
    donate(user, symbol, amount) {
        const { native, cToken } = this.market(symbol);
        if (!native) return this.token(symbol).send(user, 'transfer', [cToken, amount]);
        // vBNB mints for whoever sends it coins.
        return this.chain.queue({ from: user, to: cToken, data: '0x', value: amount }, 'donate()');
    }

    mintMany(symbol, accounts, amount) {
        const CHUNK = 250;
        for (let at = 0; at < accounts.length; at += CHUNK) {
            this.token(symbol).send(this.admin, 'mintMany', [accounts.slice(at, at + CHUNK), amount], 30_000_000n);
        }
    }

    /** Coins to pay with, out of thin air. */
    async fund(accounts, amount) {
        const value = '0x' + amount.toString(16);
        await this.chain.rpc.batch(accounts.map((account) => ['anvil_setBalance', [account, value]]));
    }

    // --- prices ----------------------------------------------------------------------------

    /** The oracle's integer for dollars (18 decimals) a whole token. */
    priceOf({ decimals }, usd) {
        if (!this.isJustLend) return usd * 10n ** BigInt(18 - decimals);
        // In the native coin: the coin itself is 10^exponent whatever it is worth.
        return (usd * 10n ** BigInt(this.exponent + this.coin.decimals - decimals)) / this.state.coinUsd;
    }

    /** One dollar in the unit that accounts are summed up in. */
    get dollar() {
        return this.isJustLend ? (SCALE * 10n ** BigInt(this.exponent - 18 + this.coin.decimals)) / this.state.coinUsd : SCALE;
    }

    price(symbol) {
        return this.market(symbol).price;
    }

    setPrice(symbol, price) {
        const market = this.market(symbol);
        market.price = price;
        return this.oracle.send(this.admin, 'set', [market.cToken, price]);
    }

    /** Where prices are in the coin, the coin moves by everything else moving the other way. */
    moveCoin(bps) {
        if (!this.isJustLend) return this.setPrice('ETH', moved(this.price('ETH'), bps));
        this.state.coinUsd = moved(this.state.coinUsd, bps);
        for (const { symbol, native, price } of this.markets) {
            if (!native && price > 0n) this.setPrice(symbol, atLeastOne((price * 10_000n) / BigInt(10_000 + bps)));
        }
        return null;
    }

    breakPrice(symbol, broken) {
        this.market(symbol).broken = broken;
        return this.oracle.send(this.admin, 'setBroken', [this.market(symbol).cToken, broken]);
    }

    /** Another oracle with the same prices: NewPriceOracle. */
    replaceOracle() {
        const oracle = this.deployer.deploy('CompoundOracle');
        this.state.oracle = oracle.address;
        for (const { cToken, price, broken } of this.markets) {
            oracle.send(this.admin, 'set', [cToken, price]);
            if (broken) oracle.send(this.admin, 'setBroken', [cToken, true]);
        }
        return this.comptroller.send(this.admin, '_setPriceOracle', [oracle.address]);
    }

    // --- configuration ---------------------------------------------------------------------

    configure(fn, args) {
        return this.comptroller.send(this.admin, fn, args);
    }

    setFactor(symbol, mantissa) {
        return this.configure('_setCollateralFactor', [this.market(symbol).cToken, mantissa]);
    }

    setCloseFactor(mantissa) {
        return this.configure('_setCloseFactor', [mantissa]);
    }

    setIncentive(mantissa) {
        return this.configure('_setLiquidationIncentive', [mantissa]);
    }

    setBorrowCap(symbol, cap) {
        return this.configure('_setMarketBorrowCaps', [[this.market(symbol).cToken], [cap]]);
    }

    pause(symbol, action, paused) {
        return this.configure('_setActionsPaused', [[this.market(symbol).cToken], [ACTIONS.indexOf(action)], paused]);
    }

    pauseProtocol(paused) {
        return this.configure('_setProtocolPaused', [paused]);
    }

    setReserveFactor(symbol, mantissa) {
        const fn = this.isJustLend ? 'setReserveFactor' : '_setReserveFactor';
        return this.cToken(symbol).send(this.admin, fn, [mantissa]);
    }

    setRates(symbol, [base, slope]) {
        const model = this.deployRates([base, slope]);
        const fn = this.isJustLend ? 'setInterestRateModel' : '_setInterestRateModel';
        return this.cToken(symbol).send(this.admin, fn, [model.address]);
    }

    reduceReserves(symbol, amount) {
        const fn = this.isJustLend ? 'reduceReserves' : '_reduceReserves';
        return this.cToken(symbol).send(this.admin, fn, [amount]);
    }

    /** Another lens rounds otherwise: what held of every account may not hold any more. */
    setLens(name) {
        this.state.lens = name;
        const lens = this.deployer.deploy(name);
        return this.configure('_setComptrollerLens', [lens.address]);
    }

    /** The same code at another address: NewImplementation. */
    upgrade() {
        const code = this.deployer.deploy('Comptroller');
        this.unitroller.send(this.admin, '_setPendingImplementation', [code.address]);
        return code.send(this.admin, '_become', [this.unitroller.address]);
    }

    deployRates([base, slope]) {
        return this.deployer.deploy('JumpRateModel', [percent(base), percent(slope), percent(slope * 8), percent(80)]);
    }

    /** Lists markets, two blocks. */
    async list(listings) {
        const listed = [];
        for (const entry of listings) {
            const { symbol, decimals, native = false, rates = [20, 300] } = entry;
            const model = this.deployRates(rates);
            // One cToken of 8 decimals is worth a fiftieth of a token at first.
            const rate = 2n * 10n ** BigInt(8 + decimals);
            const underlying = native ? null : this.own.deploy('TestToken', [symbol, decimals]);
            const cToken = this.deployCToken(entry, underlying, model, rate);
            underlying?.send(this.admin, 'trust', [cToken.address]);
            listed.push({ ...entry, native, cToken: cToken.address, underlying: underlying?.address ?? null, broken: false });
        }
        await this.chain.mineAll();
        for (const market of listed) {
            const { symbol, cToken, usd, factor, reserve } = market;
            this.markets.push(market);
            market.price = market.native && this.isJustLend ? 10n ** BigInt(this.exponent) : this.priceOf(market, dollars(usd));
            this.oracle.send(this.admin, 'set', [cToken, market.price]);
            this.configure('_supportMarket', [cToken]);
            this.configure('_setMarketSupplyCaps', [[cToken], [MAX]]);
            this.setReserveFactor(symbol, percent(reserve));
            if (factor > 0) this.setFactor(symbol, percent(factor));
        }
        return this.chain.mineAll();
    }

    deployCToken({ symbol, native = false }, underlying, model, rate) {
        const { comptroller, admin, deployer } = this;
        if (this.isJustLend) {
            const args = [comptroller.address, model.address, rate, `j${symbol}`, admin];
            return native ? deployer.deploy('JNative', args) : deployer.deploy('JErc20', [underlying.address, ...args]);
        }
        const args = [comptroller.address, model.address, rate, `Venus ${symbol}`, `v${symbol}`, 8, admin];
        return native ? deployer.deploy('MockVBNB', args) : deployer.deploy('VBep20Immutable', [underlying.address, ...args]);
    }
}

export function moved(value, bps) {
    return atLeastOne((value * BigInt(10_000 + bps)) / 10_000n);
}

const atLeastOne = (value) => (value > 0n ? value : 1n);

const JUSTLEND = { lens: 'HalfUpLens', names: { token: 'JErc20', native: 'JNative' }, listings: LISTINGS, exponent: 18 };
const FAMILIES = {
    venus: { lens: 'ComptrollerLens', names: { token: 'VBep20Immutable', native: 'MockVBNB' }, listings: LISTINGS },
    justlend: JUSTLEND,
    tron: { ...JUSTLEND, listings: TRON_LISTINGS },
    tron27: { ...JUSTLEND, listings: TRON_LISTINGS, exponent: 27 },
};
export const RELEASES = Object.keys(FAMILIES);

/** A Comptroller with all its markets. The chain must stand at its genesis block. */
export async function deployCompound(chain, release) {
    const { lens, names, listings, exponent } = FAMILIES[release];
    const coin = listings.find(({ native }) => native);
    const admin = derivedAddress('compound admin');
    const deployer = new Deployer(chain, derivedAddress('compound deployer'), artifacts());
    const own = new Deployer(chain, derivedAddress('own deployer'), compileOwn());

    const unitrollerCode = deployer.deploy('Unitroller');
    unitrollerCode.send(deployer.from, '_setPendingAdmin', [admin]);
    deployer.nonce += 1;
    unitrollerCode.send(admin, '_acceptAdmin');
    const code = deployer.deploy('Comptroller');
    unitrollerCode.send(admin, '_setPendingImplementation', [code.address]);
    code.send(admin, '_become', [unitrollerCode.address]);
    const comptroller = deployer.at('Comptroller', unitrollerCode.address);
    const access = deployer.deploy('AllowAll');
    const oracle = deployer.deploy('CompoundOracle');
    const lensCode = deployer.deploy(lens);
    await chain.mineAll();

    const market = new CompoundMarket({
        ...{ release, coin, exponent, chain, deployer, own, admin, names, lens, comptroller, firstOracle: oracle },
        unitroller: unitrollerCode,
        laterListings: LATER_LISTINGS,
    });
    market.state.coinUsd = dollars(coin.usd);
    market.configure('_setAccessControl', [access.address]);
    market.configure('_setComptrollerLens', [lensCode.address]);
    market.configure('_setPriceOracle', [oracle.address]);
    market.setCloseFactor(SCALE / 2n);
    market.setIncentive((SCALE * 108n) / 100n);
    await chain.mineAll();
    await market.list(listings);
    return market;
}
