// A local EVM as a TRON node sees its chain: ids of blocks that tell their height, milliseconds, hex
// without 0x, solid blocks. What the gateway answers with is made of this.

const SOLID_DEPTH = 18;

export const hexOf = (value) => '0x' + BigInt(value).toString(16);
export const bare = (hex) => hex.replace(/^0x/, '');

/** 16 digits of height and the last 48 of the block's hash. */
export const idOf = (number, hash) => Number(number).toString(16).padStart(16, '0') + hash.slice(-48);

/** A block of the EVM by the name a TRON node gives it. */
export const shownOnTron = (block) => ({ ...block, hash: '0x' + idOf(block.number, block.hash) });

const parentId = (block) =>
    Number(block.number) === 0 ? '0'.repeat(64) : idOf(Number(block.number) - 1, block.parentHash);

/**
 * `faults`: `headLag` blocks by which blocks are behind, `callLag` by which calls are behind,
 * `solidLag` blocks more by which solid blocks are behind, `dropLogs(log)` true for logs to hide,
 * `lateLogs` blocks below the head whose logs are not shown yet.
 */
export class TronView {
    constructor(rpc, faults) {
        this.rpc = rpc;
        this.faults = faults;
    }

    async height(lag = 0) {
        return Math.max(0, Number(await this.rpc.call('eth_blockNumber')) - lag);
    }

    head() {
        return this.height(this.faults.headLag);
    }

    /** The block that calls run at. */
    callHeight() {
        return this.height(this.faults.callLag);
    }

    async solid() {
        return Math.max(0, (await this.head()) - SOLID_DEPTH - this.faults.solidLag);
    }

    /** The EVM's block at this height; null above the head that the node shows. */
    async block(number, full = false) {
        if (!Number.isSafeInteger(number) || number < 0 || number > (await this.head())) return null;
        return this.rpc.call('eth_getBlockByNumber', [hexOf(number), full]);
    }

    /** By a block's id, with or without 0x; null when no canonical block has it. */
    async byId(id) {
        const block = await this.block(parseInt(bare(id).slice(0, 16), 16));
        return block && idOf(block.number, block.hash) === bare(id).toLowerCase() ? block : null;
    }

    /** A block as java-tron prints it; the genesis has no number, as it is zero. */
    print(block, withTransactions) {
        const number = Number(block.number);
        const raw = {
            ...(number > 0 && { number }),
            txTrieRoot: bare(block.transactionsRoot),
            witness_address: '41' + 'aa'.repeat(20),
            parentHash: parentId(block),
            version: 31,
            timestamp: Number(block.timestamp) * 1000,
        };
        const out = {
            blockID: idOf(number, block.hash),
            block_header: { raw_data: raw, witness_signature: '00'.repeat(65) },
        };
        if (withTransactions && block.transactions.length > 0) {
            out.transactions = block.transactions.map((hash) => printTransaction(hash, block));
        }
        return out;
    }

    /** The same as /jsonrpc prints it. */
    printRpc(block) {
        return {
            ...block,
            hash: '0x' + idOf(block.number, block.hash),
            parentHash: '0x' + parentId(block),
            stateRoot: '0x',
            receiptsRoot: '0x' + '0'.repeat(64),
            logsBloom: '0x' + '0'.repeat(512),
            baseFeePerGas: '0x0',
            difficulty: '0x0',
            nonce: '0x0000000000000000',
        };
    }

    /** Receipts with the logs that are shown. */
    async receipts(block) {
        const receipts = await this.rpc.call('eth_getBlockReceipts', [block.number]);
        const isShown = await this.#shownLogs();
        return receipts.map((receipt) => ({ ...receipt, logs: receipt.logs.filter(isShown) }));
    }

    info(receipt, block) {
        const isFine = receipt.status === '0x1';
        const contract = receipt.contractAddress ?? receipt.to;
        return {
            id: bare(receipt.transactionHash),
            fee: 0,
            blockNumber: Number(block.number),
            blockTimeStamp: Number(block.timestamp) * 1000,
            contractResult: [''],
            ...(contract && { contract_address: '41' + bare(contract) }),
            receipt: {
                energy_usage_total: Number(receipt.gasUsed),
                net_usage: 345,
                result: isFine ? 'SUCCESS' : 'REVERT',
            },
            ...(!isFine && { result: 'FAILED', resMessage: Buffer.from('REVERT opcode executed').toString('hex') }),
            ...(receipt.logs.length > 0 && { log: receipt.logs.map(printLog) }),
        };
    }

    /** Logs of a range, with the EVM's fields; nothing above the head that the node shows. */
    async logs({ from, to, addresses, topics }) {
        const last = Math.min(to, await this.head());
        if (from > last) return [];
        const filter = { fromBlock: hexOf(from), toBlock: hexOf(last), ...(addresses && { address: addresses }), ...(topics && { topics }) };
        const logs = await this.rpc.call('eth_getLogs', [filter]);
        return logs.filter(await this.#shownLogs());
    }

    /** A node stores what the transactions of a block did together, so it is there as a whole or not yet. */
    async isLate(number) {
        const { lateLogs } = this.faults;
        return lateLogs > 0 && number > (await this.head()) - lateLogs;
    }

    async #shownLogs() {
        const { lateLogs, dropLogs } = this.faults;
        const last = lateLogs > 0 ? (await this.head()) - lateLogs : Infinity;
        return (log) => Number(log.blockNumber) <= last && !dropLogs(log);
    }
}

function printLog({ address, topics, data }) {
    return { address: bare(address), topics: topics.map(bare), ...(data !== '0x' && { data: bare(data) }) };
}

function printTransaction(hash, block) {
    return {
        ret: [{ contractRet: 'SUCCESS' }],
        signature: ['00'.repeat(65)],
        txID: bare(hash),
        raw_data: {
            contract: [{ parameter: { value: {}, type_url: 'type.googleapis.com/protocol.TriggerSmartContract' }, type: 'TriggerSmartContract' }],
            ref_block_bytes: '0000',
            ref_block_hash: '0000000000000000',
            expiration: 0,
            timestamp: Number(block.timestamp) * 1000,
        },
        raw_data_hex: '',
    };
}
