// Aave V3.0.2: deploys a whole market from the bytecode in @aave/core-v3.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

import { compileOwn } from './compile.mjs';
import { Deployer, derivedAddress } from './contract.mjs';
import { CATEGORIES_V3_0, LATER_LISTINGS, listings } from './listings.mjs';
import { Market } from './market.mjs';

const ZERO = '0x' + '0'.repeat(40);
const RAY_PER_BPS = 10n ** 23n;

const ARTIFACTS = {
    protocol: {
        pool: ['Pool', 'PoolConfigurator', 'DefaultReserveInterestRateStrategy'],
        tokenization: ['AToken', 'StableDebtToken', 'VariableDebtToken'],
        configuration: ['PoolAddressesProvider', 'ACLManager', 'PriceOracleSentinel'],
        'libraries/logic': [
            ...['BorrowLogic', 'BridgeLogic', 'ConfiguratorLogic', 'EModeLogic', 'FlashLoanLogic'],
            ...['LiquidationLogic', 'PoolLogic', 'SupplyLogic'],
        ],
    },
    misc: { '.': ['AaveOracle', 'AaveProtocolDataProvider'] },
    mocks: { oracle: ['SequencerOracle'] },
};

function artifacts() {
    const manifest = createRequire(import.meta.url).resolve('@aave/core-v3/package.json');
    const root = path.join(path.dirname(manifest), 'artifacts/contracts');
    const found = {};
    for (const [top, folders] of Object.entries(ARTIFACTS)) {
        for (const [folder, names] of Object.entries(folders)) {
            for (const name of names) {
                const file = path.join(root, top, folder, `${name}.sol`, `${name}.json`);
                found[name] = JSON.parse(readFileSync(file, 'utf8'));
            }
        }
    }
    return found;
}

class MarketV30 extends Market {
    names = { aToken: 'AToken', vToken: 'VariableDebtToken', sToken: 'StableDebtToken' };
    hasStableDebt = true;

    initReserve({ token, symbol, decimals, rates }) {
        const input = {
            aTokenImpl: this.tokenCode.aToken.address,
            stableDebtTokenImpl: this.tokenCode.sToken.address,
            variableDebtTokenImpl: this.tokenCode.vToken.address,
            underlyingAssetDecimals: decimals,
            interestRateStrategyAddress: this.#strategy(rates).address,
            underlyingAsset: token,
            treasury: this.treasury,
            incentivesController: ZERO,
            aTokenName: `Aave ${symbol}`,
            aTokenSymbol: `a${symbol}`,
            variableDebtTokenName: `Aave Variable Debt ${symbol}`,
            variableDebtTokenSymbol: `variableDebt${symbol}`,
            stableDebtTokenName: `Aave Stable Debt ${symbol}`,
            stableDebtTokenSymbol: `stableDebt${symbol}`,
            params: '0x',
        };
        return this.configure('initReserves', [[input]]);
    }

    /** A new strategy contract; 3.0 applies it at the reserve's next state change. */
    setRates(symbol, rates) {
        const args = [this.reserve(symbol).token, this.#strategy(rates).address];
        return this.configure('setReserveInterestRateStrategyAddress', args);
    }

    #strategy({ optimal, base, slope1, slope2 }) {
        const ray = (bps) => BigInt(bps) * RAY_PER_BPS;
        // Stable: slope1, slope2, offset over the variable slope, excess offset, optimal ratio.
        const stable = [50, 7500, 100, 200, 2000].map(ray);
        const args = [this.provider.address, ...[optimal, base, slope1, slope2].map(ray), ...stable];
        return this.deployer.deploy('DefaultReserveInterestRateStrategy', args);
    }

    setStableBorrowing(symbol, enabled) {
        return this.configure('setReserveStableRateBorrowing', [this.reserve(symbol).token, enabled]);
    }

    swapBorrowRateMode(user, symbol, mode) {
        return this.pool.send(user, 'swapBorrowRateMode', [this.reserve(symbol).token, mode]);
    }

    /** Anybody may reset a stable rate that has become too low. */
    rebalance(sender, symbol, user) {
        return this.pool.send(sender, 'rebalanceStableBorrowRate', [this.reserve(symbol).token, user]);
    }

    setEModeCategory({ id, ltv, threshold, bonus, label }) {
        const source = this.state.sources.find((entry) => entry.id === id);
        const address = source && !source.unused ? source.asset : ZERO;
        return this.configure('setEModeCategory', [id, ltv, threshold, bonus, address, label]);
    }

    assignEMode(symbol, category) {
        return this.configure('setAssetEModeCategory', [this.reserve(symbol).token, category]);
    }

    /** AaveOracle is asked for a category's source as if that were an asset: it needs a feed. */
    addEModes() {
        for (const category of CATEGORIES_V3_0) {
            if (category.source !== null) this.#addSource(category);
            this.setEModeCategory(category);
            for (const symbol of category.assets) this.assignEMode(symbol, category.id);
        }
    }

    #addSource({ id, source }) {
        const feed = this.own.deploy('TestFeed', [`e-mode ${id} / USD`, 8, source]);
        const asset = derivedAddress(`price source of e-mode ${id}`);
        this.oracle.send(this.admin, 'setAssetSources', [[asset], [feed.address]]);
        this.state.sources.push({ id, asset, feed: feed.address, price: source, unused: false });
    }

    setSentinel(used) {
        return this.provider.send(this.admin, 'setPriceOracleSentinel', [used ? this.sentinel.address : ZERO]);
    }

    /** The sequencer's word for the sentinel: down since a moment, or up since one. */
    setSequencer(isDown, since) {
        return this.sequencer.send(this.admin, 'setAnswer', [isDown, since]);
    }

    updateToken(symbol, kind, { name, symbol: tokenSymbol, implementation }) {
        const common = { asset: this.reserve(symbol).token, incentivesController: ZERO, name, symbol: tokenSymbol, implementation, params: '0x' };
        if (kind === 'aToken') return this.configure('updateAToken', [{ ...common, treasury: this.treasury }]);
        return this.configure('updateVariableDebtToken', [common]);
    }
}

export async function deployV30(chain) {
    const admin = derivedAddress('admin');
    const treasury = derivedAddress('treasury');
    const deployer = new Deployer(chain, derivedAddress('deployer'), artifacts());
    const own = new Deployer(chain, derivedAddress('own deployer'), compileOwn());

    const provider = deployer.deploy('PoolAddressesProvider', ['Plimsoll 3.0', admin]);
    provider.send(admin, 'setACLAdmin', [admin]);
    const acl = deployer.deploy('ACLManager', [provider.address]);
    provider.send(admin, 'setACLManager', [acl.address]);
    for (const role of ['addPoolAdmin', 'addRiskAdmin', 'addEmergencyAdmin', 'addAssetListingAdmin']) acl.send(admin, role, [admin]);

    deployer.deployLibraries(['BorrowLogic', 'BridgeLogic', 'EModeLogic', 'FlashLoanLogic', 'LiquidationLogic', 'PoolLogic', 'SupplyLogic', 'ConfiguratorLogic']);
    const poolCode = deployer.deploy('Pool', [provider.address]);
    poolCode.send(admin, 'initialize', [provider.address]);
    provider.send(admin, 'setPoolImpl', [poolCode.address]);
    const configuratorCode = deployer.deploy('PoolConfigurator');
    provider.send(admin, 'setPoolConfiguratorImpl', [configuratorCode.address]);
    const oracle = deployer.deploy('AaveOracle', [provider.address, [], [], ZERO, ZERO, 10n ** 8n]);
    provider.send(admin, 'setPriceOracle', [oracle.address]);
    const dataProvider = deployer.deploy('AaveProtocolDataProvider', [provider.address]);
    provider.send(admin, 'setPoolDataProvider', [dataProvider.address]);
    const sequencer = deployer.deploy('SequencerOracle', [admin]);
    const sentinel = deployer.deploy('PriceOracleSentinel', [provider.address, sequencer.address, 3600]);
    const fallback = own.deploy('FallbackPrices');
    const flashBorrower = own.deploy('FlashBorrower');
    await chain.mineAll();

    const pool = deployer.at('Pool', await provider.read('getPool'));
    const configurator = deployer.at('PoolConfigurator', await provider.read('getPoolConfigurator'));
    const tokenCode = {
        aToken: deployer.deploy('AToken', [pool.address]),
        sToken: deployer.deploy('StableDebtToken', [pool.address]),
        vToken: deployer.deploy('VariableDebtToken', [pool.address]),
    };
    const market = new MarketV30({
        release: '3.0',
        ...{ chain, deployer, own, admin, treasury, provider, acl, pool, configurator },
        ...{ oracle, dataProvider, sequencer, sentinel, fallback, flashBorrower, tokenCode },
        laterListings: LATER_LISTINGS,
    });
    await market.list(listings('3.0'));
    market.addEModes();
    await chain.mineAll();
    return market;
}
