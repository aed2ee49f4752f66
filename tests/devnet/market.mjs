// What a market can do, the same on every release: a method queues one transaction and answers
// its ticket (see chain.mjs). Amounts are raw integers, reserves go by symbol.

import { Contract } from './contract.mjs';

export const MAX = 2n ** 256n - 1n;
export const VARIABLE = 2;
export const STABLE = 1;

export class Market {
    /** `parts`: release, chain, deployer, admin and the contracts of the market. */
    constructor(parts) {
        Object.assign(this, parts);
        /** Plain values only, so that a reorganisation can copy and restore it. */
        this.state = { reserves: [], sources: [], usesFallback: false, hasSentinel: false };
    }

    get reserves() {
        return this.state.reserves;
    }

    reserve(symbol) {
        const found = this.state.reserves.find((reserve) => reserve.symbol === symbol);
        if (!found) throw new Error(`${symbol} is not listed`);
        return found;
    }

    has(symbol) {
        return this.state.reserves.some((reserve) => reserve.symbol === symbol);
    }

    token(symbol) {
        return this.own.at('TestToken', this.reserve(symbol).token);
    }

    aToken(symbol) {
        return new Contract(this.chain, this.reserve(symbol).aToken, this.deployer.iface(this.names.aToken));
    }

    vToken(symbol) {
        return new Contract(this.chain, this.reserve(symbol).vToken, this.deployer.iface(this.names.vToken));
    }

    sToken(symbol) {
        return new Contract(this.chain, this.reserve(symbol).sToken, this.deployer.iface(this.names.sToken));
    }

    // --- users -----------------------------------------------------------------------------

    supply(user, symbol, amount, onBehalfOf = user) {
        return this.#pool(user, 'supply', [this.reserve(symbol).token, amount, onBehalfOf, 0]);
    }

    withdraw(user, symbol, amount, to = user) {
        return this.#pool(user, 'withdraw', [this.reserve(symbol).token, amount, to]);
    }

    borrow(user, symbol, amount, { mode = VARIABLE, onBehalfOf = user } = {}) {
        return this.#pool(user, 'borrow', [this.reserve(symbol).token, amount, mode, 0, onBehalfOf]);
    }

    repay(user, symbol, amount, { mode = VARIABLE, onBehalfOf = user } = {}) {
        return this.#pool(user, 'repay', [this.reserve(symbol).token, amount, mode, onBehalfOf]);
    }

    repayWithATokens(user, symbol, amount, mode = VARIABLE) {
        return this.#pool(user, 'repayWithATokens', [this.reserve(symbol).token, amount, mode]);
    }

    setCollateral(user, symbol, enabled) {
        return this.#pool(user, 'setUserUseReserveAsCollateral', [this.reserve(symbol).token, enabled]);
    }

    setEMode(user, category) {
        return this.#pool(user, 'setUserEMode', [category]);
    }

    liquidate(liquidator, collateral, debt, user, amount = MAX, receiveAToken = false) {
        const [from, against] = [this.reserve(collateral).token, this.reserve(debt).token];
        return this.#pool(liquidator, 'liquidationCall', [from, against, user, amount, receiveAToken]);
    }

    transferAToken(from, symbol, to, amount) {
        return this.aToken(symbol).send(from, 'transfer', [to, amount]);
    }

    /** Lets `to` borrow in the name of `from`. */
    delegate(from, symbol, to, amount, mode = VARIABLE) {
        const token = mode === STABLE ? this.sToken(symbol) : this.vToken(symbol);
        return token.send(from, 'approveDelegation', [to, amount]);
    }

    /** A flash loan that is kept: the debt stays with `onBehalfOf`. */
    flashLoanDebt(user, symbol, amount, { mode = VARIABLE, onBehalfOf = user } = {}) {
        const args = [this.flashBorrower.address, [this.reserve(symbol).token], [amount], [mode], onBehalfOf, '0x', 0];
        return this.#pool(user, 'flashLoan', args);
    }

    /** Gives tokens to the aToken itself: cash without a supply, and no event of the Pool. */
    donate(user, symbol, amount) {
        return this.token(symbol).send(user, 'transfer', [this.reserve(symbol).aToken, amount]);
    }

    mint(symbol, to, amount) {
        return this.token(symbol).send(this.admin, 'mint', [to, amount]);
    }

    mintMany(symbol, accounts, amount) {
        const CHUNK = 250;
        for (let at = 0; at < accounts.length; at += CHUNK) {
            const args = [accounts.slice(at, at + CHUNK), amount];
            this.token(symbol).send(this.admin, 'mintMany', args, 30_000_000n);
        }
    }

    // --- prices ----------------------------------------------------------------------------

    price(symbol) {
        return this.reserve(symbol).price;
    }

    setPrice(symbol, price) {
        const reserve = this.reserve(symbol);
        reserve.price = price;
        return this.#feed(reserve.feed, 'set', [price]);
    }

    /** The price source of an e-mode category (3.0). */
    setSourcePrice(category, price) {
        const source = this.state.sources.find(({ id }) => id === category);
        source.price = price;
        return this.#feed(source.feed, 'set', [price]);
    }

    /** A broken feed reverts; without a fallback oracle so does every account that needs it. */
    breakFeed(symbol, broken) {
        const reserve = this.reserve(symbol);
        reserve.broken = broken;
        return this.#feed(reserve.feed, 'setBroken', [broken]);
    }

    /** A new feed contract for an asset: AssetSourceUpdated. */
    replaceFeed(symbol) {
        const reserve = this.reserve(symbol);
        const feed = this.own.deploy('TestFeed', [`${symbol} / USD`, 8, reserve.price]);
        reserve.feed = feed.address;
        reserve.broken = false;
        return this.oracle.send(this.admin, 'setAssetSources', [[reserve.token], [feed.address]]);
    }

    setFallbackOracle(used) {
        this.state.usesFallback = used;
        const address = used ? this.fallback.address : '0x' + '0'.repeat(40);
        return this.oracle.send(this.admin, 'setFallbackOracle', [address]);
    }

    setFallbackPrice(symbol, price) {
        return this.fallback.send(this.admin, 'setAssetPrice', [this.reserve(symbol).token, price]);
    }

    // --- configuration ---------------------------------------------------------------------

    configure(fn, args, gas) {
        return this.configurator.send(this.admin, fn, args, gas);
    }

    pauseReserve(symbol, paused) {
        return this.configure('setReservePause(address,bool)', [this.reserve(symbol).token, paused]);
    }

    /** On the newest release freezing visits all 255 categories: about 6 million gas. */
    freezeReserve(symbol, frozen) {
        return this.configure('setReserveFreeze', [this.reserve(symbol).token, frozen], 15_000_000n);
    }

    setCollateralConfig(symbol, { ltv, threshold, bonus }) {
        const args = [this.reserve(symbol).token, ltv, threshold, bonus];
        Object.assign(this.reserve(symbol), { ltv, threshold, bonus });
        return this.configure('configureReserveAsCollateral', args);
    }

    setBorrowing(symbol, enabled) {
        return this.configure('setReserveBorrowing', [this.reserve(symbol).token, enabled]);
    }

    setFlashLoans(symbol, enabled) {
        return this.configure('setReserveFlashLoaning', [this.reserve(symbol).token, enabled]);
    }

    setReserveFactor(symbol, factor) {
        return this.configure('setReserveFactor', [this.reserve(symbol).token, factor]);
    }

    setProtocolFee(symbol, fee) {
        return this.configure('setLiquidationProtocolFee', [this.reserve(symbol).token, fee]);
    }

    /** Caps are whole tokens; 0 means none. */
    setCaps(symbol, { supply, borrow }) {
        const { token } = this.reserve(symbol);
        this.configure('setSupplyCap', [token, supply]);
        return this.configure('setBorrowCap', [token, borrow]);
    }

    setDebtCeiling(symbol, ceiling) {
        return this.configure('setDebtCeiling', [this.reserve(symbol).token, ceiling]);
    }

    setBorrowableInIsolation(symbol, enabled) {
        return this.configure('setBorrowableInIsolation', [this.reserve(symbol).token, enabled]);
    }

    mintToTreasury(symbols) {
        const tokens = symbols.map((symbol) => this.reserve(symbol).token);
        return this.#pool(this.admin, 'mintToTreasury', [tokens]);
    }

    // --- listing and upgrades --------------------------------------------------------------

    /** Lists reserves: two blocks. Their ids come from the Pool. */
    async list(listings) {
        const listed = listings.map((entry) => {
            const token = this.own.deploy('TestToken', [entry.symbol, entry.decimals]);
            const feed = this.own.deploy('TestFeed', [`${entry.symbol} / USD`, 8, entry.price]);
            token.send(this.admin, 'trust', [this.pool.address]);
            return { ...entry, token: token.address, feed: feed.address, broken: false };
        });
        this.oracle.send(this.admin, 'setAssetSources', [
            listed.map(({ token }) => token),
            listed.map(({ feed }) => feed),
        ]);
        await this.chain.mineAll();
        for (const entry of listed) this.initReserve(entry);
        await this.chain.mineAll();
        for (const entry of listed) {
            const data = await this.pool.read('getReserveData', [entry.token]);
            this.state.reserves.push({
                ...entry,
                id: Number(data.id),
                aToken: data.aTokenAddress,
                vToken: data.variableDebtTokenAddress,
                sToken: this.hasStableDebt ? data.stableDebtTokenAddress : null,
            });
            this.#configureListed(entry);
        }
        await this.chain.mineAll();
        this.state.reserves.sort((a, b) => a.id - b.id);
    }

    #configureListed({ symbol, ltv, threshold, bonus, factor, fee, debtCeiling, borrowableInIsolation, stableRate }) {
        // Before it can be supplied: an isolated asset must get its ceiling while it is empty.
        if (threshold > 0) this.setCollateralConfig(symbol, { ltv, threshold, bonus });
        if (debtCeiling > 0n) this.setDebtCeiling(symbol, debtCeiling);
        this.setBorrowing(symbol, true);
        this.setFlashLoans(symbol, true);
        this.setReserveFactor(symbol, factor);
        this.setProtocolFee(symbol, fee);
        if (borrowableInIsolation) this.setBorrowableInIsolation(symbol, true);
        if (stableRate && this.hasStableDebt) this.setStableBorrowing(symbol, true);
    }

    /** Only an empty reserve can be dropped; its id may be given to another one later. */
    async dropReserve(symbol) {
        this.configure('dropReserve', [this.reserve(symbol).token]);
        await this.chain.mineAll();
        this.state.reserves = this.state.reserves.filter((reserve) => reserve.symbol !== symbol);
    }

    /** The same Pool code under another revision number (see ImplementationShim.sol). */
    async upgradePool(revision) {
        const { implementation } = await this.#proxied(this.pool.address);
        const shim = this.#shim(implementation, this.pool.iface, 'POOL_REVISION', revision);
        this.provider.send(this.admin, 'setPoolImpl', [shim.address]);
        return this.chain.mineAll();
    }

    /** `kind` is 'aToken' or 'vToken'; without a revision it keeps the present one. */
    async upgradeToken(symbol, kind, revision) {
        const token = kind === 'aToken' ? this.aToken(symbol) : this.vToken(symbol);
        const getter = kind === 'aToken' ? 'ATOKEN_REVISION' : 'DEBT_TOKEN_REVISION';
        const { implementation } = await this.#proxied(token.address);
        const shown = revision ?? (await token.read(getter));
        const shim = this.#shim(implementation, token.iface, getter, shown);
        const name = await token.read('name');
        const tokenSymbol = await token.read('symbol');
        this.updateToken(symbol, kind, { name, symbol: tokenSymbol, implementation: shim.address });
        return this.chain.mineAll();
    }

    #shim(implementation, iface, getter, revision) {
        const selectors = [getter, 'initialize'].map((fn) => iface.getFunction(fn).selector);
        return this.own.deploy('ImplementationShim', [implementation, selectors[0], revision, selectors[1]]);
    }

    async #proxied(proxy) {
        const SLOT = '0x360894a13ba1a3210667c828492db98dca3e2076cc3735a920a3ca505d382bbc';
        const word = await this.chain.rpc.call('eth_getStorageAt', [proxy, SLOT, 'latest']);
        return { implementation: '0x' + word.slice(-40) };
    }

    #pool(from, fn, args) {
        return this.pool.send(from, fn, args);
    }

    #feed(address, fn, args) {
        return this.own.at('TestFeed', address).send(this.admin, fn, args);
    }
}
