// The test chain's own tests: what the differential runs stand on. node --test selftest.mjs

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { startAnvil } from './anvil.mjs';
import { CASE_CHECKS } from './case_checks.mjs';
import { CASES } from './cases.mjs';
import { getAddress } from './contract.mjs';
import { pinned } from './multicall.mjs';
import { assertAllBorrowersKnown, readBalances, readWorld } from './reader.mjs';
import { reorganise, step } from './step.mjs';
import { GENESIS, buildWorld } from './world.mjs';

const HERE = path.dirname(fileURLToPath(import.meta.url));
const RELEASES = ['3.0', 'latest'];
const ACCOUNTS = 100;

async function newWorld(release, seed, accounts = ACCOUNTS) {
    const anvil = await startAnvil({ timestamp: GENESIS });
    return { anvil, world: await buildWorld(anvil.chain, { release, seed, accounts }) };
}

const plain = (value) => JSON.stringify(value, (_, v) => (typeof v === 'bigint' ? String(v) : v));

async function eventsOf({ market, chain }) {
    const logs = await chain.rpc.call('eth_getLogs', [{ fromBlock: '0x0', toBlock: 'latest' }]);
    return logs.map((log) => {
        const text = log.topics.join('') + log.data;
        const parsed = log.address === market.pool.address.toLowerCase() ? market.pool.iface.parseLog(log) : null;
        const args = parsed?.args.toObject() ?? {};
        const user = args.onBehalfOf ?? args.user;
        return { ...args, text, name: parsed?.name ?? null, user, timestamp: Number(log.blockTimestamp) };
    });
}

for (const release of RELEASES) {
    describe(`a world on Aave ${release}`, () => {
        let anvil;
        let world;
        let reading;

        before(async () => {
            ({ anvil, world } = await newWorld(release, 5));
            reading = await readWorld(world.market, world.everyone(), anvil.chain.head());
        });
        after(() => anvil.stop());

        test('at least nine reserves, with a gap in their ids', () => {
            const ids = world.market.reserves.map(({ id }) => id);
            assert.ok(ids.length >= 9);
            assert.ok(Math.max(...ids) >= ids.length, `no gap in ${ids}`);
        });

        test('nobody outside the known accounts owes anything', () => assertAllBorrowersKnown(reading));

        test('every case occurs', async (t) => {
            const events = await eventsOf(world);
            const balances = await readBalances(world.market, world.accounts, anvil.chain.hash);
            const users = new Map(reading.accounts.map((u) => [u.address, { ...u, balances: balances.get(u.address) }]));
            const names = CASES.filter(({ only }) => !only || only === release).map(({ name }) => name);
            for (const name of names) {
                await t.test(name, () => {
                    const actors = world.cases[name].map((address) => users.get(address));
                    assert.ok(CASE_CHECKS[name]({ world, reading, events }, ...actors), `${name} did not happen`);
                });
            }
        });

        test('most accounts have debt', () => {
            const withDebt = reading.accounts.filter(({ debts }) => debts.length > 0);
            assert.ok(withDebt.length > ACCOUNTS / 2);
        });

        test('the reader answers what the contract answers alone', async () => {
            for (const { address, view } of reading.accounts.slice(0, 40)) {
                const data = world.market.pool.data('getUserAccountData', [address]);
                const ask = ['eth_call', [{ to: world.market.pool.address, data }, pinned(anvil.chain.hash)]];
                const [answer] = await anvil.rpc.settle([ask]);
                if (view === null) assert.ok(answer.error, address);
                else assert.equal(answer.result, '0x' + Object.values(view).map((w) => w.toString(16).padStart(64, '0')).join(''));
            }
        });

        test('steps run, and a reorganisation replaces five blocks', async () => {
            await step(world, { blocks: 3 });
            const { fork, orphaned, head } = await reorganise(world, { depth: 5 });
            assert.ok(orphaned.number >= fork + 5 && head.number > orphaned.number);
            assert.equal(await anvil.rpc.call('eth_getBlockByHash', [orphaned.hash, false]), null);
            assertAllBorrowersKnown(await readWorld(world.market, world.everyone(), head));
        });

        test('an upgrade may keep its revision or show an unknown one', async () => {
            const { market } = world;
            const known = await market.vToken('WETH').read('DEBT_TOKEN_REVISION');
            await market.upgradeToken('WETH', 'vToken');
            await market.upgradeToken('USDC', 'aToken', 77n);
            await market.upgradePool(99n);
            assert.equal(await market.vToken('WETH').read('DEBT_TOKEN_REVISION'), known);
            assert.equal(await market.aToken('USDC').read('ATOKEN_REVISION'), 77n);
            assert.equal(await market.pool.read('POOL_REVISION'), 99n);
            const after = await readWorld(market, world.everyone(), await anvil.chain.sync());
            assertAllBorrowersKnown(after);
        });
    });

    test(`the same seed gives the same world on Aave ${release}`, async () => {
        const run = async (seed) => {
            const { anvil, world } = await newWorld(release, seed);
            for (let i = 0; i < 6; i++) await step(world);
            await reorganise(world);
            const { block, ...rest } = await readWorld(world.market, world.everyone(), anvil.chain.head());
            await anvil.stop();
            return plain({ ...rest, number: block.number, timestamp: block.timestamp });
        };
        const first = await run(11);
        assert.equal(await run(11), first);
        assert.notEqual(await run(12), first);
    });
}

test('each case has a check', () => {
    const names = CASES.map(({ name }) => name).sort();
    assert.deepEqual(Object.keys(CASE_CHECKS).sort(), names);
});

function isAlive(pid) {
    try {
        process.kill(pid, 0);
        return true;
    } catch {
        return false;
    }
}

async function until(claim, what) {
    const deadline = Date.now() + 10_000;
    while (!claim()) {
        assert.ok(Date.now() < deadline, what);
        await new Promise((resolve) => setTimeout(resolve, 20));
    }
}

test('anvil dies with its parent, even a killed one', async () => {
    const program = `import { startAnvil } from './anvil.mjs';
        const anvil = await startAnvil();
        console.log(anvil.pid);
        setInterval(() => {}, 1000);`;
    const parent = spawn(process.execPath, ['--input-type=module', '-e', program], { cwd: HERE });
    const pid = await new Promise((resolve) => parent.stdout.once('data', (text) => resolve(Number(text))));
    assert.ok(isAlive(pid));
    parent.kill('SIGKILL');
    await until(() => !isAlive(pid), 'anvil outlived its parent');
});

test('the command prints one line, stays up, and ends on a signal', async () => {
    const args = ['devnet.mjs', 'up', '--release', '3.0', '--accounts', '70', '--chain-id', '4242'];
    const child = spawn(process.execPath, args, { cwd: HERE, stdio: ['ignore', 'pipe', 'ignore'] });
    let text = '';
    child.stdout.on('data', (part) => (text += part));
    await until(() => text.endsWith('\n'), 'nothing printed');
    const shown = JSON.parse(text);
    const ask = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'eth_chainId', params: [] }) };
    assert.equal(Number((await (await fetch(shown.rpc, ask)).json()).result), 4242);
    assert.equal(getAddress(shown.provider), shown.provider);
    assert.equal(shown.accounts.length, 70);
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    assert.equal(await gone, 0);
});
