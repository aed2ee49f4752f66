// A real market behind the TRON gateway, with the daemon on it: what the daemon shows is laid beside
// the contracts at the very block it names.

import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

import { freePort, startAnvil } from '../devnet/anvil.mjs';
import { MULTICALL3 } from '../devnet/chain.mjs';
import { readWorld } from '../devnet/reader.mjs';
import { toBase58 } from '../devnet/tron_base58.mjs';
import { TRON_MAINNET, startTronGateway } from '../devnet/tron_gateway.mjs';
import { idOf, shownOnTron } from '../devnet/tron_view.mjs';
import { GENESIS, buildWorld } from '../devnet/world.mjs';
import { Tally, borrowers, comparePositions, compareStatus } from '../differential/compare.mjs';
import { AAVE, CHAIN, Daemon, PROTOCOL } from '../differential/daemon.mjs';
import { asOnEvm } from '../differential/front.mjs';
import { BINARY } from './market.mjs';

const DEADLINE_MS = 120_000;
const API_KEY = '0c1f8b9e-key-of-the-test';

/** The chain and its market; gateways and daemons are put before it by `watch`. */
export async function startTronChain({ accounts = 60, seed = 1, spareBlocks = 0 } = {}) {
    const anvil = await startAnvil({ chainId: TRON_MAINNET, timestamp: GENESIS });
    const world = await buildWorld(anvil.chain, { release: 'latest', seed, accounts });
    if (spareBlocks > 0) {
        await anvil.rpc.call('anvil_mine', [`0x${spareBlocks.toString(16)}`, '0x3']);
        await anvil.chain.sync();
    }
    return { anvil, world };
}

/**
 * A gateway (or several) with a daemon of its own. `gateways` are options of each; `evm` takes the
 * gateway's /jsonrpc for an EVM node, which it is not; without `multicall` the file names none.
 */
export async function watch({ anvil, world }, { gateways = [{}], staleAfter, evm = false, multicall = true } = {}) {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'plimsoll-tron-'));
    const running = [];
    for (const options of gateways) {
        running.push(await startTronGateway({ rpcUrl: anvil.url, apiKey: API_KEY, events: [world.market.pool.iface], ...options }));
    }
    const credentials = path.join(folder, 'key');
    writeFileSync(credentials, API_KEY, { mode: 0o600 });
    const daemon = new Daemon({
        binary: BINARY,
        folder,
        port: await freePort(),
        endpoint: running.map(({ url }) => `{ url = "${url}${evm ? '/jsonrpc' : ''}", header = { TRON-PRO-API-KEY = "\${file:${credentials}}" } }`),
        chainId: TRON_MAINNET,
        provider: evm ? world.market.provider.address : toBase58(world.market.provider.address),
        subject: evm ? AAVE : { ...AAVE, chainKind: 'tron' },
        chainKeys: evm || !multicall ? '' : `multicall = "${toBase58(MULTICALL3)}"`,
        staleAfter,
    });
    daemon.start();
    return new Watched({ anvil, world, daemon, folder, gateways: running });
}

export class Watched {
    constructor(parts) {
        Object.assign(this, parts);
        this.faults = parts.gateways[0].faults;
    }

    tronHead() {
        const { number, hash } = this.anvil.chain.head();
        return shownOnTron({ number, hash });
    }

    settled(deadlineMs = DEADLINE_MS) {
        return this.daemon.reached(this.tronHead(), deadlineMs);
    }

    async mine(count = 1) {
        for (let i = 0; i < count; i++) await this.anvil.chain.mine({ seconds: 3 });
    }

    async state() {
        const status = await this.daemon.status();
        const chain = status.chains.find(({ name }) => name === CHAIN);
        const protocol = status.protocols.find(({ name }) => name === PROTOCOL);
        return { chain, protocol };
    }

    /** Waits until the daemon's state is as `claim` says. */
    async until(claim, what, deadlineMs = DEADLINE_MS) {
        const deadline = Date.now() + deadlineMs;
        for (;;) {
            const state = await this.state().catch(() => null); // not listening yet
            if (state?.protocol && claim(state)) return state;
            if (Date.now() > deadline) {
                assert.fail(`${what}: ${JSON.stringify(state)}\n${this.daemon.lastLines()}`);
            }
            await new Promise((resolve) => setTimeout(resolve, 50));
        }
    }

    /** Rows with addresses as the EVM writes them. Every one must have been written as TRON does. */
    async positions() {
        return (await this.daemon.positions()).map(asOnEvm);
    }

    /** The same; none where the daemon says that it knows nothing just now. */
    async positionsIfKnown() {
        return this.positions().catch((error) => {
            if (!error.message.includes(': 503 ')) throw error;
            return [];
        });
    }

    /**
     * What is shown is exact at the block it names, whatever the state and whichever block that is.
     * Null: nothing is shown, which only a protocol in state `unknown` may do.
     */
    async verifyShown() {
        const rows = await this.positionsIfKnown();
        if (rows.length === 0) {
            assert.equal((await this.state()).protocol.state, 'unknown');
            return null;
        }
        const { block: number, block_hash: shownHash } = rows[0];
        const block = await this.anvil.rpc.call('eth_getBlockByNumber', [`0x${number.toString(16)}`, false]);
        assert.equal(shownHash, '0x' + idOf(number, block.hash));
        const reading = await readWorld(this.world.market, this.world.everyone(), { number, hash: block.hash, timestamp: Number(block.timestamp) });
        reading.block.hash = shownHash;
        const states = new Set(rows.map(({ state }) => state));
        for (const row of rows) row.state = 'live';
        const tally = new Tally();
        comparePositions(tally, rows, reading);
        assert.deepEqual(tally.mismatches.slice(0, 5), []);
        return { reading, rows, states: [...states], comparisons: tally.comparisons };
    }

    /** The daemon is at the head, live, complete and exact. */
    async verifyLive() {
        const status = await this.settled();
        const { reading } = await this.verifyShown();
        const tally = new Tally();
        compareStatus(tally, status, { chainName: CHAIN, protocolName: PROTOCOL }, reading);
        const relevant = tally.mismatches.filter(({ field }) => field !== 'protocol.audit.mismatched');
        assert.deepEqual(relevant, []);
        return { reading, borrowers: borrowers(reading) };
    }

    alerts() {
        const root = path.join(this.folder, 'state/alerts');
        return readdirSync(root).flatMap((date) =>
            readFileSync(path.join(root, date, 'alerts.jsonl'), 'utf8').split('\n').filter(Boolean).map((line) => JSON.parse(line)));
    }

    async stop({ keep = false } = {}) {
        await this.daemon.kill();
        for (const gateway of this.gateways) gateway.stop();
        if (!keep) rmSync(this.folder, { recursive: true, force: true });
    }
}
