// Real contracts behind the TRON gateway, with the daemon on them: what the daemon shows is laid beside
// the contracts at the very block it names. `ON_AAVE` and `ON_JUSTLEND` are what may stand there.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

import { freePort, startAnvil } from '../devnet/anvil.mjs';
import { MULTICALL3 } from '../devnet/chain.mjs';
import { TRX_GROUP } from '../devnet/compound_market.mjs';
import { borrowersOf, readCompound } from '../devnet/compound_reader.mjs';
import { buildCompoundWorld } from '../devnet/compound_world.mjs';
import { readWorld } from '../devnet/reader.mjs';
import { toBase58 } from '../devnet/tron_base58.mjs';
import { TRON_MAINNET, startTronGateway } from '../devnet/tron_gateway.mjs';
import { idOf, shownOnTron } from '../devnet/tron_view.mjs';
import { GENESIS, buildWorld } from '../devnet/world.mjs';
import { Tally, borrowers, compareLive, comparePositions } from '../differential/compare.mjs';
import { compareCompoundPositions } from '../differential/compare_compound.mjs';
import { AAVE, CHAIN, Daemon } from '../differential/daemon.mjs';
import { asOnEvm } from '../differential/front.mjs';
import { archived } from './archive.mjs';
import { BINARY } from './market.mjs';

const DEADLINE_MS = 120_000;
const API_KEY = '0c1f8b9e-key-of-the-test';

/** What stands on the chain: how it is built and read, and how rows are compared with the reading. */
export const ON_AAVE = {
    subject: AAVE,
    build: (chain, options) => buildWorld(chain, { release: 'latest', ...options }),
    address: ({ market }) => market.provider.address,
    events: ({ market }) => [market.pool.iface],
    read: (world, block) => readWorld(world.market, world.everyone(), block),
    borrowers,
    compare: comparePositions,
};
export const ON_JUSTLEND = {
    subject: {
        name: 'justlend',
        kind: 'compound-v2',
        chainKind: 'tron',
        groups: { TRX: TRX_GROUP },
        bands: { trx: ['TRX', '"0.25"', '"0.30"'] },
    },
    build: (chain, options) => buildCompoundWorld(chain, { release: 'tron', ...options }),
    address: ({ market }) => market.comptroller.address,
    events: ({ market }) => [market.cToken('USDT').iface, market.comptroller.iface],
    read: (world, block) => readCompound(world.market, world.everyone(), block),
    borrowers: borrowersOf,
    compare: compareCompoundPositions,
};

/** The chain and its market; gateways and daemons are put before it by `watch`. */
export async function startTronChain({ on = ON_AAVE, accounts = 60, seed = 1, spareBlocks = 0 } = {}) {
    const anvil = await startAnvil({ chainId: TRON_MAINNET, timestamp: GENESIS });
    const world = await on.build(anvil.chain, { seed, accounts });
    if (spareBlocks > 0) {
        await anvil.rpc.call('anvil_mine', [`0x${spareBlocks.toString(16)}`, '0x3']);
        await anvil.chain.sync();
    }
    return { anvil, world, on };
}

/**
 * A gateway (or several) with a daemon of its own. `gateways` are options of each; `evm` takes the
 * gateway's /jsonrpc for an EVM node, which it is not; without `multicall` the file names none.
 */
export async function watch({ anvil, world, on }, { gateways = [{}], staleAfter, evm = false, multicall = true } = {}) {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'plimsoll-tron-'));
    const running = [];
    for (const options of gateways) {
        running.push(await startTronGateway({ rpcUrl: anvil.url, apiKey: API_KEY, events: on.events(world), ...options }));
    }
    const credentials = path.join(folder, 'key');
    writeFileSync(credentials, API_KEY, { mode: 0o600 });
    const daemon = new Daemon({
        binary: BINARY,
        folder,
        port: await freePort(),
        endpoint: running.map(({ url }) => `{ url = "${url}${evm ? '/jsonrpc' : ''}", header = { TRON-PRO-API-KEY = "\${file:${credentials}}" } }`),
        chainId: TRON_MAINNET,
        provider: evm ? on.address(world) : toBase58(on.address(world)),
        subject: { ...on.subject, chainKind: evm ? 'evm' : 'tron' },
        chainKeys: evm || !multicall ? '' : `multicall = "${toBase58(MULTICALL3)}"`,
        staleAfter,
    });
    daemon.start();
    return new Watched({ anvil, world, on, daemon, folder, gateways: running });
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
        const protocol = status.protocols.find(({ name }) => name === this.on.subject.name);
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

    /** The contracts at the block that a row names. */
    async readingOf({ block: number, block_hash: shownHash }) {
        const block = await this.anvil.rpc.call('eth_getBlockByNumber', [`0x${number.toString(16)}`, false]);
        assert.equal(shownHash, '0x' + idOf(number, block.hash));
        const reading = await this.on.read(this.world, { number, hash: block.hash, timestamp: Number(block.timestamp) });
        return { ...reading, block: { ...reading.block, hash: shownHash } };
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
        const reading = await this.readingOf(rows[0]);
        const states = new Set(rows.map(({ state }) => state));
        for (const row of rows) row.state = 'live';
        const tally = new Tally();
        this.on.compare(tally, rows, reading);
        assert.deepEqual(tally.mismatches.slice(0, 5), []);
        return { reading, rows, states: [...states], comparisons: tally.comparisons };
    }

    /** The daemon is at the head, live, complete and exact. */
    async verifyLive() {
        const status = await this.settled();
        const { reading } = await this.verifyShown();
        const tally = new Tally();
        const known = this.on.borrowers(reading);
        compareLive(tally, status, { chainName: CHAIN, protocolName: this.on.subject.name }, reading.block, known.length);
        const relevant = tally.mismatches.filter(({ field }) => field !== 'protocol.audit.mismatched');
        assert.deepEqual(relevant, []);
        return { reading, borrowers: known };
    }

    alerts() {
        return archived(this.folder);
    }

    async stop({ keep = false } = {}) {
        await this.daemon.kill();
        for (const gateway of this.gateways) gateway.stop();
        if (!keep) rmSync(this.folder, { recursive: true, force: true });
    }
}
