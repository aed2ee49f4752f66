// The daemon and what it left behind against the chain itself: every number of every position, every
// liquidation, and which alerts must stand at the end.

import { liquidationEvents } from '../devnet/demo_play.mjs';
import { WAD, assertAllBorrowersKnown, isLiquidatable, readBalances, readWorld } from '../devnet/reader.mjs';
import { Tally, borrowers, compareMarkets, comparePositions, compareStatus, compareTvl } from '../differential/compare.mjs';
import { CHAIN, PROTOCOL } from './daemon.mjs';

const REACH_MS = 60_000;
const SHOWN = 8;
/** Blocks in a row that may be doubted. */
const MOST_DOUBTED = 3;

/** The default end of "liquidatable": 1 % above. */
const CLEAR = (WAD * 101n) / 100n;

/** What was read last: many daemons are compared with the same block. */
let last = { hash: null, reading: null };

function readHead(world) {
    const head = world.chain.head();
    if (last.hash !== head.hash) last = { hash: head.hash, reading: readBlock(world, head) };
    return last.reading;
}

/** The contracts at a block, and what everybody holds. */
async function readBlock(world, head) {
    const reading = await readWorld(world.market, world.borrowers().concat(world.everyone()).filter(isFirst), head);
    assertAllBorrowersKnown(reading);
    reading.sourcedCategories = new Set();
    const addresses = borrowers(reading).map(({ address }) => address);
    reading.balances = await readBalances(world.market, addresses, reading.block.hash);
    return reading;
}

/**
 * The status at the head. A node that answers a read from the state of the block it is just making is found
 * out by the daemon, which says so and does not believe its numbers before the next block.
 */
async function trusted(daemon, chain) {
    for (let blocks = 0; ; blocks++) {
        const status = await daemon.reached(chain.head(), REACH_MS);
        const isDoubted = status.protocols.some(({ state, reason }) => state === 'unverified' && /differs from the contract/.test(reason));
        if (!isDoubted || blocks === MOST_DOUBTED) return status;
        await chain.mine();
    }
}

const isFirst = (one, i, list) => list.indexOf(one) === i;

/**
 * Waits for the head and compares everything there; answers the number of comparisons. A chain that
 * stands still may be called so where `mayBeStale`.
 */
export async function compareWithContracts({ daemon, market, mayBeStale = false }) {
    const { world } = market;
    const status = await trusted(daemon, world.chain);
    // The rows first: they say how old the chain is.
    const positions = await daemon.positions();
    const markets = await daemon.rows('markets', { protocol: PROTOCOL });
    const tvl = await daemon.rows('tvl', { protocol: PROTOCOL });
    const reading = await readHead(world);
    const tally = new Tally();
    compareStatus(tally, status, { chainName: CHAIN, protocolName: PROTOCOL }, reading);
    comparePositions(tally, positions, reading, reading.balances);
    compareMarkets(tally, markets, reading);
    compareTvl(tally, tvl, reading);
    const isStale = ({ field, actual }) => mayBeStale && /(^|\.)state$/.test(field) && /^stale\b/.test(actual);
    // A busy node may have answered from the state before a block, and the daemon have asked again.
    const isOver = ({ field }) => field.endsWith('audit.mismatched');
    const mismatches = tally.mismatches.filter((one) => !isStale(one) && !isOver(one));
    if (mismatches.length > 0) {
        const shown = mismatches.slice(0, SHOWN).map((one) => `${one.where} ${one.field}: contract ${one.expected}, daemon ${one.actual}`);
        const reason = status.protocols[0].reason ?? status.chains[0].reason ?? '';
        throw new Error(`${mismatches.length} of ${tally.comparisons} numbers differ at block ${reading.block.number} (${reason}):\n${shown.join('\n')}\n${daemon.lastLines(30)}`);
    }
    return tally.comparisons;
}

/**
 * What was told against what is true at the head: every liquidation above block `since` stands as an
 * alert and nothing else does; the accounts that are liquidatable have an open episode, and only
 * those that are, or were and are not clear of it or held open. Answers complaints, as the checker does.
 */
export async function compareAlerts({ alerts, market, since }) {
    const { world } = market;
    const found = [];
    const complain = (claim, detail) => found.push({ claim, detail });
    const stands = standing(alerts);

    const onChain = new Map();
    for (const { tx, logIndex, account, block } of await eventsWithBlocks(world)) {
        onChain.set(`${tx}/${logIndex}/${account}`, block);
    }
    const told = new Set(stands.filter(({ type }) => type.startsWith('position.liquidated.')).map(eventOf));
    for (const [event, block] of onChain) if (block > since && !told.has(event)) complain('every liquidation is told', `${event} in block ${block}`);
    for (const event of told) if (!onChain.has(event)) complain('no liquidation is told that did not happen', event);

    const { accounts } = await readHead(world);
    const episodes = stands.filter(({ type }) => type.startsWith('position.liquidatable.'));
    const open = new Set(episodes.map((one) => one.data.subject));
    // What goes to and fro too often is held open for a while, and says so.
    const flapping = new Set(alerts.filter(({ body }) => JSON.parse(body).data.flapping).map(({ key, episode }) => `${key} ${episode}`));
    const held = new Set(episodes.filter(({ key, episode }) => flapping.has(`${key} ${episode}`)).map((one) => one.data.subject));
    for (const { address, view, debts } of accounts) {
        const is = debts.length > 0 && isLiquidatable(view);
        const mayBe = debts.length > 0 && view !== null && view.healthFactor < CLEAR;
        if (is && !open.has(address)) complain('every liquidatable position is told', address);
        if (open.has(address) && !mayBe && !held.has(address)) complain('no position is told liquidatable that is not', `${address}, health factor ${view?.healthFactor}`);
    }
    return { complaints: found, liquidations: onChain.size, open: open.size };
}

/** The opening of every episode that has not ended and was not taken back. */
function standing(alerts) {
    const byKey = new Map();
    const byId = new Map(alerts.map((alert) => [alert.id, alert]));
    for (const alert of alerts) {
        const { data } = JSON.parse(alert.body);
        const word = alert.type.split('.').at(-1);
        const episodes = byKey.get(alert.key) ?? new Map();
        byKey.set(alert.key, episodes);
        if (word === 'retracted') {
            const original = byId.get(data.retracts);
            const back = original?.type.split('.').at(-1);
            if (back === 'resolved') episodes.set(original.episode, { ...original, data: JSON.parse(original.body).data });
            else if (back === 'firing' || back === 'fired') episodes.delete(original.episode);
        } else if (word === 'resolved') {
            episodes.delete(alert.episode);
        } else if (word === 'firing' || word === 'fired') {
            episodes.set(alert.episode, { ...alert, data });
        }
    }
    return [...byKey.values()].flatMap((episodes) => [...episodes.values()]);
}

const eventOf = ({ data }) => `${data.tx.hash}/${data.tx.log_index}/${data.subject}`;

async function eventsWithBlocks(world) {
    const events = await liquidationEvents(world);
    const receipts = await world.chain.rpc.batch(events.map(({ tx }) => ['eth_getTransactionReceipt', [tx]]));
    return events.map((event, i) => ({ ...event, block: Number(receipts[i].blockNumber) }));
}
