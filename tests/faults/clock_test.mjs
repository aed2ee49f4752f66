// The wall clock is set while the daemon runs: an hour on and back, a day back, three days on. Nothing
// is told because of it, nothing is lost, and waits keep their length. The steady clock is left alone.

import assert from 'node:assert/strict';
import { existsSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';

import { DEMO_GENESIS } from '../devnet/demo_world.mjs';
import { pause } from './daemon.mjs';
import { Scene } from './scene.mjs';

const LIBRARY = ['/usr/lib/x86_64-linux-gnu', '/usr/lib/aarch64-linux-gnu', '/usr/lib']
    .map((folder) => path.join(folder, 'faketime/libfaketime.so.1'))
    .find((file) => existsSync(file));
const DAY = 86_400;
const DEADLINE_MS = 60_000;
/** The clock is set while the alerts before were told, or while they wait. */
const SET_TO = ['+1h', '-1h', '-1d', '+3d', '+0'];
const MOST_BLOCKS = 20;
/** A wait by a clock that was set is of half an hour at least. */
const MOST_WAIT_MS = 90_000;

let scene;
let clock;

function setClock(by) {
    writeFileSync(`${clock}.new`, by);
    renameSync(`${clock}.new`, clock);
}

/** The wall clock as the daemon tells it to its receiver, in seconds from ours. */
function skew() {
    const { headers, at_ms: at } = scene.receiver.arrivals.at(-1);
    return Number(headers['webhook-timestamp']) - at / 1000;
}

before(async () => {
    assert.ok(LIBRARY, 'libfaketime is missing: run scripts/test.sh, which installs it');
    // The chain is measured by the wall clock, and a day more would make it stale.
    const age = Math.ceil((Date.now() / 1000 - DEMO_GENESIS) / DAY) + 1;
    scene = await Scene.open({ seed: 'clock', isToStart: false, chain: `stale_after = "${Math.max(age, 2)}d"` });
    clock = path.join(scene.folder, 'clock');
    setClock('+0');
    scene.daemon.start({
        through: ['env', `LD_PRELOAD=${LIBRARY}`, `FAKETIME_TIMESTAMP_FILE=${clock}`, 'DONT_FAKE_MONOTONIC=1', 'FAKETIME_NO_CACHE=1'],
    });
    await scene.settled();
});

after(() => scene?.close());

/** Blocks until something is told. */
async function playUntilTold() {
    const { receiver } = scene;
    const before = receiver.arrivals.length;
    for (let block = 0; block < MOST_BLOCKS && receiver.arrivals.length === before; block++) {
        await scene.play();
        await pause(200);
    }
    assert.ok(receiver.arrivals.length > before, 'nothing was told');
}

test('a clock that is set tells nothing, loses nothing and lengthens no wait', { timeout: 300_000 }, async () => {
    const { daemon, receiver } = scene;
    await playUntilTold();
    await daemon.drained(DEADLINE_MS);
    for (const by of SET_TO) {
        const before = await scene.told();
        setClock(by);
        await pause(1_500);
        assert.deepEqual(await scene.told(before), {}, `set to ${by}, nothing happened and something was told`);
        // What is told now fails, and waits over the next two settings.
        receiver.plan = () => ({ kind: 'status', status: 500 });
        await playUntilTold();
        const shown = skew();
        setClock('+0');
        await pause(300);
        receiver.plan = () => ({ kind: 'status' });
        await daemon.drained(MOST_WAIT_MS);
        const hours = { h: 1, d: 24 }[by.at(-1)] ?? 0;
        const wanted = Number.parseInt(by, 10) * hours * 3_600;
        assert.ok(Math.abs(shown - wanted) < 60, `the clock was set by ${by}, and showed ${shown} s`);
        await scene.compare();
    }
    const types = Object.values(await scene.told());
    assert.deepEqual(types.filter((type) => /^(source|daemon)\.|\.repeated$/.test(type)), []);
    assert.deepEqual(await scene.judge(), []);
});
