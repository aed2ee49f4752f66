// Starts and stops anvil, the local EVM of the npm package @foundry-rs/anvil.

import { createRequire } from 'node:module';
import net from 'node:net';

import { Chain } from './chain.mjs';
import { Rpc } from './rpc.mjs';
import { spawnTied } from './tied.mjs';

/** 25 January 2026, 00:00:00 UTC: where the recorded ETH closes of the demonstration begin. */
export const DEMO_START = 1_769_299_200;

const START_DEADLINE_MS = 30_000;
/** Without a limit older ones are written to files, gigabytes in a long run, which a killed anvil leaves. */
const STATES_KEPT = 512;

/** The binary of this platform: a package of its own, named beside @foundry-rs/anvil. */
export function anvilBinary() {
    if (process.env.PLIMSOLL_ANVIL) return process.env.PLIMSOLL_ANVIL;
    const cpu = { x64: 'amd64', arm64: 'arm64' }[process.arch];
    const require = createRequire(import.meta.url);
    return require.resolve(`@foundry-rs/anvil-${process.platform}-${cpu}/bin/anvil`);
}

export function freePort() {
    return new Promise((resolve, reject) => {
        const server = net.createServer();
        server.on('error', reject);
        server.listen(0, '127.0.0.1', () => {
            const { port } = server.address();
            server.close(() => resolve(port));
        });
    });
}

/**
 * Options: port, chainId, timestamp (of the genesis block), slotsInAnEpoch (safe lies one epoch
 * behind the head and finalized two), automine, blockTime (seconds). Without automine and blockTime,
 * blocks come only from `chain.mine`. Calls are answered at the last STATES_KEPT blocks.
 */
export async function startAnvil(options = {}) {
    const port = options.port ?? (await freePort());
    const stdio = ['ignore', 'ignore', 'inherit'];
    const child = spawnTied(anvilBinary(), anvilArguments({ ...options, port }), { stdio });
    const url = `http://127.0.0.1:${port}`;
    const rpc = new Rpc(url);
    await answering(rpc, child);
    const chain = new Chain(rpc);
    await chain.sync();
    return {
        url,
        port,
        pid: child.pid,
        rpc,
        chain,
        async stop() {
            rpc.close();
            await child.end('SIGKILL');
        },
    };
}

function anvilArguments(options) {
    const list = ['--host', '127.0.0.1', '--port', String(options.port), '--quiet'];
    const add = (flag, value) => list.push(flag, ...(value === true ? [] : [String(value)]));
    add('--chain-id', options.chainId ?? 31337);
    add('--timestamp', options.timestamp ?? DEMO_START);
    add('--slots-in-an-epoch', options.slotsInAnEpoch ?? 8);
    add('--accounts', 1);
    add('--auto-impersonate', true);
    add('--order', 'fifo');
    add('--no-request-size-limit', true);
    // Gas costs nothing and a block holds thousands of transactions.
    add('--gas-price', 0);
    add('--block-base-fee-per-gas', 0);
    add('--disable-min-priority-fee', true);
    add('--gas-limit', 60_000_000_000);
    if (options.blockTime) add('--block-time', options.blockTime);
    else if (!options.automine) add('--no-mining', true);
    add('--prune-history', STATES_KEPT);
    return list;
}

async function answering(rpc, child) {
    const deadline = Date.now() + START_DEADLINE_MS;
    for (;;) {
        if (child.hasEnded()) throw new Error(`anvil ended with code ${child.exitCode}`);
        try {
            return await rpc.call('eth_chainId');
        } catch (error) {
            if (Date.now() > deadline) throw error;
            await new Promise((resolve) => setTimeout(resolve, 20));
        }
    }
}
