// The rows a perfect daemon would answer, made by asking the contracts for everything. Only for
// testing the comparison itself; it finds reserves and borrowers on chain, as a daemon must.

import { Contract, Interface, getAddress } from '../../devnet/contract.mjs';
import { aggregate, pinned, words } from '../../devnet/multicall.mjs';
import { WAD, isCollateral, readBalances, readWorld } from '../../devnet/reader.mjs';

const MAX = 2n ** 256n - 1n;

const ABI = new Interface([
    'function getPool() view returns (address)',
    'function getPriceOracle() view returns (address)',
    'function getReservesList() view returns (address[])',
    'function getUserAccountData(address)',
    'function symbol() view returns (string)',
    'function decimals() view returns (uint8)',
    'function getSourceOfAsset(address) view returns (address)',
    'event Transfer(address indexed from, address indexed to, uint256 value)',
    'event LiquidationCall(address indexed collateralAsset, address indexed debtAsset, address indexed user, uint256 debtToCover, uint256 liquidatedCollateralAmount, address liquidator, bool receiveAToken)',
]);
const RESERVE_DATA = '0x35ea6a75';
const DATA_WORD = { A_TOKEN: 8, STABLE: 9, VARIABLE: 10, ID: 7 };

/** A market as the reader wants it, discovered from the provider's address at one block. */
export async function discover(chain, provider, block) {
    const at = pinned(block.hash);
    const ask = (address, fn, args) => new Contract(chain, address, ABI).read(fn, args, at);
    const pool = await ask(provider, 'getPool');
    const oracle = await ask(provider, 'getPriceOracle');
    const tokens = await ask(pool, 'getReservesList');
    const calls = tokens.map((token) => [pool, RESERVE_DATA + token.slice(2).toLowerCase().padStart(64, '0')]);
    const datas = (await aggregate(chain.rpc, calls, block.hash)).map(words);
    const reserves = [];
    for (const [i, token] of tokens.entries()) {
        const address = (index) => getAddress('0x' + datas[i][index].toString(16).padStart(40, '0'));
        const stable = datas[i][DATA_WORD.STABLE] === 0n ? null : address(DATA_WORD.STABLE);
        reserves.push({
            ...{ token, id: Number(datas[i][DATA_WORD.ID]), aToken: address(DATA_WORD.A_TOKEN) },
            ...{ vToken: address(DATA_WORD.VARIABLE), sToken: stable },
            symbol: await ask(token, 'symbol'),
            decimals: Number(await ask(token, 'decimals')),
            feed: await ask(oracle, 'getSourceOfAsset', [token]),
        });
    }
    const contract = (address) => new Contract(chain, address, ABI);
    return { chain, pool: contract(pool), oracle: contract(oracle), reserves };
}

export async function debtHolders({ chain, reserves }, block) {
    const address = reserves.flatMap(({ vToken, sToken }) => (sToken ? [vToken, sToken] : [vToken]));
    const topics = [ABI.getEvent('Transfer').topicHash];
    const toBlock = '0x' + block.number.toString(16);
    const logs = await chain.rpc.call('eth_getLogs', [{ address, topics, fromBlock: '0x0', toBlock }]);
    return [...new Set(logs.map((log) => getAddress('0x' + log.topics[2].slice(26))))];
}

/** {status, positions, markets, tvl, liquidations} at a block; `names` as in the configuration. */
export async function perfectRows(chain, provider, block, names) {
    const market = await discover(chain, provider, block);
    const reading = await readWorld(market, await debtHolders(market, block), block);
    const users = reading.accounts.filter(({ debts }) => debts.length > 0);
    const balances = await readBalances(market, users.map(({ address }) => address), block.hash);
    const common = { block: block.number, block_hash: block.hash, block_time: block.timestamp, state: 'live', coverage: '1.000000' };
    const positions = users.map((user) => ({ ...common, ...positionRow(market, user, reading, balances.get(user.address)) }));
    const liquidatable = positions.filter((row) => row.liquidatable === true).length;
    return {
        market,
        status: statusOf(names, block, positions.length),
        positions,
        markets: reading.reserves.map((reserve) => ({ ...common, ...marketRow(reserve) })),
        tvl: [{ ...common, borrowers: positions.length, liquidatable }],
        liquidations: await liquidationRows(market, block),
    };
}

function statusOf({ chainName, protocolName }, { number, hash }, positions) {
    const chain = { name: chainName, head: number, processed: number, hash, gap_blocks: 0, state: 'live' };
    const protocol = { name: protocolName, state: 'live', coverage: '1.000000', positions, block: number, block_hash: hash, audit: { checked: 0, mismatched: 0 } };
    return { chains: [chain], protocols: [protocol] };
}

function positionRow({ reserves }, { address, view, eMode, bitmap }, reading, balances) {
    const entries = (field) =>
        reserves
            .map((reserve, i) => ({ reserve, price: reading.reserves[i].price, amount: balances[reserve.symbol][field] }))
            .filter(({ amount }) => amount > 0n)
            .map(({ reserve, price, amount }) => ({
                asset: reserve.symbol,
                token: reserve.token,
                decimals: reserve.decimals,
                amount_raw: String(amount),
                price_raw: price === null ? null : String(price),
                ...(field === 'supplied' && { enabled: isCollateral(bitmap, reserve.id) }),
            }));
    const healthFactor = view && view.healthFactor !== MAX ? String(view.healthFactor) : null;
    return {
        account: address,
        health_factor: healthFactor,
        liquidatable: view === null ? null : view.healthFactor < WAD,
        e_mode: eMode,
        contract_view: view && Object.fromEntries(Object.entries(view).map(([name, value]) => [name, String(value)])),
        collateral: entries('supplied'),
        debt: entries('debt'),
    };
}

function marketRow(reserve) {
    const bits = (from, width) => Number((reserve.configuration >> BigInt(from)) & ((1n << BigInt(width)) - 1n));
    return {
        asset: reserve.symbol,
        token: reserve.token,
        decimals: reserve.decimals,
        price_raw: reserve.price === null ? null : String(reserve.price),
        supplied_raw: String(reserve.supplied),
        borrowed_raw: String(reserve.variableDebt + reserve.stableDebt),
        cash_raw: String(reserve.cash),
        index_supply_raw: String(reserve.supplyIndex),
        index_borrow_raw: String(reserve.borrowIndex),
        ltv: bits(0, 16),
        liquidation_threshold: bits(16, 16),
        liquidation_bonus: bits(32, 16),
        frozen: bits(57, 1) === 1,
        paused: bits(60, 1) === 1,
    };
}

async function liquidationRows({ chain, pool }, block) {
    const topics = [ABI.getEvent('LiquidationCall').topicHash];
    const filter = { address: pool.address, topics, fromBlock: '0x0', toBlock: '0x' + block.number.toString(16) };
    const logs = await chain.rpc.call('eth_getLogs', [filter]);
    return logs.map((log) => {
        const { args } = ABI.parseLog(log);
        return {
            tx: log.transactionHash,
            log_index: Number(log.logIndex),
            account: args.user,
            liquidator: args.liquidator,
            collateral_token: args.collateralAsset,
            debt_token: args.debtAsset,
            collateral_raw: String(args.liquidatedCollateralAmount),
            debt_raw: String(args.debtToCover),
        };
    });
}
