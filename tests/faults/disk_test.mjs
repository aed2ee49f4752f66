// Disks that are full, that fail, that cannot be written, and databases that are damaged.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { closeSync, cpSync, existsSync, openSync, readdirSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import path from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';

import { spawnTied } from '../devnet/tied.mjs';
import { check } from './checker.mjs';
import { eventually, injecting, pause } from './daemon.mjs';
import { copyState, gather, queryStore } from './evidence.mjs';
import { Scene } from './scene.mjs';
import { compareAlerts } from './truth.mjs';

const RESUME_MS = 35_000;
const REACH_MS = 60_000;
const EXIT = { stateData: 65, permission: 77 };

let scene;
let template;

/** A stopped daemon with something in its store, and news on the chain since. */
before(async () => {
    scene = await Scene.open({ seed: 'disk', accounts: 40 });
    for (let i = 0; i < 22; i++) await scene.market.play();
    await scene.settled();
    await scene.daemon.drained(REACH_MS);
    await scene.daemon.stop();
    template = `${scene.folder}/template`;
    copyState(scene.daemon.state, template);
    scene.arrivals = [...scene.receiver.arrivals];
});

after(() => scene.close());
afterEach(() => scene.daemon.kill());

/** The state of then, in the folder of a scene's daemon. */
function restore({ daemon, receiver } = scene) {
    copyState(template, daemon.state);
    receiver.arrivals = [...scene.arrivals];
}

async function judge({ daemon, receiver } = scene, state = daemon.state) {
    const evidence = gather({ state, receiver });
    const { complaints } = await compareAlerts({ alerts: evidence.alerts, market: scene.market, since: scene.since });
    assert.deepEqual([...check(evidence, { lanes: 4 }), ...complaints], []);
    return evidence;
}

describe('while calls of the disk fail', () => {
    // Some calls in a row of every thread, so that one commit fails several times.
    const RULES = {
        'syncs with EIO': 'fdatasync:error=EIO:when=5..6',
        'syncs with ENOSPC': 'fdatasync:error=ENOSPC:when=6..7',
        'writes with EIO': 'pwrite64:error=EIO:when=30..31',
        'writes with ENOSPC': 'pwrite64:error=ENOSPC:when=31..33',
        'writes as on a read-only disk': 'pwrite64:error=EROFS:when=33..34',
        'writes to the archive with EIO': 'write:error=EIO:when=6..9',
    };
    let failing;

    before(async () => {
        const { anvil, market } = scene;
        const open = async ([name, rule]) => {
            const one = await Scene.open({ seed: 'disk', stage: { anvil, market }, isToStart: false });
            restore(one);
            one.log = path.join(one.folder, 'strace.log');
            one.daemon.start({ through: injecting(rule, one.log) });
            return [name, one];
        };
        failing = new Map(await Promise.all(Object.entries(RULES).map(open)));
        for (const one of failing.values()) await eventually('it listens', () => one.daemon.answers(), REACH_MS);
        for (let i = 0; i < 4; i++) {
            await market.play();
            await pause(200);
        }
    });

    after(async () => {
        for (const one of failing?.values() ?? []) await one.close();
    });

    for (const name of Object.keys(RULES)) {
        test(name, { timeout: 120_000 }, async () => {
            const one = failing.get(name);
            const { daemon, log } = one;
            await one.settled();
            await daemon.drained(REACH_MS);
            await one.compare();
            await daemon.ready(RESUME_MS);
            assert.equal((await daemon.stopTraced()).code, 0);
            const { stdout: hits } = spawnSync('grep', ['-c', 'INJECTED', log], { encoding: 'utf8' });
            assert.ok(Number(hits) >= 2, `${hits} calls failed`);
            await judge(one);
        });
    }
});

/** A small file system of its own: a process that holds it, and how to see and fill it. */
async function mountSmall(at, mebibytes) {
    const script = 'mount -t tmpfs -o size="$1"m none "$0" && exec sleep infinity';
    const holder = spawnTied('unshare', ['--mount', '--map-root-user', 'sh', '-c', script, at, String(mebibytes)], { stdio: ['ignore', 'inherit', 'inherit'] });
    const inside = `/proc/${holder.pid}/root${at}`;
    const isMounted = () => spawnSync('stat', ['-f', '-c', '%T', inside], { encoding: 'utf8' }).stdout.trim() === 'tmpfs';
    await eventually('the file system is mounted', () => isMounted(), 10_000);
    const ballast = path.join(inside, 'ballast');
    return {
        inside,
        through: ['nsenter', '--target', String(holder.pid), '--user', '--preserve-credentials', '--mount'],
        /** Leaves no byte free. */
        fill() {
            const file = openSync(ballast, 'a');
            const block = Buffer.alloc(4096);
            try {
                for (;;) writeSync(file, block);
            } catch (error) {
                assert.equal(error.code, 'ENOSPC');
            } finally {
                closeSync(file);
            }
        },
        free: () => rmSync(ballast, { force: true }),
        remount: (options) => spawnSync('nsenter', ['--target', String(holder.pid), '--user', '--preserve-credentials', '--mount', 'mount', '-o', `remount,${options}`, at], { stdio: 'inherit' }).status,
        unmount: () => holder.end('SIGKILL'),
    };
}

describe('on a file system of 4 MiB', () => {
    let disk;

    before(async () => {
        disk = await mountSmall(scene.daemon.state, 4);
        cpSync(template, disk.inside, { recursive: true });
        scene.receiver.arrivals = [...scene.arrivals];
    });

    after(() => disk?.unmount());

    test('a full disk stops nothing for good and loses nothing', { timeout: 240_000 }, async () => {
        const { daemon, market } = scene;
        daemon.start({ through: disk.through });
        await daemon.reached(market.chain.head(), REACH_MS);
        await daemon.drained(REACH_MS);
        for (let round = 0; round < 2; round++) {
            for (let i = 0; i < 5; i++) {
                disk.fill();
                await market.play();
            }
            // It gives back what it can do without, and uses that up first.
            await eventually('it is not ready', async () => {
                disk.fill();
                return !(await daemon.isReady());
            }, REACH_MS);
            assert.equal((await daemon.peek('/-/healthy')).status, 200);
            await pause(3_000);
            assert.ok(!daemon.hasEnded);
            disk.free();
            const freed = Date.now();
            await daemon.ready(RESUME_MS);
            await daemon.reached(market.chain.head(), RESUME_MS);
            assert.ok(Date.now() - freed <= RESUME_MS);
            await scene.compare();
        }
        await daemon.drained(REACH_MS);
        assert.equal(await daemon.stop(), 0);
        await judge(scene, disk.inside);
    });

    test('a state folder that cannot be written is told at the start', { timeout: 60_000 }, async () => {
        const { daemon } = scene;
        assert.equal(disk.remount('ro'), 0);
        daemon.start({ through: disk.through });
        assert.deepEqual(await daemon.ended(), { code: EXIT.permission, signal: null });
        assert.match(daemon.lastLines(3), /state/);
        assert.equal(disk.remount('rw'), 0);
    });
});

describe('a database that', () => {
    test('is damaged is set aside, told, and everything is read from the chain', { timeout: 120_000 }, async () => {
        const { daemon, market } = scene;
        restore();
        const file = openSync(path.join(daemon.state, 'state.db'), 'r+');
        writeSync(file, Buffer.alloc(40_000, 0xa5), 0, 40_000, 8192);
        closeSync(file);
        const archived = readdirSync(path.join(daemon.state, 'alerts'));
        daemon.start();
        await daemon.reached(market.chain.head(), REACH_MS);
        await scene.compare();
        assert.equal(readdirSync(daemon.state).filter((name) => /^state\.db\.bad-\w+$/.test(name)).length, 1);
        for (const day of archived) assert.ok(existsSync(path.join(daemon.state, 'alerts', day)));
        await daemon.drained(REACH_MS);
        const told = scene.receiver.arrivals.filter(({ type }) => type === 'daemon.state_lost');
        assert.equal(told.length, 1);
        assert.match(JSON.parse(told[0].body).data.text, /set aside/);
        assert.equal(await daemon.stop(), 0);

        // Told once, and the new one is good.
        daemon.start();
        await daemon.reached(market.chain.head(), REACH_MS);
        await daemon.drained(REACH_MS);
        assert.equal(await daemon.stop(), 0);
        const { alerts } = queryStore(daemon.state, { alerts: 'SELECT type FROM alert' });
        assert.equal(alerts.filter(({ type }) => type === 'daemon.state_lost').length, 1);
    });

    test('is of a newer version is left alone', { timeout: 60_000 }, async () => {
        const { daemon } = scene;
        restore();
        spawnSync('sqlite3', [path.join(daemon.state, 'state.db'), "UPDATE meta SET v = '999' WHERE k LIKE '%schema%'"]);
        const before = queryStore(daemon.state, { meta: 'SELECT * FROM meta ORDER BY k' });
        daemon.start();
        assert.deepEqual(await daemon.ended(), { code: EXIT.stateData, signal: null });
        assert.match(daemon.lastLines(3), /newer/);
        assert.deepEqual(queryStore(daemon.state, { meta: 'SELECT * FROM meta ORDER BY k' }), before);
    });

    test('is no database at all is set aside', { timeout: 60_000 }, async () => {
        const { daemon, market } = scene;
        restore();
        for (const ending of ['-wal', '-shm']) rmSync(path.join(daemon.state, `state.db${ending}`), { force: true });
        writeFileSync(path.join(daemon.state, 'state.db'), 'this is not a database '.repeat(100));
        daemon.start();
        await daemon.reached(market.chain.head(), REACH_MS);
        await scene.compare();
        assert.equal(await daemon.stop(), 0);
    });
});
