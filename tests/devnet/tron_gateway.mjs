// Stands in for a TRON node, which cannot run here: java-tron's HTTP interface and /jsonrpc, and
// TronGrid's event pages, in front of a local EVM. Shapes and limits are those of java-tron's source and
// documentation; the real clients tronweb and viem accept them (tron_gateway_test.mjs).
//
//   const gateway = await startTronGateway({ rpcUrl, chainId, events: [Interface, ...] });
//   gateway.faults.headLag = 3;

import http from 'node:http';

import { keccak256 } from './contract.mjs';
import { Rpc } from './rpc.mjs';
import { fromTron, toBase58 } from './tron_base58.mjs';
import { eventPage } from './tron_events.mjs';
import { TronJsonRpc } from './tron_jsonrpc.mjs';
import { TronView, bare, hexOf } from './tron_view.mjs';

export const TRON_MAINNET = 728_126_428;

const inHex = (text) => Buffer.from(text).toString('hex');

/** Whatever a test can make go wrong; change at will. */
export function noFaults() {
    return {
        headLag: 0, // blocks, logs and events are so far behind what calls see
        callLag: 0, // calls run so far behind the head
        solidLag: 0, // solid blocks are so much further behind
        dropLogs: () => false, // logs that are not shown anywhere
        lateLogs: 0, // logs of the newest so many blocks, and what their transactions did, are not shown yet
        lateRpcLogs: 0, // logs of the newest so many blocks are not shown by /jsonrpc yet
        largestPage: 200, // events that a page holds at most
        losesFingerprint: false, // event pages end without naming the next
        lateEvents: 0, // event pages lack the newest so many blocks
        refusals: 0, // so many requests are refused next ...
        refusal: 'trongrid', // ... in one of the REFUSALS
        retryAfter: undefined, // ... with this many seconds as Retry-After
        slowCalls: () => false, // calldata that takes the node more than its 80 ms
        beforeCall: async () => {}, // what happens just before a call runs
        isDown: false, // closes connections unanswered
    };
}

const SUSPENDED = 'The key exceeds the frequency limit(15), and the query server is suspended for 1s';

/** Status and body of how TRON hosts refuse. */
const REFUSALS = {
    trongrid: [403, JSON.stringify({ success: false, error: SUSPENDED, statusCode: 403 })],
    node: [200, JSON.stringify({ Error: SUSPENDED })],
    too_many: [429, JSON.stringify({ Error: SUSPENDED })],
    page: [503, '<html><body>503 Service Temporarily Unavailable</body></html>'],
    busy: [200, JSON.stringify({ Error: 'class java.lang.IllegalAccessException : lack of computing resources' })],
};

class Missing extends Error {}

/**
 * Options: rpcUrl of the EVM, chainId, events (ethers Interfaces that event pages are decoded with),
 * offers (of wallet, walletsolidity, jsonrpc, v1), hasLightBlocks (false: no getblock), missingInWords
 * (what it does not know is refused in java-tron's words, not by 404), apiKey (asked for as
 * TRON-PRO-API-KEY), port.
 */
export async function startTronGateway({
    rpcUrl,
    chainId = TRON_MAINNET,
    events = [],
    offers = ['wallet', 'walletsolidity', 'jsonrpc', 'v1'],
    hasLightBlocks = true,
    missingInWords = false,
    apiKey,
    port = 0,
}) {
    const faults = noFaults();
    const rpc = new Rpc(rpcUrl);
    const view = new TronView(rpc, faults);
    const jsonrpc = new TronJsonRpc(view, chainId);
    const requests = [];
    const context = { rpc, view, jsonrpc, events, faults, hasLightBlocks };

    const server = http.createServer(async (request, response) => {
        const body = Buffer.concat(await request.toArray()).toString('utf8');
        const url = new URL(request.url, 'http://gateway');
        requests.push({ method: request.method, path: url.pathname, query: url.search, body });
        const send = (status, text, headers = {}) => {
            const type = text.startsWith('<') ? 'text/html' : 'application/json';
            response.writeHead(status, { 'content-type': type, ...headers });
            response.end(text);
        };
        if (faults.isDown) return request.socket.destroy();
        if (apiKey && request.headers['tron-pro-api-key'] !== apiKey) return send(401, '{"Error":"ApiKey not exists"}');
        if (faults.refusals > 0) {
            faults.refusals -= 1;
            const wait = faults.retryAfter;
            return send(...REFUSALS[faults.refusal], wait === undefined ? {} : { 'retry-after': wait });
        }
        try {
            const answer = await route(context, offers, url, body);
            send(answer.status ?? 200, typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body));
        } catch (problem) {
            if (problem instanceof Missing && !missingInWords) return send(404, '404 page not found');
            send(200, JSON.stringify({ Error: `class java.lang.Exception : ${problem.message}` }));
        }
    });
    await new Promise((resolve) => server.listen(port, '127.0.0.1', resolve));
    return {
        url: `http://127.0.0.1:${server.address().port}`,
        faults,
        requests,
        view,
        stop: () => {
            rpc.close();
            server.closeAllConnections();
            server.close();
        },
    };
}

async function route(context, offers, url, body) {
    const [, base, ...rest] = url.pathname.split('/');
    if (url.pathname === '/healthcheck') return { body: { status: 'ok' } };
    if (!offers.includes(base)) throw new Missing();
    if (base === 'jsonrpc') {
        if (body.includes('"eth_call"')) await context.faults.beforeCall();
        return { body: await context.jsonrpc.answer(JSON.parse(body)) };
    }
    if (base === 'v1') {
        if (rest[0] !== 'contracts' || rest[2] !== 'events') throw new Missing();
        return eventPage(context, fromTron(rest[1]), url);
    }
    const handler = WALLET[rest.join('/')];
    if (!handler) throw new Missing();
    const query = Object.fromEntries(url.searchParams);
    const params = { ...query, ...(body.trim() && JSON.parse(body)) };
    return { body: await handler(context, params, base === 'walletsolidity') };
}

const top = (view, isSolid) => (isSolid ? view.solid() : view.head());

async function blockAt({ view }, number, isSolid, detail) {
    const block = number <= (await top(view, isSolid)) ? await view.block(number) : null;
    return block ? view.print(block, detail) : {};
}

/** /wallet/… at the head and /walletsolidity/… at the solid block. */
const WALLET = {
    async getnowblock(context, _, isSolid) {
        return blockAt(context, await top(context.view, isSolid), isSolid, true);
    },

    getblockbynum: (context, { num = 0 }, isSolid) => blockAt(context, Number(num), isSolid, true),

    async getblock(context, { id_or_num: wanted, detail }, isSolid) {
        if (!context.hasLightBlocks) throw new Missing();
        const isFull = detail === true || detail === 'true';
        if (wanted === undefined || wanted === '') return blockAt(context, await top(context.view, isSolid), isSolid, isFull);
        if (/^[0-9]+$/.test(String(wanted)) && String(wanted).length < 20) return blockAt(context, Number(wanted), isSolid, isFull);
        if (!/^[0-9a-f]{64}$/.test(wanted)) return { Error: 'hash length not 32' };
        const block = await context.view.byId(wanted);
        return block ? context.view.print(block, isFull) : {};
    },

    async getblockbyid({ view }, { value }) {
        const block = await view.byId(value);
        return block ? view.print(block, true) : {};
    },

    async getblockbylimitnext(context, { startNum, endNum }) {
        const [first, last] = [Number(startNum), Number(endNum)];
        if (!(first < last) || last - first > 100) return {};
        const block = [];
        for (let number = first; number < last; number++) {
            const one = await blockAt(context, number, false, true);
            if (one.blockID) block.push(one);
        }
        return { block };
    },

    async gettransactioninfobyblocknum({ view }, { num }, isSolid) {
        const number = Number(num);
        if (!(number > 0)) return {};
        const block = number <= (await top(view, isSolid)) ? await view.block(number) : null;
        if (!block || (await view.isLate(number))) return [];
        return (await view.receipts(block)).map((receipt) => view.info(receipt, block));
    },

    async gettransactioninfobyid({ view, rpc }, { value }, isSolid) {
        const receipt = await rpc.call('eth_getTransactionReceipt', ['0x' + value]);
        const number = receipt && Number(receipt.blockNumber);
        if (!receipt || number > (await top(view, isSolid))) return {};
        return view.info(receipt, await view.block(number));
    },

    async getcontract({ rpc }, { value }) {
        const address = fromTron(value);
        const code = address && (await rpc.call('eth_getCode', [address, 'latest']));
        if (!code || code === '0x') return {};
        return {
            origin_address: '41' + '00'.repeat(20),
            contract_address: '41' + bare(address),
            abi: { entrys: [] },
            bytecode: bare(code),
            consume_user_resource_percent: 100,
            origin_energy_limit: 10_000_000,
        };
    },

    async getnodeinfo({ view }) {
        const [head, solid] = [await view.head(), await view.solid()];
        return { block: `Num:${head},ID:`, solidityBlock: `Num:${solid},ID:`, configNodeInfo: { codeVersion: '4.8.0' } };
    },

    triggerconstantcontract: constantCall,
};

const refused = (code, message, visible) => ({ result: { code, message: visible ? message : inHex(message) } });

async function constantCall({ rpc, view, faults }, params, isSolid) {
    const { owner_address: owner, contract_address: contract, function_selector: selector, parameter = '', visible } = params;
    const [from, to] = [fromTron(owner ?? ''), fromTron(contract ?? '')];
    if (!from || !to) return refused('OTHER_ERROR', 'class java.lang.IllegalArgumentException : Invalid address', visible);
    const data = params.data ?? (selector ? keccak256(Buffer.from(selector)).slice(2, 10) + parameter : '');
    if (!/^([0-9a-f]{2})*$/i.test(data)) return refused('OTHER_ERROR', 'class java.lang.IllegalArgumentException : bad hex', visible);
    await faults.beforeCall();
    const height = isSolid ? await view.solid() : await view.callHeight();
    if ((await rpc.call('eth_getCode', [to, hexOf(height)])) === '0x') {
        return refused('CONTRACT_VALIDATE_ERROR', 'Smart contract is not exist.', visible);
    }
    if (faults.slowCalls(data)) {
        const text = "CPU timeout for 'SLOAD' operation executing";
        return refused('OTHER_ERROR', `class org.tron.core.vm.program.Program$OutOfTimeException : ${text}`, visible);
    }
    const [{ result, error }] = await rpc.settle([['eth_call', [{ from, to, data: '0x' + data }, hexOf(height)]]]);
    if (error && error.code !== 3) throw new Error(error.message);
    const written = (address) => (visible ? toBase58(address) : '41' + bare(address));
    const value = { data, owner_address: written(from), contract_address: written(to) };
    const message = 'REVERT opcode executed';
    return {
        result: { result: true, ...(error && { message: visible ? message : inHex(message) }) },
        energy_used: 1000,
        constant_result: [bare(error ? (error.data ?? '0x') : result)],
        transaction: {
            ret: [error ? { ret: 'FAILED' } : {}],
            visible: Boolean(visible),
            txID: '0'.repeat(64),
            raw_data: {
                contract: [{ parameter: { value, type_url: 'type.googleapis.com/protocol.TriggerSmartContract' }, type: 'TriggerSmartContract' }],
                ref_block_bytes: '0000',
                ref_block_hash: '0000000000000000',
                expiration: 0,
                timestamp: 0,
            },
            raw_data_hex: '',
        },
    };
}
