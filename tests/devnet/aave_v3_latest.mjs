// The newest release of Aave V3 on npm (3.6): deploys a whole market from its sources.

import { AbiCoder, encodeBytes32String } from 'ethers';

import { compileLatest, compileOwn } from './compile.mjs';
import { Deployer, derivedAddress } from './contract.mjs';
import { CATEGORIES_LATEST, LATER_LISTINGS, listings } from './listings.mjs';
import { Market } from './market.mjs';

const ZERO = '0x' + '0'.repeat(40);
const RATE_TYPE = 'tuple(uint16 optimal, uint32 base, uint32 slope1, uint32 slope2)';

class MarketLatest extends Market {
    names = { aToken: 'ATokenInstance', vToken: 'VariableDebtTokenInstance' };
    hasStableDebt = false;

    initReserve({ token, symbol, rates }) {
        const input = {
            aTokenImpl: this.tokenCode.aToken.address,
            variableDebtTokenImpl: this.tokenCode.vToken.address,
            underlyingAsset: token,
            aTokenName: `Aave ${symbol}`,
            aTokenSymbol: `a${symbol}`,
            variableDebtTokenName: `Aave Variable Debt ${symbol}`,
            variableDebtTokenSymbol: `variableDebt${symbol}`,
            params: '0x',
            interestRateData: encodeRates(rates),
        };
        return this.configure('initReserves', [[input]]);
    }

    setRates(symbol, rates) {
        const args = [this.reserve(symbol).token, encodeRates(rates)];
        return this.configure('setReserveInterestRateData', args);
    }

    setEModeCategory({ id, ltv, threshold, bonus, label }) {
        return this.configure('setEModeCategory', [id, ltv, threshold, bonus, label]);
    }

    /** `role` is 'Collateral', 'Borrowable' or 'Ltvzero'. */
    setInEMode(symbol, category, role, is) {
        return this.configure(`setAsset${role}InEMode`, [this.reserve(symbol).token, category, is]);
    }

    addEModes() {
        for (const category of CATEGORIES_LATEST) {
            this.setEModeCategory(category);
            for (const symbol of category.collateral) this.setInEMode(symbol, category.id, 'Collateral', true);
            for (const symbol of category.borrowable) this.setInEMode(symbol, category.id, 'Borrowable', true);
        }
    }

    /** Unpausing with a grace period: no liquidations of the reserve until it is over. */
    unpauseWithGrace(symbol, seconds) {
        const args = [this.reserve(symbol).token, false, seconds];
        return this.configure('setReservePause(address,bool,uint40)', args);
    }

    /** LTV 0 that remembers the old one. */
    setLtvzero(symbol, is) {
        return this.configure('setReserveLtvzero', [this.reserve(symbol).token, is]);
    }

    /** Burns aTokens of the umbrella account against the reserve's deficit. */
    eliminateDeficit(symbol, amount) {
        return this.pool.send(this.umbrella, 'eliminateReserveDeficit', [this.reserve(symbol).token, amount]);
    }

    approvePositionManager(user, manager, approved) {
        return this.pool.send(user, 'approvePositionManager', [manager, approved]);
    }

    setEModeOnBehalf(manager, category, user) {
        return this.pool.send(manager, 'setUserEModeOnBehalfOf', [category, user]);
    }

    setCollateralOnBehalf(manager, symbol, enabled, user) {
        const args = [this.reserve(symbol).token, enabled, user];
        return this.pool.send(manager, 'setUserUseReserveAsCollateralOnBehalfOf', args);
    }

    updateToken(symbol, kind, { name, symbol: tokenSymbol, implementation }) {
        const input = { asset: this.reserve(symbol).token, name, symbol: tokenSymbol, implementation, params: '0x' };
        return this.configure(kind === 'aToken' ? 'updateAToken' : 'updateVariableDebtToken', [input]);
    }
}

function encodeRates({ optimal, base, slope1, slope2 }) {
    return AbiCoder.defaultAbiCoder().encode([RATE_TYPE], [[optimal, base, slope1, slope2]]);
}

export async function deployLatest(chain) {
    const admin = derivedAddress('admin');
    const treasury = derivedAddress('treasury');
    const umbrella = derivedAddress('umbrella');
    const deployer = new Deployer(chain, derivedAddress('deployer'), compileLatest());
    const own = new Deployer(chain, derivedAddress('own deployer'), compileOwn());

    const provider = deployer.deploy('PoolAddressesProvider', ['Plimsoll latest', admin]);
    provider.send(admin, 'setACLAdmin', [admin]);
    const acl = deployer.deploy('ACLManager', [provider.address]);
    provider.send(admin, 'setACLManager', [acl.address]);
    for (const role of ['addPoolAdmin', 'addRiskAdmin', 'addEmergencyAdmin']) acl.send(admin, role, [admin]);

    deployer.deployLibraries(['BorrowLogic', 'FlashLoanLogic', 'LiquidationLogic', 'PoolLogic', 'SupplyLogic', 'ConfiguratorLogic']);
    const strategy = deployer.deploy('DefaultReserveInterestRateStrategyV2', [provider.address]);
    const poolCode = deployer.deploy('PoolInstance', [provider.address, strategy.address]);
    provider.send(admin, 'setPoolImpl', [poolCode.address]);
    const configuratorCode = deployer.deploy('PoolConfiguratorInstance');
    provider.send(admin, 'setPoolConfiguratorImpl', [configuratorCode.address]);
    const oracle = deployer.deploy('AaveOracle', [provider.address, [], [], ZERO, ZERO, 10n ** 8n]);
    provider.send(admin, 'setPriceOracle', [oracle.address]);
    provider.send(admin, 'setAddress', [encodeBytes32String('UMBRELLA'), umbrella]);
    const dataProvider = deployer.deploy('AaveProtocolDataProvider', [provider.address]);
    provider.send(admin, 'setPoolDataProvider', [dataProvider.address]);
    const fallback = own.deploy('FallbackPrices');
    const flashBorrower = own.deploy('FlashBorrower');
    await chain.mineAll();

    const pool = deployer.at('PoolInstance', await provider.read('getPool'));
    const configurator = deployer.at('PoolConfiguratorInstance', await provider.read('getPoolConfigurator'));
    const tokenCode = {
        aToken: deployer.deploy('ATokenInstance', [pool.address, ZERO, treasury]),
        vToken: deployer.deploy('VariableDebtTokenInstance', [pool.address, ZERO]),
    };
    const market = new MarketLatest({
        release: 'latest',
        ...{ chain, deployer, own, admin, treasury, umbrella, provider, acl, pool, configurator },
        ...{ oracle, dataProvider, fallback, flashBorrower, tokenCode },
        laterListings: LATER_LISTINGS,
    });
    await market.list(listings('latest'));
    market.addEModes();
    await chain.mineAll();
    return market;
}
