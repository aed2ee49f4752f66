// What the contracts themselves say at one block, for every account and every reserve. Nothing
// here computes: each number is a contract's answer, pinned to the block's hash.

import { aggregate, oneWord, words } from './multicall.mjs';
import { Interface } from './contract.mjs';

const VIEWS = new Interface([
    'function getUserAccountData(address)',
    'function getUserConfiguration(address)',
    'function getUserEMode(address)',
    'function getConfiguration(address)',
    'function getReserveNormalizedIncome(address)',
    'function getReserveNormalizedVariableDebt(address)',
    'function getAssetPrice(address)',
    'function totalSupply()',
    'function scaledTotalSupply()',
    'function balanceOf(address)',
    'function scaledBalanceOf(address)',
    'function principalBalanceOf(address)',
]);

export const ACCOUNT_WORDS = [
    'totalCollateralBase',
    'totalDebtBase',
    'availableBorrowsBase',
    'currentLiquidationThreshold',
    'ltv',
    'healthFactor',
];

export const WAD = 10n ** 18n;

const call = (to, fn, ...args) => [to, VIEWS.encodeFunctionData(fn, args)];

/** Two bits per reserve: borrowing, then collateral. */
export const isBorrowing = (bitmap, id) => ((bitmap >> BigInt(2 * id)) & 1n) === 1n;
export const isCollateral = (bitmap, id) => ((bitmap >> BigInt(2 * id + 1)) & 1n) === 1n;

/** Unhealthy by the contract's own word. An account whose view reverts is neither. */
export const isLiquidatable = (view) => (view === null ? null : view.healthFactor < WAD);

/**
 * Answers {block, accounts, reserves}. An account: {address, view (the six words, or null where
 * the contract reverts), bitmap, eMode, debts: [{symbol, scaled, principal}]}.
 */
export async function readWorld(market, accounts, block) {
    const [reserves, users] = await Promise.all([
        readReserves(market, block.hash),
        readAccounts(market, accounts, block.hash),
    ]);
    return { block, reserves, accounts: users };
}

export async function readReserves(market, hash) {
    const { rpc } = market.chain;
    const pool = market.pool.address;
    const questions = market.reserves.flatMap(({ token, aToken, vToken, sToken }) => [
        call(aToken, 'totalSupply'),
        call(vToken, 'totalSupply'),
        call(vToken, 'scaledTotalSupply'),
        call(sToken ?? vToken, 'totalSupply'),
        call(token, 'balanceOf', aToken),
        call(pool, 'getReserveNormalizedIncome', token),
        call(pool, 'getReserveNormalizedVariableDebt', token),
        call(market.oracle.address, 'getAssetPrice', token),
        call(pool, 'getConfiguration', token),
        call(aToken, 'scaledTotalSupply'),
    ]);
    const answers = (await aggregate(rpc, questions, hash)).map(oneWord);
    return market.reserves.map(({ id, symbol, token, decimals, sToken }, i) => {
        const at = answers.slice(i * 10, i * 10 + 10);
        return {
            id,
            symbol,
            token,
            decimals,
            supplied: at[0],
            variableDebt: at[1],
            scaledDebt: at[2],
            stableDebt: sToken ? at[3] : 0n,
            cash: at[4],
            supplyIndex: at[5],
            borrowIndex: at[6],
            price: at[7],
            configuration: at[8],
            scaledSupply: at[9],
        };
    });
}

export async function readAccounts(market, accounts, hash) {
    const { rpc } = market.chain;
    const pool = market.pool.address;
    const questions = accounts.flatMap((address) => [
        call(pool, 'getUserAccountData', address),
        call(pool, 'getUserConfiguration', address),
        call(pool, 'getUserEMode', address),
    ]);
    const answers = await aggregate(rpc, questions, hash);
    const users = accounts.map((address, i) => ({
        address,
        view: accountView(answers[i * 3]),
        bitmap: oneWord(answers[i * 3 + 1]),
        eMode: Number(oneWord(answers[i * 3 + 2])),
        debts: [],
    }));
    await readDebts(market, users, hash);
    return users;
}

function accountView(answer) {
    if (answer === null) return null;
    const values = words(answer);
    return Object.fromEntries(ACCOUNT_WORDS.map((name, i) => [name, values[i]]));
}

/** A borrow bit may outlive its debt (before V3.1), so the tokens are asked. */
async function readDebts(market, users, hash) {
    const asked = [];
    const questions = [];
    for (const user of users) {
        for (const reserve of market.reserves) {
            if (!isBorrowing(user.bitmap, reserve.id)) continue;
            asked.push([user, reserve.symbol]);
            questions.push(call(reserve.vToken, 'scaledBalanceOf', user.address));
            questions.push(
                reserve.sToken
                    ? call(reserve.sToken, 'principalBalanceOf', user.address)
                    : call(reserve.vToken, 'scaledBalanceOf', '0x' + '0'.repeat(40)),
            );
        }
    }
    const answers = (await aggregate(market.chain.rpc, questions, hash)).map(oneWord);
    asked.forEach(([user, symbol], i) => {
        const [scaled, principal] = [answers[2 * i], answers[2 * i + 1]];
        if (scaled > 0n || principal > 0n) user.debts.push({ symbol, scaled, principal });
    });
}

/** Balances of the given users in every reserve: Map of address -> symbol -> {supplied, debt}. */
export async function readBalances(market, addresses, hash) {
    const questions = addresses.flatMap((address) =>
        market.reserves.flatMap(({ aToken, vToken, sToken }) => [
            call(aToken, 'balanceOf', address),
            call(vToken, 'balanceOf', address),
            ...(sToken ? [call(sToken, 'balanceOf', address)] : []),
        ]),
    );
    const answers = (await aggregate(market.chain.rpc, questions, hash)).map(oneWord);
    let at = 0;
    const out = new Map();
    for (const address of addresses) {
        const bySymbol = {};
        for (const { symbol, sToken } of market.reserves) {
            const supplied = answers[at++];
            const variable = answers[at++];
            const stable = sToken ? answers[at++] : 0n;
            bySymbol[symbol] = { supplied, debt: variable + stable, stable };
        }
        out.set(address, bySymbol);
    }
    return out;
}

/**
 * The known accounts must hold all of every debt token, or the comparison would prove less than
 * it says. Throws with the token's name.
 */
export function assertAllBorrowersKnown({ reserves, accounts }) {
    for (const { symbol, scaledDebt } of reserves) {
        const known = accounts
            .flatMap(({ debts }) => debts)
            .filter((debt) => debt.symbol === symbol)
            .reduce((sum, { scaled }) => sum + scaled, 0n);
        if (known !== scaledDebt) {
            throw new Error(`the world does not know all borrowers of ${symbol}: ${known} of ${scaledDebt}`);
        }
    }
}
