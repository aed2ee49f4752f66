// What only Venus has, put beside a market that stands: its stablecoin with the controller, and the contract
// through which alone one may liquidate then. All are contracts of @venusprotocol/venus-protocol 0.7.0; the
// controller is their harness, whose coin may lie at any address and whose block number is set by hand.

import { MAX, SCALE } from './compound_market.mjs';
import { derivedAddress } from './contract.mjs';

/** Few, so that a few blocks bear interest that shows. */
const BLOCKS_A_YEAR = 1000n;

/** All that an account may borrow may be minted; the coin costs 5 % a year. Two blocks. */
export async function addStablecoin({ market, chain }) {
    const { deployer, comptroller } = market;
    const coin = deployer.deploy('VAI', [31337]);
    const controller = deployer.deploy('VAIControllerHarness');
    const access = deployer.deploy('AllowAll');
    await chain.mineAll();
    const own = (contract, fn, args = []) => {
        deployer.nonce += 1;
        return contract.send(deployer.from, fn, args);
    };
    own(controller, 'setVAIAddress', [coin.address]);
    own(controller, '_setComptroller', [comptroller.address]);
    own(controller, 'setAccessControl', [access.address]);
    own(controller, 'setBlocksPerYear', [BLOCKS_A_YEAR]);
    own(controller, 'initialize');
    own(controller, 'setBaseRate', [SCALE / 20n]);
    own(coin, 'rely', [controller.address]);
    market.configure('_setVAIController', [controller.address]);
    market.configure('_setVAIMintRate', [10_000]);
    await chain.mineAll();
    return {
        coin,
        controller,
        /** The controller's block is the one that is made next; interest counts from then to now. */
        keepUp: () => own(controller, 'setBlockNumber', [chain.head().number + 1]),
    };
}

/** The only liquidator from now on; `percent` of what is seized goes to the treasury. Three blocks. */
export async function addLiquidator({ market, chain }, percent) {
    const { deployer, comptroller } = market;
    const treasury = derivedAddress('venus treasury');
    const code = deployer.deploy('Liquidator', [comptroller.address, market.market('ETH').cToken, treasury]);
    await chain.mineAll();
    // Its initializer runs on a proxy only.
    const { abi } = deployer.artifacts.Liquidator;
    deployer.artifacts.LiquidatorProxy = {
        abi: abi.filter(({ type }) => type !== 'constructor'),
        bytecode: `0x3d602d80600a3d3981f3363d3d373d3d3d363d73${code.address.slice(2)}5af43d82803e903d91602b57fd5bf3`,
        linkReferences: {},
    };
    const contract = deployer.deploy('LiquidatorProxy');
    await chain.mineAll();
    contract.send(market.admin, 'initialize', [(SCALE * BigInt(percent)) / 100n]);
    market.configure('_setLiquidatorContract', [contract.address]);
    await chain.mineAll();
    return {
        address: contract.address,
        treasury,
        contract,
        /** `debt`: the address of the vToken, or of the coin's controller; `pays` is its token. */
        liquidate(liquidator, debt, pays, borrower, amount, collateral) {
            // Its safeApprove wants no allowance to be there, and a trusted spender of a test token has one.
            if (pays.iface.hasFunction('trust')) pays.send(liquidator, 'trust', [contract.address]);
            else pays.send(liquidator, 'approve', [contract.address, MAX]);
            return contract.send(liquidator, 'liquidateBorrow', [debt, borrower, amount, market.market(collateral).cToken]);
        },
    };
}
