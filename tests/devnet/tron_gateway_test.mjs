// The TRON gateway against the real clients: what tronweb and viem accept is what a TRON node says.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { Interface } from 'ethers';
import { TronWeb } from 'tronweb';
import { createPublicClient, http } from 'viem';

import { startAnvil } from './anvil.mjs';
import { MULTICALL3 } from './chain.mjs';
import { compileOwn } from './compile.mjs';
import { Deployer, derivedAddress } from './contract.mjs';
import { fromTron, toBase58 } from './tron_base58.mjs';
import { TRON_MAINNET, startTronGateway } from './tron_gateway.mjs';
import { idOf } from './tron_view.mjs';

const NOBODY = 'T9yD14Nj9j7xAB4dbGeiX9h8unkKHxuWwb';
const MULTICALL = new Interface([
    'function aggregate3((address target,bool allowFailure,bytes callData)[] calls) payable returns ((bool success,bytes returnData)[])',
    'function getBlockNumber() view returns (uint256)',
    'function getCurrentBlockTimestamp() view returns (uint256)',
    'function getLastBlockHash() view returns (bytes32)',
    'function getChainId() view returns (uint256)',
]);

describe('the gateway', () => {
    let anvil;
    let gateway;
    let feed;
    let feedTron;
    let tronWeb;
    const owner = derivedAddress('feed owner');

    before(async () => {
        anvil = await startAnvil({ chainId: TRON_MAINNET });
        const { chain } = anvil;
        await chain.placeMulticall3(derivedAddress('multicall deployer'));
        const deployer = new Deployer(chain, owner, await compileOwn());
        feed = deployer.deploy('TestFeed', ['ETH / USD', 8, 240_000_000_000n]);
        await chain.mineAll();
        for (let i = 1; i <= 5; i++) {
            feed.send(owner, 'set', [240_000_000_000n - BigInt(i)]);
            await chain.mineAll({ seconds: 3 });
        }
        await chain.mineEmpty(25, 3);
        gateway = await startTronGateway({ rpcUrl: anvil.url, events: [feed.iface], apiKey: 'some-key' });
        feedTron = toBase58(feed.address);
        tronWeb = new TronWeb({ fullHost: gateway.url, headers: { 'TRON-PRO-API-KEY': 'some-key' } });
        tronWeb.setAddress(NOBODY);
    });
    after(async () => {
        gateway?.stop();
        await anvil?.stop();
    });

    const call = (fn, parameters = [], options = {}, contract = feedTron) =>
        tronWeb.transactionBuilder.triggerConstantContract(contract, fn, options, parameters, NOBODY);
    const viem = () =>
        createPublicClient({
            transport: http(`${gateway.url}/jsonrpc`, { fetchOptions: { headers: { 'TRON-PRO-API-KEY': 'some-key' } }, retryCount: 0 }),
        });

    test('addresses are those of tronweb', () => {
        for (let i = 0; i < 200; i++) {
            const address = derivedAddress(`address ${i}`).toLowerCase();
            assert.equal(toBase58(address), TronWeb.address.fromHex('41' + address.slice(2)));
            assert.equal(fromTron(toBase58(address)), address);
        }
        assert.equal(fromTron('TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6u'), null);
    });

    test('asks for the key', async () => {
        const keyless = new TronWeb({ fullHost: gateway.url });
        await assert.rejects(keyless.trx.getCurrentBlock());
    });

    test('blocks: head, solid, by number', async () => {
        const head = await tronWeb.trx.getCurrentBlock();
        const { number, timestamp, parentHash } = head.block_header.raw_data;
        assert.equal(number, anvil.chain.number);
        assert.equal(timestamp, anvil.chain.now * 1000);
        assert.equal(head.blockID, idOf(number, anvil.chain.hash));
        const parent = await tronWeb.trx.getBlockByNumber(number - 1);
        assert.equal(parent.blockID, parentHash);
        const solid = await tronWeb.trx.getConfirmedCurrentBlock();
        assert.equal(solid.block_header.raw_data.number, number - 18);
        await assert.rejects(tronWeb.trx.getBlockByNumber(99_999), /Block not found/);
        const light = await tronWeb.fullNode.request('wallet/getblock', { detail: false }, 'post');
        assert.deepEqual(light, { blockID: head.blockID, block_header: head.block_header });
        assert.ok((await tronWeb.trx.getBlockByNumber(5)).transactions.length > 0);
        const { blockID, block_header: first } = await tronWeb.trx.getBlockByNumber(0);
        assert.ok(blockID.startsWith('0'.repeat(16)) && !('number' in first.raw_data));
    });

    test('constant calls: selector, raw data, arguments, confirmed, no contract, revert', async () => {
        const [answer] = (await call('latestAnswer()')).constant_result;
        assert.equal(BigInt('0x' + answer), 239_999_999_995n);
        const raw = await tronWeb.fullNode.request('wallet/triggerconstantcontract', {
            owner_address: NOBODY,
            contract_address: feedTron,
            data: feed.data('latestAnswer').slice(2),
            visible: true,
        }, 'post');
        assert.equal(raw.constant_result[0], answer);
        const confirmed = await call('latestAnswer()', [], { confirmed: true });
        assert.equal(confirmed.constant_result[0], answer);
        assert.ok(gateway.requests.some(({ path }) => path === '/walletsolidity/triggerconstantcontract'));
        await assert.rejects(call('latestAnswer()', [], {}, 'TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t'), /Smart contract is not exist/);
        feed.send(owner, 'setBroken', [true]);
        await anvil.chain.mineAll({ seconds: 3 });
        await assert.rejects(call('latestAnswer()'), /REVERT opcode executed/);
        feed.send(owner, 'setBroken', [false]);
        await anvil.chain.mineAll({ seconds: 3 });
    });

    test('contracts by their ABI and by name', async () => {
        const abi = JSON.parse(feed.iface.formatJson());
        assert.equal(await tronWeb.contract(abi, feedTron).decimals().call(), 8n);
        assert.equal(await tronWeb.contract(abi, feedTron).description().call(), 'ETH / USD');
        const { contract_address: address, bytecode } = await tronWeb.trx.getContract(feedTron);
        assert.equal(fromTron(address), feed.address.toLowerCase());
        assert.ok(bytecode.length > 100);
    });

    test('transactions, and what their infos hold', async () => {
        const block = await tronWeb.trx.getBlockByNumber(5);
        const [{ txID }] = block.transactions;
        const info = await tronWeb.trx.getTransactionInfo(txID);
        assert.deepEqual(await tronWeb.trx.getUnconfirmedTransactionInfo(txID), info);
        assert.equal(info.blockNumber, 5);
        const infos = await tronWeb.fullNode.request('wallet/gettransactioninfobyblocknum', { num: 5 }, 'post');
        assert.deepEqual(infos, [info]);
        assert.equal(info.log[0].address, feed.address.slice(2).toLowerCase());
        assert.equal(info.log[0].topics[0], feed.iface.getEvent('AnswerUpdated').topicHash.slice(2));
    });

    test('event pages, to the last', async () => {
        const seen = [];
        let fingerprint;
        do {
            const page = await tronWeb.getEventResult(feedTron, { limit: 2, orderBy: 'block_timestamp,asc', ...(fingerprint && { fingerprint }) });
            assert.ok(page.success && page.data.length <= 2);
            seen.push(...page.data);
            fingerprint = page.meta.fingerprint;
        } while (fingerprint);
        assert.equal(seen.length, 6);
        assert.deepEqual(seen.map(({ result }) => BigInt(result.current)), [0, 1, 2, 3, 4, 5].map((i) => 240_000_000_000n - BigInt(i)));
        assert.equal(seen[0].event, 'AnswerUpdated(int256 indexed current, uint256 indexed roundId, uint256 updatedAt)');
        const confirmed = await tronWeb.getEventResult(feedTron, { onlyConfirmed: true, limit: 20 });
        assert.equal(confirmed.data.length, 6);
        const page = await tronWeb.getEventResult(feedTron, { limit: 2, orderBy: 'block_timestamp,asc' });
        await assert.rejects(tronWeb.getEventResult(feedTron, { limit: 3, orderBy: 'block_timestamp,asc', fingerprint: page.meta.fingerprint }));
    });

    test('is a whole node to tronweb', async () => {
        assert.deepEqual(await tronWeb.isConnected(), { fullNode: true, solidityNode: true, eventServer: true });
    });

    test('a multicall tells the block it ran at', async () => {
        const names = ['getBlockNumber', 'getCurrentBlockTimestamp', 'getLastBlockHash', 'getChainId'];
        const calls = names.map((name) => [MULTICALL3, true, MULTICALL.encodeFunctionData(name)]);
        const data = MULTICALL.encodeFunctionData('aggregate3', [calls]);
        const reply = await tronWeb.fullNode.request('wallet/triggerconstantcontract', {
            owner_address: NOBODY,
            contract_address: toBase58(MULTICALL3),
            function_selector: 'aggregate3((address,bool,bytes)[])',
            parameter: data.slice(10),
            visible: true,
        }, 'post');
        const [results] = MULTICALL.decodeFunctionResult('aggregate3', '0x' + reply.constant_result[0]);
        const [number, time, parent, chainId] = results.map(({ returnData }) => BigInt(returnData));
        const head = await tronWeb.trx.getCurrentBlock();
        assert.equal(Number(number), head.block_header.raw_data.number);
        assert.equal(Number(time) * 1000, head.block_header.raw_data.timestamp);
        assert.equal(parent.toString(16).padStart(64, '0').slice(16), head.block_header.raw_data.parentHash.slice(16));
        assert.equal(Number(chainId), TRON_MAINNET);
    });

    test('viem reads its /jsonrpc: chain, blocks, finalized, logs, contracts', async () => {
        const client = viem();
        assert.equal(await client.getChainId(), TRON_MAINNET);
        const head = await client.getBlock();
        assert.equal(head.hash, '0x' + idOf(anvil.chain.number, anvil.chain.hash));
        assert.equal((await client.getBlock({ blockNumber: head.number - 1n })).hash, head.parentHash);
        assert.equal((await client.getBlock({ blockTag: 'finalized' })).number, head.number - 18n);
        const logs = await client.getLogs({ address: feed.address, fromBlock: 1n, toBlock: head.number });
        assert.equal(logs.length, 6);
        const abi = JSON.parse(feed.iface.formatJson());
        const answer = await client.readContract({ address: feed.address, abi, functionName: 'latestAnswer' });
        assert.equal(answer, 239_999_999_995n);
    });

    test('/jsonrpc has the limits of java-tron', async () => {
        const ask = async (method, ...params) => {
            const headers = { 'content-type': 'application/json', 'TRON-PRO-API-KEY': 'some-key' };
            const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params });
            return (await fetch(`${gateway.url}/jsonrpc`, { method: 'POST', headers, body })).json();
        };
        const to = feed.address;
        const data = feed.data('latestAnswer');
        const number = await ask('eth_call', { to, data }, '0x3');
        assert.deepEqual(number.error, { code: -32602, message: 'QUANTITY not supported, just support TAG as latest', data: '{}' });
        assert.match((await ask('eth_call', { to, data }, 'finalized')).error.message, /^TAG \[/);
        assert.equal((await ask('eth_call', { to, data }, { blockHash: '0x' + '11'.repeat(32) })).error.message, 'header for hash not found');
        const older = await anvil.rpc.call('eth_getBlockByNumber', ['0x4', false]);
        const trap = await ask('eth_call', { to, data }, { blockHash: '0x' + idOf(4, older.hash) });
        assert.equal(BigInt(trap.result), 239_999_999_995n, 'a known hash runs at the head all the same');
        assert.match((await ask('eth_getLogs', { fromBlock: '0x1', toBlock: '0x2711' })).error.message, /exceed max block range: 5000/);
        assert.equal((await ask('eth_getLogs', { blockHash: '0x' + '11'.repeat(32) })).error.message, 'invalid blockHash');
        assert.match((await ask('eth_getLogs', { address: '0x41' + to.slice(2) })).error.message, /invalid address/);
        assert.match((await ask('eth_getBlockByNumber', 'safe', false)).error.message, /TAG safe not supported/);
    });

    test('faults can be switched', async () => {
        const { faults } = gateway;
        const before = await tronWeb.trx.getCurrentBlock();
        faults.headLag = 2;
        const behind = await tronWeb.trx.getCurrentBlock();
        assert.equal(behind.block_header.raw_data.number, before.block_header.raw_data.number - 2);
        faults.headLag = 0;
        faults.losesFingerprint = true;
        const page = await tronWeb.getEventResult(feedTron, { limit: 2 });
        assert.equal(page.meta.fingerprint, undefined);
        faults.losesFingerprint = false;
        faults.largestPage = 1;
        assert.equal((await tronWeb.getEventResult(feedTron, { limit: 2 })).data.length, 1);
        faults.largestPage = 200;
        faults.refusals = 1;
        Object.assign(faults, { refusal: 'page', retryAfter: 7 });
        const busy = await fetch(`${gateway.url}/wallet/getnowblock`, { headers: { 'TRON-PRO-API-KEY': 'some-key' } });
        assert.deepEqual([busy.status, busy.headers.get('retry-after')], [503, '7']);
        Object.assign(faults, { refusal: 'trongrid', retryAfter: undefined });
        faults.refusals = 1;
        const refused = await fetch(`${gateway.url}/wallet/getnowblock`, { headers: { 'TRON-PRO-API-KEY': 'some-key' } });
        assert.equal(refused.status, 403);
        assert.match((await refused.json()).error, /suspended for 1s/);
        faults.slowCalls = () => true;
        await assert.rejects(call('latestAnswer()'), /CPU timeout/);
        faults.slowCalls = () => false;
        faults.dropLogs = () => true;
        assert.equal((await tronWeb.getEventResult(feedTron, {})).data.length, 0);
        faults.dropLogs = () => false;
        const events = async () => (await tronWeb.getEventResult(feedTron, {})).data;
        const all = await events();
        faults.lateLogs = before.block_header.raw_data.number - all[0].block_number;
        assert.equal((await events()).length, all.length);
        faults.lateLogs += 1;
        assert.equal((await events()).length, all.length - 1);
        faults.lateLogs = 0;
    });
});
