// The tally of peers.mjs sees what it is there to see.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { delays, tally } from './tally.mjs';

const accepted = [
    { key: 'a', what: 'firing', at_ms: 10 },
    { key: 'a', what: 'resolved', at_ms: 20 },
    { key: 'b', what: 'fired', at_ms: 30 },
];
const came = (at_ms, key, what, { meaning = 'accepted', id = `${key} ${what}` } = {}) => ({ at_ms, meaning, messages: [{ key, what, id }] });
const all = [came(11, 'a', 'firing'), came(25, 'a', 'resolved'), came(33, 'b', 'fired')];

test('nothing is wrong where everything came once', () => {
    const { accepted: count, deliveries, last_ms, ...rest } = tally(accepted, all);
    assert.deepEqual([count, deliveries, last_ms], [3, 3, 33]);
    for (const [what, number] of Object.entries(rest)) assert.equal(number, 0, what);
});

test('what never came, or came only in vain, is lost', () => {
    const { lost, lostFired, lostResolved } = tally(accepted, [all[0], came(25, 'a', 'resolved', { meaning: 'refused' })]);
    assert.deepEqual({ lost, lostFired, lostResolved }, { lost: 2, lostFired: 1, lostResolved: 1 });
});

test('a success after a success came again; one after a lost reply did not', () => {
    assert.equal(tally(accepted, [...all, all[2]]).again, 1);
    assert.equal(tally(accepted, [came(9, 'b', 'fired', { meaning: 'lost' }), ...all]).again, 0);
});

test('an end before its beginning is disorder, told again or not', () => {
    assert.equal(tally(accepted, [all[1], all[0], all[2]]).disorder, 1);
    assert.equal(tally(accepted, [all[0], all[1], all[0], all[2]]).disorder, 0);
});

test('another id of the same is strange, what nobody handed over is invented', () => {
    assert.equal(tally(accepted, [...all, came(40, 'b', 'fired', { id: 'another' })]).strange, 1);
    assert.equal(tally(accepted, [...all, came(40, 'c', 'fired')]).invented, 1);
});

test('a delay is that of the first attempt, refused or not', () => {
    const arrivals = [came(11, 'a', 'firing', { meaning: 'refused' }), came(19, 'a', 'firing'), came(25, 'a', 'resolved'), came(33, 'b', 'fired')];
    assert.deepEqual(delays(accepted, arrivals), { measured: 3, median: 3, most99: 3 });
});
