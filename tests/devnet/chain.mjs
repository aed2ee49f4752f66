// One chain as the tests drive it: transactions are queued and then mined into a block whose
// time is given, so the same program of calls makes the same chain.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

export const MULTICALL3 = '0xcA11bde05977b3631167028862bE2a173976CA11';

const DEFAULT_GAS = 8_000_000n;

export const hex = (value) => '0x' + BigInt(value).toString(16);

export class Chain {
    #queued = [];
    #nonces = new Map();

    constructor(rpc) {
        this.rpc = rpc;
        this.number = 0;
        this.hash = null;
        this.now = 0;
    }

    /** Takes number, hash and time of the head from the node. */
    async sync() {
        const head = await this.rpc.call('eth_getBlockByNumber', ['latest', false]);
        this.number = Number(head.number);
        this.hash = head.hash;
        this.now = Number(head.timestamp);
        return this.head();
    }

    head() {
        return { number: this.number, hash: this.hash, timestamp: this.now };
    }

    /**
     * Puts a transaction into the next block. Answers a ticket whose `ok` is known once the
     * block is mined; a revert is an outcome here, not an error.
     */
    queue({ from, to, data, value = 0n, gas = DEFAULT_GAS }, label = '') {
        const ticket = { label, from, to, data, value, gas, ok: null, hash: null, contract: null };
        this.#queued.push(ticket);
        return ticket;
    }

    /** Mines one block, `seconds` after the last one, with everything queued, in that order. */
    async mine({ seconds = 12 } = {}) {
        const tickets = this.#queued;
        this.#queued = [];
        await this.#learnNonces(tickets);
        const sends = tickets.map(({ from, to, data, value, gas }) => [
            'eth_sendTransaction',
            [{ from, ...(to && { to }), data, value: hex(value), gas: hex(gas), gasPrice: '0x0', nonce: this.#nonce(from) }],
        ]);
        // One by one: the node may run the items of a batch in any order.
        for (const [i, [method, params]] of sends.entries()) {
            tickets[i].hash = await this.rpc.call(method, params);
        }
        await this.rpc.batch([
            ['evm_setNextBlockTimestamp', [hex(this.now + seconds)]],
            ['evm_mine', []],
        ]);
        await this.sync();
        await this.#settle(tickets);
        return { ...this.head(), tickets, failed: tickets.filter((ticket) => !ticket.ok) };
    }

    /** Nonces are given, so that the node need not look for them in its pool. */
    async #learnNonces(tickets) {
        const unknown = [...new Set(tickets.map(({ from }) => from))].filter((from) => !this.#nonces.has(from));
        const counts = await this.rpc.batch(unknown.map((from) => ['eth_getTransactionCount', [from, 'latest']]));
        unknown.forEach((from, i) => this.#nonces.set(from, Number(counts[i])));
    }

    #nonce(from) {
        const nonce = this.#nonces.get(from);
        this.#nonces.set(from, nonce + 1);
        return hex(nonce);
    }

    async #settle(tickets) {
        if (tickets.length === 0) return;
        const receipts = await this.rpc.call('eth_getBlockReceipts', [hex(this.number)]);
        for (const [i, ticket] of tickets.entries()) {
            const receipt = receipts[i];
            if (receipt?.transactionHash !== ticket.hash) {
                throw new Error(`block ${this.number} does not hold ${ticket.label} at place ${i}`);
            }
            ticket.ok = receipt.status === '0x1';
            ticket.contract = receipt.contractAddress ?? null;
        }
    }

    /** Mines empty blocks, `seconds` apart. */
    async mineEmpty(count, seconds = 12) {
        for (let i = 0; i < count; i++) await this.mine({ seconds });
    }

    /** Many empty blocks at once, `seconds` apart. */
    async skip(count, seconds = 3) {
        await this.rpc.call('anvil_mine', [hex(count), hex(seconds)]);
        return this.sync();
    }

    /** Mines what is queued and throws if any of it reverted. */
    async mineAll(options) {
        const block = await this.mine(options);
        if (block.failed.length > 0) {
            const ticket = block.failed[0];
            throw new Error(`${ticket.label || 'transaction'} failed: ${await this.why(ticket)}`);
        }
        return block;
    }

    /** The revert reason of a mined transaction, found by asking again at the parent's state. */
    async why({ from, to, data, value, gas }) {
        const call = { from, ...(to && { to }), data, value: hex(value), gas: hex(gas) };
        try {
            await this.rpc.call('eth_call', [call, hex(this.number - 1)]);
            return 'no reason at the parent block';
        } catch (error) {
            return `${error.message} ${error.data ?? ''}`;
        }
    }

    async read(to, data, block = 'latest') {
        return this.rpc.call('eth_call', [{ to, data }, block]);
    }

    snapshot() {
        return this.rpc.call('evm_snapshot');
    }

    /** Back to a snapshot: the blocks since then are orphaned. A snapshot works once. */
    async revert(id) {
        this.#queued = [];
        this.#nonces.clear();
        if (!(await this.rpc.call('evm_revert', [id]))) throw new Error('unknown snapshot');
        await this.sync();
    }

    /** The real Multicall3 at its canonical address. */
    async placeMulticall3(deployer) {
        this.queue({ from: deployer, data: multicall3CreationCode() }, 'deploy Multicall3');
        const { tickets } = await this.mineAll();
        const code = await this.rpc.call('eth_getCode', [tickets[0].contract, 'latest']);
        await this.rpc.call('anvil_setCode', [MULTICALL3, code]);
        await this.mine();
    }
}

/** viem holds it as a constant; its file is read because importing viem takes most of a second. */
function multicall3CreationCode() {
    const require = createRequire(import.meta.url);
    const file = require.resolve('viem').replace(/_cjs\/index\.js$/, '_cjs/constants/contracts.js');
    const found = readFileSync(file, 'utf8').match(/multicall3Bytecode\s*=\s*'(0x[0-9a-f]+)'/);
    if (!found) throw new Error('viem no longer holds multicall3Bytecode where it was');
    return found[1];
}
