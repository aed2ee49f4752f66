// Watches what the daemon shows while a TRON node misbehaves: every position that was ever shown as
// `live` must equal the contracts at the block it names. What is shown in another state is not judged.

import assert from 'node:assert/strict';

import { Tally } from '../differential/compare.mjs';

const PAUSE_MS = 100;

/** Begins to look; `ended()` answers the states that were seen, once everything seen is compared. */
export function witness(watched) {
    const live = new Map(); // pages of live rows, each of one moment
    const states = new Set();
    let isOver = false;

    async function look() {
        const rows = await watched.positionsIfKnown();
        for (const { state } of rows) states.add(state);
        const page = rows.filter(({ state }) => state === 'live');
        if (page.length > 0) live.set(JSON.stringify(page), page);
    }

    async function go() {
        while (!isOver) {
            await look();
            await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
        }
        await look();
    }
    const going = go();
    going.catch(() => {}); // told by `ended`
    return {
        /** To be called while the chain stands still: it answers wrongly for old blocks otherwise. */
        async ended() {
            isOver = true;
            await going;
            const readings = new Map();
            for (const page of live.values()) await judge(watched, readings, page);
            return { blocks: readings.size, states: [...states] };
        },
    };
}

async function judge(watched, readings, page) {
    const { block, block_hash: hash } = page[0];
    assert.ok(page.every((row) => row.block_hash === hash), 'one page is of one block');
    if (!readings.has(hash)) readings.set(hash, await watched.readingOf(page[0]));
    const tally = new Tally();
    watched.on.compare(tally, page, readings.get(hash));
    // A coverage below 1 says itself that somebody may be missing.
    const wrong = tally.mismatches.filter(({ field }) => field !== 'coverage' && field !== 'has a row');
    assert.deepEqual(wrong.slice(0, 5), [], `shown as live at block ${block}`);
}
