// One daemon follows Aave V3 on an EVM chain and a JustLend on a TRON node (the gateway of tests/devnet):
// each exact, neither held up by the other, and both told together.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';

import { freePort, startAnvil } from '../devnet/anvil.mjs';
import { compoundStep } from '../devnet/compound_step.mjs';
import { buildCompoundWorld } from '../devnet/compound_world.mjs';
import { readWorld } from '../devnet/reader.mjs';
import { step } from '../devnet/step.mjs';
import { TRON_MAINNET } from '../devnet/tron_gateway.mjs';
import { GENESIS, buildWorld } from '../devnet/world.mjs';
import { Tally, comparePositions } from '../differential/compare.mjs';
import { compareCompoundMarkets, compareCompoundPositions, compareCompoundTvl } from '../differential/compare_compound.mjs';
import { Daemon } from '../differential/daemon.mjs';
import { evmFront, startTronFront } from '../differential/front.mjs';
import { archived } from './archive.mjs';
import { BINARY } from './market.mjs';

const PATIENCE_MS = 60_000;
const STALE_AFTER_MS = 20_000;
const EVM_ID = 'eip155:31337';
const TRON_ID = 'tron:0x2b6653dc';

const configuration = ({ folder, port, aave, justlend }) => `version = 1
[daemon]
instance = "two"
state_dir = "${folder}/state"
http_listen = "127.0.0.1:${port}"

[chains.evm]
kind = "evm"
chain_id = 31337
poll_every = "200ms"
stale_after = "${STALE_AFTER_MS}ms"
endpoints = ["${aave.front.endpoint}"]

[chains.tron]
kind = "tron"
chain_id = ${TRON_MAINNET}
poll_every = "200ms"
stale_after = "${STALE_AFTER_MS}ms"
endpoints = ["${justlend.front.endpoint}"]
${justlend.front.chainKeys}

[protocols.aave]
kind = "aave-v3"
chain = "evm"
address = "${aave.world.market.provider.address}"
start_block = 0

[protocols.justlend]
kind = "compound-v2"
chain = "tron"
address = "${justlend.front.written(justlend.world.market.comptroller.address)}"
start_block = 0

[bands.eth]
collateral = "ETH"
between = [1, 100_000]
[bands.btc]
collateral = "BTC"
between = [1, 1_000_000]
[bands.trx]
collateral = "TRX"
between = ["0.000001", 100]
[bands.misspelt]
collateral = "WTEH"
between = [1, 2]

[rules.liquidatable]
when = "liquidatable"
severity = "critical"
to = ["archive"]
[rules.liquidations]
when = "liquidated"
to = ["archive"]
[sinks.archive]
kind = "jsonl"
path = "alerts"
# The chain's clock is years behind ours, and alerts about sources have ours.
keep = "36500d"
`;

let folder;
let daemon;
/** A chain each: its node, its world, what the daemon reads it through. */
let aave;
let justlend;

before(async () => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'plimsoll-two-'));
    aave = await worldOn({ chainId: 31337, name: 'evm', protocol: 'aave' });
    aave.world = await buildWorld(aave.anvil.chain, { release: 'latest', seed: 1, accounts: 60 });
    aave.front = evmFront(aave.anvil);
    aave.step = () => step(aave.world, { blocks: 1 });
    justlend = await worldOn({ chainId: TRON_MAINNET, name: 'tron', protocol: 'justlend' });
    justlend.world = await buildCompoundWorld(justlend.anvil.chain, { release: 'tron', seed: 1, accounts: 40 });
    justlend.front = await startTronFront(justlend.anvil, [justlend.world.market.cToken('USDT').iface]);
    justlend.step = () => compoundStep(justlend.world, { blocks: 1 });
    const port = await freePort();
    daemon = new Daemon({ binary: BINARY, folder, port, endpoint: aave.front.endpoint, chainId: 31337, provider: aave.world.market.provider.address });
    writeFileSync(daemon.config, configuration({ folder, port, aave, justlend }), { mode: 0o600 });
    daemon.start();
});
after(async () => {
    await daemon?.kill();
    for (const one of [aave, justlend]) {
        one?.front?.stop();
        await one?.anvil.stop();
    }
    rmSync(folder, { recursive: true, force: true });
});

async function worldOn({ chainId, ...names }) {
    return { ...names, anvil: await startAnvil({ chainId, timestamp: GENESIS }) };
}

async function stateOf({ name, protocol }) {
    const status = await daemon.status();
    return {
        chain: status.chains.find((one) => one.name === name),
        protocol: status.protocols.find((one) => one.name === protocol),
    };
}

async function until(one, claim, what) {
    const deadline = Date.now() + PATIENCE_MS;
    let state = null;
    for (;;) {
        state = await stateOf(one).catch(() => null);
        if (state?.protocol && claim(state)) return state;
        if (Date.now() > deadline) assert.fail(`${one.name} ${what}: ${JSON.stringify(state)}\n${daemon.lastLines()}`);
        await new Promise((resolve) => setTimeout(resolve, 50));
    }
}

function settled(one) {
    const { number, hash } = one.front.shown(one.anvil.chain.head());
    return until(one, ({ chain, protocol }) => chain.hash === hash && protocol.block === number && protocol.state === 'live', `at ${number} ${hash}`);
}

const rows = async (one, table) => one.front.rows(await daemon.rows(table, { protocol: one.protocol, limit: 500 }));

async function verifyAave() {
    const reading = await readWorld(aave.world.market, aave.world.everyone(), aave.anvil.chain.head());
    const tally = new Tally();
    comparePositions(tally, await rows(aave, 'positions'), reading);
    assert.deepEqual(tally.mismatches.slice(0, 5), []);
    assert.ok(tally.comparisons > 100);
}

async function verifyJustLend() {
    const reading = await justlend.world.read();
    const shown = { ...reading, block: justlend.front.shown(reading.block) };
    const tally = new Tally();
    compareCompoundPositions(tally, await rows(justlend, 'positions'), shown);
    compareCompoundMarkets(tally, await daemon.rows('markets', { protocol: 'justlend' }).then(justlend.front.rows), shown);
    compareCompoundTvl(tally, await daemon.rows('tvl', { protocol: 'justlend' }), shown);
    assert.deepEqual(tally.mismatches.slice(0, 5), []);
    assert.ok(tally.comparisons > 100);
}

const cli = (...words) => execFileSync(BINARY, [...words, '--config', daemon.config], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

test('both are followed, every number that of the contract', { timeout: 180_000 }, async () => {
    await settled(aave);
    await settled(justlend);
    for (let i = 0; i < 2; i++) {
        await Promise.all([aave.step(), justlend.step()]);
        await Promise.all([settled(aave), settled(justlend)]);
        await verifyAave();
        await verifyJustLend();
    }
    const { protocol } = await stateOf(justlend);
    assert.match(protocol.found, /^prices in TRX \(10\^18\), USDT = 1 USD, rounding (half up|not known yet), borrows compared to within \d+\.\d\d USD of rounding$/);
    assert.ok(cli('status').includes(`\njustlend: found ${protocol.found}\n`));
});

test('`explain` tells the health a liquidator meets and the contract\'s own', async () => {
    const [row] = (await daemon.rows('positions', { protocol: 'justlend' })).filter(({ stored_health_factor: stored }) => stored);
    const told = cli('explain', row.account);
    const { error, liquidity, shortfall } = row.contract_view;
    assert.ok(told.includes(`the contract's own view: error ${error} liquidity ${liquidity} shortfall ${shortfall}; health factor `), told);
});

test('`tvl` tells each protocol and each chain', async () => {
    const lines = (text) => text.split('\n').filter(Boolean).map((line) => JSON.parse(line));
    const protocols = lines(cli('tvl', '--json'));
    assert.deepEqual(protocols.map(({ chain, protocol }) => [chain, protocol]), [[EVM_ID, 'aave'], [TRON_ID, 'justlend']]);
    const chains = lines(cli('tvl', '--by', 'chain', '--json'));
    assert.deepEqual(chains.map(({ chain }) => chain), [EVM_ID, TRON_ID, 'all']);
    const cents = ({ tvl_usd: dollars }) => Math.round(dollars * 100);
    assert.ok(protocols.every((row) => cents(row) > 0));
    assert.deepEqual(chains.map(cents), [...protocols.map(cents), protocols.map(cents).reduce((sum, one) => sum + one)]);
    // What lies in JustLend's contracts, by its own prices: the cash of its markets.
    const markets = await daemon.rows('markets', { protocol: 'justlend' });
    const cash = markets.reduce((sum, { tvl_usd: dollars }) => sum + dollars, 0);
    assert.ok(Math.abs(cash - protocols[1].tvl_usd) < 0.01 * markets.length);
    assert.match(cli('tvl', '--by', 'chain'), /tron:0x2b6653dc/);
});

test('what is asked about one protocol is told with its chain and its block', async () => {
    const heads = Object.fromEntries((await daemon.status()).chains.map(({ name, processed }) => [name, processed]));
    for (const { name, protocol } of [aave, justlend]) {
        for (const target of ['tvl', 'markets', 'positions', 'bands', 'heatmap?collateral=ETH', 'liquidations', 'alerts']) {
            const { block, blocks } = await daemon.get(`/v1/${target}${target.includes('?') ? '&' : '?'}protocol=${protocol}`);
            assert.deepEqual([block.chain, block.number], [name, heads[name]], `${target} ${protocol}`);
            assert.equal(blocks.length, 2);
        }
    }
    const origin = (...words) => spawnSync(BINARY, [...words, '--config', daemon.config], { encoding: 'utf8' }).stderr.split('\n')[0];
    assert.equal(origin('tvl'), `(running daemon, evm at block ${heads.evm}, tron at block ${heads.tron})`);
    assert.equal(origin('heatmap', 'ETH', '--protocol', 'justlend'), `(running daemon, block ${heads.tron})`);
    const sums = cli('liquidations', '--by', 'side', '--protocol', 'justlend');
    assert.match(sums, /^chains: tron:0x2b6653dc; recorded (tron since|since an unknown time)[^,]*$/m);
    assert.match(sums, /^coverage: justlend \d\.\d{6}$/m);
});

test('a silence names a chain as the configuration does', () => {
    const silence = (...words) => spawnSync(BINARY, ['silence', 'add', '--for', '1h', '--by', 'test', '--why', 'test', '--json', ...words, '--config', daemon.config], { encoding: 'utf8' });
    for (const [word, matcher] of [['chain=tron', `chain=${TRON_ID}`], ['chain!=evm', `chain!=${EVM_ID}`], [`chain=${TRON_ID}`, `chain=${TRON_ID}`], ['chain=e*', 'chain=e*']]) {
        const done = silence('rule=gap', word);
        assert.deepEqual(JSON.parse(done.stdout).matchers, ['rule=gap', matcher], done.stderr);
        assert.equal(done.stderr, '');
    }
    assert.match(silence('rule=gap', 'protocol=justlnd').stderr, /^note: there is no protocol 'justlnd'; did you mean 'justlend'\?/);
});

test('a band over what no protocol lists is told', async () => {
    const { stderr } = spawnSync(BINARY, ['bands', '--config', daemon.config], { encoding: 'utf8' });
    assert.match(stderr, /^band misspelt has no row: no protocol that is watched lists its collateral/m);
    const told = /\[bands\.misspelt\]: no protocol that is watched lists 'WTEH', so nothing is in it/;
    await eventually(() => told.test(daemon.lastLines(100_000)), 'the log does not tell it');
    assert.doesNotMatch(daemon.lastLines(100_000), /\[bands\.(eth|btc|trx)\]/);
});

test('bands on TRX and BTC as on ETH, in dollars', async () => {
    const bands = await daemon.rows('bands');
    const found = (protocol, band) => bands.find((row) => row.protocol === protocol && row.band === band);
    for (const [protocol, band] of [['aave', 'eth'], ['justlend', 'eth'], ['justlend', 'btc'], ['justlend', 'trx']]) {
        const row = found(protocol, band);
        assert.ok(row?.collateral_usd > 0 && row.positions > 0, `${protocol} ${band}: ${JSON.stringify(row)}`);
    }
    const { coinUsd } = justlend.world.market.state;
    const { price } = justlend.world.market.market('USDT');
    const scale = 10n ** 18n;
    // TRX counts 10^18, USDT its price a whole token of 6 decimals: dollars are those of USDT.
    const inUsdt = Number((scale * scale) / price) / 1e18;
    assert.ok(Math.abs(Number(found('justlend', 'trx').price) - inUsdt) < 1e-6, `${found('justlend', 'trx').price} and ${inUsdt}`);
    assert.ok(Math.abs(inUsdt - Number(coinUsd) / 1e18) < 0.01);
});

test('a liquidation price of a group is one of its leader, in the leader\'s decimals', async () => {
    let compared = 0;
    for (const row of await daemon.rows('positions', { protocol: 'justlend', limit: 500 })) {
        const entries = [...row.collateral, ...row.debt].filter(({ liquidation_price: { group } }) => group?.leader === 'TRX');
        for (const { asset, price_decimals: own, liquidation_price: { group } } of entries) {
            assert.equal(group.price_decimals ?? own, 18, `${asset} of ${row.account}`);
            const trx = Number(group.price_raw) / 1e18 * Number(justlend.world.market.state.coinUsd) / 1e18;
            assert.ok(Math.abs(Number(group.price_usd) - trx) < 0.01 * trx, `${asset}: ${group.price_usd} and ${trx}`);
            compared += asset === 'TRX' ? 0 : 1;
        }
    }
    assert.ok(compared > 0, 'no sTRX at all');
});

const alerts = () => archived(folder);

async function eventually(find, what) {
    const deadline = Date.now() + PATIENCE_MS;
    for (;;) {
        const found = await find();
        if (found) return found;
        if (Date.now() > deadline) assert.fail(`${what}\n${daemon.lastLines()}`);
        await new Promise((resolve) => setTimeout(resolve, 50));
    }
}

test('killed between blocks of both chains, it goes on where it was on each', { timeout: 180_000 }, async () => {
    for (let i = 0; i < 2; i++) {
        await daemon.kill();
        await Promise.all([aave.step(), justlend.step()]);
        daemon.start();
        await Promise.all([settled(aave), settled(justlend)]);
        await verifyAave();
        await verifyJustLend();
    }
    const open = (chain) => alerts().filter(({ type, data }) => data.chain === chain && type.startsWith('position.liquidatable.'))
        .reduce((keys, { type, data }) => {
            if (/(resolved|retracted)$/.test(type)) keys.delete(data.subject);
            else keys.add(data.subject);
            return keys;
        }, new Set());
    for (const [chain, { protocol }] of [[EVM_ID, aave], [TRON_ID, justlend]]) {
        const positions = await daemon.rows('positions', { protocol, limit: 500 });
        // An episode ends one percent above the line.
        const mayBeOpen = positions.filter((row) => row.liquidatable || row.computable === false || BigInt(row.health_factor ?? 10n ** 19n) < 1_010_000_000_000_000_000n).map(({ account }) => account);
        const mustBeOpen = positions.filter((row) => row.liquidatable).map(({ account }) => account);
        const isTold = () => {
            const told = open(chain);
            return mustBeOpen.every((account) => told.has(account)) && [...told].every((account) => mayBeOpen.includes(account));
        };
        await eventually(isTold, `${chain}: ${mustBeOpen} are liquidatable, ${[...open(chain)]} are told`);
    }
    const told = alerts();
    assert.equal(new Set(told.map(({ id }) => id)).size, told.length, 'an alert stands twice in the archive');
});

test('a head of TRON that is reorganised: what it undid is taken back, the other chain goes on', { timeout: 120_000 }, async () => {
    const { world, anvil } = justlend;
    const { market } = world;
    await justlend.step();
    await settled(justlend);
    const reorgs = async (one) => (await stateOf(one)).chain.reorgs;
    const before = [await reorgs(aave), await reorgs(justlend)];
    const saved = world.save();
    const snapshot = await anvil.chain.snapshot();

    const health = Object.fromEntries((await daemon.rows('positions', { protocol: 'justlend' })).map((row) => [row.account, row.liquidatable]));
    market.moveCoin(-1_000);
    market.setPrice('WBTC', (market.price('WBTC') * 85n) / 100n);
    const fall = justlend.front.shown(await world.mine({ seconds: 3 }));
    await settled(justlend);
    const { accounts } = await world.read();
    const victim = accounts.find(({ current, bySymbol }) => current.view?.[2] > 0n && bySymbol.TRX.cTokens > 0n && bySymbol.TRX.entered && Object.values(bySymbol).some(({ borrow }) => borrow > 10n ** 6n));
    const [debt] = Object.entries(victim.bySymbol).find(([, { borrow }]) => borrow > 10n ** 6n);
    market.liquidate(world.liquidator, 'TRX', debt, victim.address, victim.bySymbol[debt].borrow / 20n);
    const seizure = await world.mine({ seconds: 3 });
    assert.ok(seizure.tickets.every(({ ok }) => ok));
    await settled(justlend);

    const orphans = [fall.hash, justlend.front.shown(seizure).hash];
    const raised = await eventually(() => {
        const found = alerts().filter(({ type, data }) => orphans.includes(data.block.hash) && /^position\.(liquidatable\.firing|liquidated\.fired)$/.test(type));
        return ['position.liquidatable.firing', 'position.liquidated.fired'].every((type) => found.some((one) => one.type === type)) && found;
    }, 'nothing was raised');
    const [taken] = raised.filter(({ type }) => type === 'position.liquidated.fired');
    const [row] = (await daemon.rows('liquidations', { since: 0, protocol: 'justlend' })).filter(({ tx }) => tx === taken.data.tx.hash);
    assert.equal(row.block_hash, orphans[1]);
    assert.equal(taken.data.collateral.raw, row.collateral_raw);
    assert.equal(taken.data.seized_shares, row.seized_shares_raw);
    const [fired] = raised.filter(({ data }) => data.liquidation_price?.asset === 'TRX');
    if (fired) {
        assert.equal(fired.data.liquidation_price.price_quote, 'TRX');
        assert.ok(BigInt(fired.data.liquidation_price.price_usd.raw) < 10n ** 8n, 'TRX costs less than a dollar');
    }

    await anvil.chain.revert(snapshot);
    world.restore(saved);
    for (let i = 0; i < 3; i++) await anvil.chain.mine({ seconds: 3 });
    await settled(justlend);
    await verifyJustLend();
    for (const { id, data } of raised) {
        const back = await eventually(() => alerts().find(({ data: { retracts } }) => retracts === id), `${id} was not taken back`);
        assert.equal(back.data.reason, 'reorg');
        assert.equal(back.data.orphaned.hash, data.block.hash);
    }
    assert.ok(!(await daemon.rows('liquidations', { since: 0, protocol: 'justlend' })).some(({ tx }) => tx === row.tx));
    const now = Object.fromEntries((await daemon.rows('positions', { protocol: 'justlend' })).map((one) => [one.account, one.liquidatable]));
    assert.deepEqual(now, health);
    assert.deepEqual([await reorgs(aave), await reorgs(justlend)], [before[0], before[1] + 1]);
    await aave.step();
    await settled(aave);
    await verifyAave();
});

test('prices stated in nothing that is known: unverified, and no dollars are told', { timeout: 120_000 }, async () => {
    const { market } = justlend.world;
    market.setPrice('TRX', 5n * 10n ** 17n);
    await justlend.world.mine({ seconds: 3 });
    const { protocol } = await until(justlend, ({ protocol: one }) => one.state === 'unverified', 'unverified');
    assert.match(protocol.reason, /^what the oracle's prices are stated in cannot be told/);
    const [total] = await daemon.rows('tvl', { protocol: 'justlend' });
    for (const key of ['supplied_usd', 'borrowed_usd', 'tvl_usd', 'liquidatable_debt_usd', 'bad_debt_usd', 'leverage']) assert.equal(total[key], null, key);
    for (const row of await daemon.rows('positions', { protocol: 'justlend' })) {
        assert.equal(row.state, 'unverified');
        assert.equal(row.collateral_usd, null);
        assert.equal(row.debt_usd, null);
        assert.ok([...row.collateral, ...row.debt].every(({ usd, price_usd: price }) => usd === null && price === null));
    }
    for (const row of await daemon.rows('markets', { protocol: 'justlend' })) assert.equal(row.tvl_usd, null);
    assert.equal(JSON.parse(cli('tvl', '--by', 'chain', '--json').trim().split('\n').at(-1)).tvl_usd, null, 'no total without it');

    market.setPrice('TRX', 10n ** 18n);
    await justlend.world.mine({ seconds: 3 });
    await settled(justlend);
    await verifyJustLend();
});

test('a stalled chain does not hold up the other', { timeout: 240_000 }, async () => {
    for (const [stalled, other, verify] of [[justlend, aave, verifyAave], [aave, justlend, verifyJustLend]]) {
        await Promise.all([aave.step(), justlend.step()]);
        await Promise.all([settled(aave), settled(justlend)]);
        const before = (await stateOf(stalled)).chain.processed;
        // Its node takes connections and answers nothing.
        process.kill(stalled.anvil.pid, 'SIGSTOP');
        try {
            let isStale = false;
            for (let i = 0; i < 60 && !isStale; i++) {
                await other.anvil.chain.mine({ seconds: 3 });
                await settled(other);
                isStale = (await stateOf(stalled)).chain.state !== 'live';
                await new Promise((resolve) => setTimeout(resolve, 300));
            }
            const { chain, protocol } = await stateOf(stalled);
            assert.equal(chain.state, 'stale');
            assert.notEqual(protocol.state, 'live');
            assert.equal(chain.processed, before);
            await other.step();
            await settled(other);
            await verify();
            assert.equal((await stateOf(other)).chain.state, 'live');
            const [total] = (await daemon.rows('tvl', { protocol: stalled.protocol }));
            assert.notEqual(total.state, 'live');
        } finally {
            process.kill(stalled.anvil.pid, 'SIGCONT');
        }
        await stalled.anvil.chain.mine({ seconds: 3 });
        await settled(stalled);
    }
    await verifyAave();
    await verifyJustLend();
});

test('what was left is told in the same order', async () => {
    const tables = ['tvl', 'markets', 'bands', 'positions'];
    const told = () => tables.map((table) => [...new Set(cli(table, '--json').split('\n').filter(Boolean).map((line) => JSON.parse(line).protocol))]);
    const order = ['aave', 'justlend'];
    assert.deepEqual(told(), tables.map(() => order));
    cli('snapshot', 'now');
    await daemon.kill();
    assert.deepEqual(told(), tables.map(() => order));
    // Whatever came first into the file that names the newest snapshots.
    const latest = path.join(folder, 'state/snapshots/latest.json');
    const { chains } = JSON.parse(readFileSync(latest, 'utf8'));
    writeFileSync(latest, JSON.stringify({ chains: Object.fromEntries(Object.entries(chains).reverse()) }));
    assert.deepEqual(told(), tables.map(() => order));
});
