// The checker must find what is planted, and nothing where nothing is.

import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';

import { check, duplicates } from './checker.mjs';

const SIGNATURE = '0x11';

/** A small history without a fault: an episode, an event that is taken back, an update that waited. */
class Story {
    alerts = [];
    outbox = [];
    archive = [];
    arrivals = [];
    integrity = 'ok';

    /** `sinks` {receiver, archive}: the state of the message there, or null where it does not go. */
    tell(id, key, episode, seq, word, { retracts, receiver = 'done', archive = 'done', attempts = 1 } = {}) {
        const type = `position.liquidatable.${word}`;
        const data = { alert_key: key, episode, seq, ...(retracts && { retracts }) };
        const body = JSON.stringify({ data, id, timestamp: '2026-01-15T12:00:11Z', type });
        this.alerts.push({ n: this.alerts.length + 1, id, key, episode, seq, type, body, signature: SIGNATURE });
        for (const [sink, state] of [['archive', archive], ['receiver', receiver]]) {
            if (!state) continue;
            const n = this.outbox.length + 1;
            this.outbox.push({ n, sink, id, key, state, attempts: state === 'superseded' ? 0 : attempts, reason: '' });
        }
        if (archive === 'done') this.write(id);
        if (receiver === 'done') this.arrive(id);
    }

    alert(id) {
        return this.alerts.find((one) => one.id === id);
    }

    row(sink, id) {
        return this.outbox.find((one) => one.sink === sink && one.id === id);
    }

    write(id) {
        const alert = { ...JSON.parse(this.alert(id).body), signature: SIGNATURE, signer: '0x22' };
        this.archive.push({ text: JSON.stringify(alert), alert });
    }

    arrive(id, meaning = 'accepted') {
        const { key, body } = this.alert(id);
        this.arrivals.push({ id, key, body, meaning, headers: { 'plimsoll-signature-eip191': SIGNATURE } });
    }
}

let story;

beforeEach(() => {
    story = new Story();
    story.tell('a1', 'a', 100, 1, 'firing');
    story.tell('b1', 'b', 0, 1, 'fired');
    story.tell('a2', 'a', 100, 2, 'updated', { receiver: 'superseded' });
    story.tell('a3', 'a', 100, 3, 'updated');
    story.tell('b2', 'b', 0, 2, 'retracted', { retracts: 'b1' });
    story.tell('a4', 'a', 100, 4, 'resolved');
    story.tell('c1', 'c', 101, 1, 'firing', { receiver: 'superseded' });
    story.tell('c2', 'c', 101, 2, 'retracted', { retracts: 'c1', receiver: null });
    story.tell('a5', 'a', 105, 1, 'firing');
});

const claims = (options = {}) => [...new Set(check(story, options).map(({ claim }) => claim))];
const remove = (list, isWanted) => list.splice(list.findIndex(isWanted), 1);

/** The checker complains about this, and about nothing else. */
function finds(...expected) {
    assert.deepEqual(claims(), expected);
}

test('a history without a fault passes', () => {
    assert.deepEqual(check(story), []);
});

describe('a loss is found:', () => {
    test('an alert that never reached the receiver', () => {
        remove(story.arrivals, ({ id }) => id === 'a4');
        finds('what counts as delivered was accepted');
    });

    test('one that the receiver only refused', () => {
        story.arrivals.find(({ id }) => id === 'a4').meaning = 'refused';
        finds('what counts as delivered was accepted');
    });

    test('a line that is missing in the archive', () => {
        remove(story.archive, ({ alert }) => alert.id === 'a3');
        finds('what counts as archived is in the archive');
    });

    test('a torn line in the archive', () => {
        const line = story.archive.at(-1);
        Object.assign(line, { text: line.text.slice(0, 20), alert: null });
        finds('every line of the archive is an alert', 'what counts as archived is in the archive');
    });

    test('an alert that was never queued', () => {
        remove(story.outbox, ({ id, sink }) => id === 'a5' && sink === 'receiver');
        remove(story.arrivals, ({ id }) => id === 'a5');
        finds('every alert goes to the receiver');
    });

    test('an alert that is gone from the store', () => {
        remove(story.alerts, ({ id }) => id === 'a5');
        finds('every message is of an alert', 'nothing in the archive is invented', 'nothing that arrives is invented');
    });

    test('one in the middle of an episode', () => {
        remove(story.alerts, ({ id }) => id === 'a3');
        assert.ok(claims().includes('messages of an episode are numbered one by one'));
    });

    test('one that is still waiting at the end', () => {
        story.row('archive', 'a5').state = 'pending';
        finds('nothing is left behind');
        assert.deepEqual(claims({ isDrained: false }), []);
    });

    test('one that was given up', () => {
        Object.assign(story.row('receiver', 'a5'), { state: 'dead', reason: 'expired' });
        finds('nothing is given up');
    });

    test('one that was withdrawn after an attempt', () => {
        story.row('receiver', 'c1').attempts = 1;
        assert.ok(claims().includes('nothing that was attempted is withdrawn'));
        assert.ok(claims().includes('a retraction goes where its original went'));
    });
});

describe('an invention is found:', () => {
    test('a delivery of nothing that is stored', () => {
        story.arrivals.push({ ...story.arrivals[0], id: 'x' });
        finds('nothing that arrives is invented', 'an attempt is on disk before it is made');
    });

    test('a second delivery with other bytes', () => {
        story.row('receiver', 'a1').attempts = 2;
        const again = { ...story.arrivals[0], body: story.arrivals[0].body.replace('100', '101') };
        story.arrivals[0].meaning = 'refused';
        story.arrivals.splice(1, 0, again);
        finds('every delivery has the bytes of its alert');
    });

    test('a delivery with another signature', () => {
        story.arrivals[0].headers = { 'plimsoll-signature-eip191': '0x99' };
        finds('every delivery has the signature of its alert');
    });

    test('a line in the archive with other bytes', () => {
        story.archive[0].alert.data.seq = 7;
        finds('a line of the archive has the bytes of its alert');
    });

    test('a line twice in the archive', () => {
        story.archive.push(story.archive.at(-1));
        finds('nothing is in the archive twice');
    });

    test('a delivery without an attempt on disk', () => {
        story.row('receiver', 'a5').attempts = 0;
        finds('an attempt is on disk before it is made');
    });

    test('a body that contradicts its row', () => {
        story.alert('a5').type = 'band.exposure.firing';
        finds('a body says what its row says');
    });
});

describe('a break of order is found:', () => {
    const swap = (list, i, j) => ([list[i], list[j]] = [list[j], list[i]]);

    test('at the receiver', () => {
        swap(story.arrivals, story.arrivals.findIndex(({ id }) => id === 'a3'), story.arrivals.findIndex(({ id }) => id === 'a4'));
        finds('deliveries keep the order of a key');
    });

    test('by a late repetition', () => {
        story.row('receiver', 'a1').attempts = 2;
        story.arrivals[0].meaning = 'lost';
        story.arrive('a1');
        finds('deliveries keep the order of a key');
    });

    test('in the archive', () => {
        swap(story.archive, 0, 2);
        finds('the archive keeps the order of a key');
    });

    test('a retraction that arrives before its original', () => {
        swap(story.arrivals, story.arrivals.findIndex(({ id }) => id === 'b1'), story.arrivals.findIndex(({ id }) => id === 'b2'));
        finds('a retraction arrives after its original', 'deliveries keep the order of a key');
    });

    test('a retraction of nothing', () => {
        story.tell('d1', 'd', 0, 1, 'retracted', { retracts: 'nobody' });
        finds('a retraction comes after its original', 'a retraction arrives after its original');
    });

    test('a second retraction', () => {
        story.tell('b3', 'b', 0, 3, 'retracted', { retracts: 'b1' });
        finds('nothing is retracted twice');
    });
});

describe('episodes:', () => {
    test('two that are open at once', () => {
        story.tell('a6', 'a', 106, 1, 'firing');
        finds('one episode a key is open');
    });

    test('one that ends without having begun', () => {
        story.tell('d1', 'd', 107, 1, 'resolved');
        finds('what ends was open');
    });

    test('an event told again while it stands', () => {
        story.tell('e1', 'e', 0, 1, 'fired');
        story.tell('e2', 'e', 0, 2, 'fired');
        finds('one episode a key is open');
    });

    test('an event that is updated before it is told', () => {
        story.tell('e1', 'e', 0, 1, 'updated');
        finds('an event is told before it is updated');
    });

    test('one whose end is taken back is open again', () => {
        story.tell('a6', 'a', 105, 2, 'resolved');
        story.tell('a7', 'a', 105, 3, 'retracted', { retracts: 'a6' });
        story.tell('a8', 'a', 105, 4, 'resolved');
        assert.deepEqual(check(story), []);
    });

    test('one whose opening is taken back is closed', () => {
        story.tell('a6', 'a', 105, 2, 'retracted', { retracts: 'a5' });
        story.tell('a7', 'a', 108, 1, 'firing');
        assert.deepEqual(check(story), []);
    });
});

describe('repetitions', () => {
    /** The first alert arrives three times: so, then so, then accepted. */
    function thrice(first, second) {
        story.row('receiver', 'a1').attempts = 3;
        const [one] = story.arrivals;
        story.arrivals.splice(0, 1, { ...one, meaning: first }, { ...one, meaning: second }, one);
    }

    test('are explained by refusals and lost replies', () => {
        thrice('refused', 'lost');
        assert.deepEqual(check(story), []);
    });

    test('after a yes are explained by kills only', () => {
        thrice('accepted', 'accepted');
        finds('a message comes twice only when a kill forgot its reply');
        assert.deepEqual(claims({ kills: 1, lanes: 1 }), ['a message comes twice only when a kill forgot its reply']);
        assert.deepEqual(claims({ kills: 1, lanes: 2 }), []);
    });

    test('are counted', () => {
        thrice('lost', 'accepted');
        const arrived = new Map([['a1', story.arrivals.slice(0, 3)]]);
        assert.deepEqual(duplicates(arrived), { lost: 1, again: 1 });
    });
});

test('an alert of no time is found', () => {
    const { body } = story.alert('a5');
    story.alert('a5').body = body.replace('2026-01-15T12:00:11Z', '1970-01-01T00:00:00Z');
    assert.ok(claims().includes('an alert tells its time'));
});

test('a store that fails its own check is found', () => {
    story.integrity = 'row 7 missing from index alert_by_key';
    finds('the store is sound');
});
