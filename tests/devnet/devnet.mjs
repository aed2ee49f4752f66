#!/usr/bin/env node
// A whole test market that stays up: prints one JSON line about itself, then waits for a signal.
//
//   node tests/devnet/devnet.mjs up --release 3.0|latest --accounts 200 --seed 1
//        [--port P] [--chain-id 31337] [--block-time SECONDS]

import { parseArgs } from 'node:util';

import { startAnvil } from './anvil.mjs';
import { MULTICALL3 } from './chain.mjs';
import { GENESIS, buildWorld } from './world.mjs';

const USAGE = 'usage: devnet.mjs up --release 3.0|latest [--accounts N] [--seed S] [--port P] [--chain-id C] [--block-time SECONDS]';

function readArguments() {
    const { values, positionals } = parseArgs({
        allowPositionals: true,
        options: {
            release: { type: 'string', default: 'latest' },
            accounts: { type: 'string', default: '200' },
            seed: { type: 'string', default: '1' },
            port: { type: 'string' },
            'chain-id': { type: 'string', default: '31337' },
            'block-time': { type: 'string' },
        },
    });
    const number = (text) => (text === undefined ? undefined : Number(text));
    if (positionals[0] !== 'up' || !['3.0', 'latest'].includes(values.release)) throw new Error(USAGE);
    return {
        release: values.release,
        accounts: number(values.accounts),
        seed: values.seed,
        port: number(values.port),
        chainId: number(values['chain-id']),
        blockTime: number(values['block-time']),
    };
}

/** What a caller needs to watch this market. */
function describe({ url, chainId }, world) {
    const { market, chain } = world;
    return {
        rpc: url,
        chain_id: chainId,
        release: world.release,
        seed: world.seed,
        provider: market.provider.address,
        start_block: 0,
        head: chain.head(),
        addresses: {
            pool: market.pool.address,
            configurator: market.configurator.address,
            oracle: market.oracle.address,
            data_provider: market.dataProvider.address,
            acl_manager: market.acl.address,
            multicall3: MULTICALL3,
            admin: market.admin,
            treasury: market.treasury,
            liquidator: world.liquidator,
        },
        reserves: market.reserves.map(({ id, symbol, decimals, token, aToken, vToken, sToken, feed, price }) => ({
            ...{ id, symbol, decimals, token, a_token: aToken, variable_debt_token: vToken, stable_debt_token: sToken },
            ...{ feed, price_raw: String(price) },
        })),
        cases: world.cases,
        accounts: world.accounts,
    };
}

async function up(options) {
    const anvil = await startAnvil({ ...options, blockTime: undefined, timestamp: GENESIS });
    const say = (line) => process.stderr.write(`devnet: ${line}\n`);
    const world = await buildWorld(anvil.chain, { ...options, say });
    if (options.blockTime) await anvil.rpc.call('evm_setIntervalMining', [options.blockTime]);
    process.stdout.write(JSON.stringify(describe({ ...anvil, chainId: options.chainId }, world)) + '\n');
    await new Promise((resolve) => {
        process.once('SIGTERM', resolve);
        process.once('SIGINT', resolve);
        // Keeps the process alive; the promise alone would not.
        setInterval(() => {}, 1 << 30);
    });
    await anvil.stop();
    process.exit(0);
}

try {
    await up(readArguments());
} catch (error) {
    process.stderr.write(`${error.message}\n`);
    process.exit(error.message === USAGE ? 64 : 1);
}
