// java-tron's /jsonrpc: Ethereum's names, its own limits. Its eth_call runs at the head whatever block
// it is given, which is the trap that clients have to notice.

import { fromTron } from './tron_base58.mjs';
import { hexOf, idOf } from './tron_view.mjs';

const MOST_BATCH = 100;
const MOST_BLOCKS = 5000;
const MOST_LOGS = 10_000;
const MOST_NAMES = 1000;

class Refused extends Error {
    constructor(code, message) {
        super(message);
        this.code = code;
    }
}

const isQuantity = (value) => typeof value === 'string' && /^0x[0-9a-f]+$/.test(value);

export class TronJsonRpc {
    constructor(view, chainId) {
        this.view = view;
        this.chainId = chainId;
    }

    async answer(body) {
        if (!Array.isArray(body)) return this.#one(body);
        if (body.length > MOST_BATCH) {
            return error(null, -32005, `Batch size ${body.length} exceeds the limit of ${MOST_BATCH}`);
        }
        const out = [];
        for (const item of body) out.push(await this.#one(item));
        return out;
    }

    async #one({ id, method, params = [] }) {
        try {
            if (typeof this[method] !== 'function' || !METHODS.includes(method)) {
                throw new Refused(-32601, 'the method does not exist/is not available');
            }
            return { jsonrpc: '2.0', id, result: await this[method](...params) };
        } catch (problem) {
            if (!(problem instanceof Refused)) throw problem;
            return error(id, problem.code, problem.message);
        }
    }

    web3_clientVersion = async () => 'TRON/v4.8.0/gateway before anvil';
    net_version = async () => hexOf(this.chainId);
    eth_chainId = async () => hexOf(this.chainId);
    eth_syncing = async () => false;
    eth_blockNumber = async () => hexOf(await this.view.head());

    async eth_getBlockByNumber(tag) {
        const number = await this.#height(tag);
        const block = await this.view.block(number);
        return block && this.view.printRpc(block);
    }

    async eth_getBlockByHash(hash) {
        const block = await this.view.byId(hash);
        return block && this.view.printRpc(block);
    }

    async eth_getBlockTransactionCountByHash(hash) {
        const block = await this.view.byId(hash);
        return block && hexOf(block.transactions.length);
    }

    async eth_getCode(address, tag) {
        if (tag !== 'latest') this.#refuseTag(tag);
        return this.view.rpc.call('eth_getCode', [fromTron(address), 'latest']);
    }

    async eth_call({ to, from, data }, tag) {
        if (typeof tag === 'object' && tag !== null) await this.#requireBlock(tag);
        else if (tag !== 'latest') this.#refuseTag(tag);
        const call = { to: fromTron(to), data, ...(from && { from: fromTron(from) }) };
        const height = await this.view.callHeight();
        const [{ result, error: failed }] = await this.view.rpc.settle([['eth_call', [call, hexOf(height)]]]);
        if (failed) throw new Refused(-32000, 'REVERT opcode executed');
        return result;
    }

    async eth_getLogs(filter) {
        const addresses = [filter.address ?? []].flat();
        if (addresses.length > MOST_NAMES) throw new Refused(-32602, 'exceed max addresses');
        if (!addresses.every((one) => /^0x[0-9a-fA-F]{40}$/.test(one))) throw new Refused(-32602, 'invalid address');
        const { from, to } = await this.#range(filter);
        const wanted = { from, to, topics: filter.topics };
        const all = await this.view.logs({ ...wanted, ...(addresses.length > 0 && { addresses }) });
        const last = (await this.view.head()) - this.view.faults.lateRpcLogs;
        const logs = all.filter(({ blockNumber }) => Number(blockNumber) <= last);
        if (logs.length > MOST_LOGS) throw new Refused(-32005, `query returned more than ${MOST_LOGS} results`);
        return logs.map(({ blockTimestamp: _, ...log }) => ({ ...log, blockHash: '0x' + idOf(log.blockNumber, log.blockHash) }));
    }

    async #range(filter) {
        if (filter.blockHash !== undefined) {
            if (filter.fromBlock !== undefined || filter.toBlock !== undefined) {
                throw new Refused(-32602, "cannot specify both BlockHash and FromBlock/ToBlock, choose one or the other");
            }
            const block = await this.view.byId(filter.blockHash);
            if (!block) throw new Refused(-32602, 'invalid blockHash');
            return { from: Number(block.number), to: Number(block.number) };
        }
        const from = await this.#height(filter.fromBlock ?? 'latest');
        const to = await this.#height(filter.toBlock ?? 'latest');
        if (from > to) throw new Refused(-32602, 'please verify: fromBlock <= toBlock');
        if (to - from > MOST_BLOCKS) throw new Refused(-32602, `exceed max block range: ${MOST_BLOCKS}`);
        return { from, to };
    }

    async #height(tag) {
        if (tag === 'latest') return this.view.head();
        if (tag === 'earliest') return 0;
        if (tag === 'finalized') return this.view.solid();
        if (isQuantity(tag)) return Number(tag);
        throw new Refused(-32602, `TAG ${tag} not supported`);
    }

    #refuseTag(tag) {
        if (isQuantity(tag)) throw new Refused(-32602, 'QUANTITY not supported, just support TAG as latest');
        throw new Refused(-32602, 'TAG [earliest | pending | finalized | safe] not supported');
    }

    /** All that the object form of a block argument does: to ask whether there is such a block. */
    async #requireBlock({ blockHash, blockNumber }) {
        const known = blockHash ? await this.view.byId(blockHash) : await this.view.block(Number(blockNumber));
        if (!known) throw new Refused(-32000, blockHash ? 'header for hash not found' : 'header not found');
    }
}

const METHODS = [
    ...['web3_clientVersion', 'net_version', 'eth_chainId', 'eth_syncing', 'eth_blockNumber'],
    ...['eth_getBlockByNumber', 'eth_getBlockByHash', 'eth_getBlockTransactionCountByHash', 'eth_getCode'],
    ...['eth_call', 'eth_getLogs'],
];

function error(id, code, message) {
    return { jsonrpc: '2.0', id, error: { code, message, data: '{}' } };
}
