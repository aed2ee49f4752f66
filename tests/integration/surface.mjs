// A market with liquidations and signed alerts, and the daemon on it as people and programs ask it: by
// commands and over HTTP.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

import { ETH_GROUP } from '../devnet/listings.mjs';
import { liquidateUnhealthy } from '../devnet/liquidator.mjs';
import { BINARY, startMarket } from './market.mjs';

export const run = (...args) => spawnSync(BINARY, args, { encoding: 'utf8', maxBuffer: 1 << 28 });
export const jsonLines = (text) => text.split('\n').filter(Boolean).map((line) => JSON.parse(line));

/** A market of 80 loans whose prices fall `falls` times, with a liquidator at work. */
export async function startSurface({ falls = 6 } = {}) {
    const scratch = mkdtempSync(path.join(os.tmpdir(), 'plimsoll-surface-'));
    const key = path.join(scratch, 'signing.key');
    const signer = JSON.parse(run('keygen', key, '--json').stdout).address;
    const market = await startMarket({
        accounts: 80,
        seed: 11,
        moreConfiguration: () => `[signing]\nkey = "\${file:${key}}"\nexpect_address = "${signer}"\n`,
    });
    const { world, daemon } = market;
    for (let i = 0; i < falls; i++) {
        for (const symbol of ETH_GROUP) {
            world.market.setPrice(symbol, (world.market.price(symbol) * 93n) / 100n);
        }
        await world.mine();
        await liquidateUnhealthy(world, 6);
        await world.mine();
        await market.settled();
    }
    const here = () => ['--config', daemon.config];
    const plimsoll = (...args) => {
        const done = run(...args, ...here());
        assert.equal(done.status, 0, `plimsoll ${args.join(' ')}: ${done.stderr}`);
        return done.stdout;
    };
    const get = async (target, init) => {
        const response = await fetch(daemon.base + target, { signal: AbortSignal.timeout(20_000), ...init });
        return { status: response.status, headers: response.headers, text: await response.text() };
    };
    return {
        market,
        scratch,
        signer,
        here,
        plimsoll,
        json: (...args) => jsonLines(plimsoll(...args, '--json')),
        get,
        getJson: async (target) => JSON.parse((await get(target)).text),
        alertFiles() {
            const root = path.join(market.folder, 'state/alerts');
            return readdirSync(root).map((date) => path.join(root, date, 'alerts.jsonl'));
        },
        async stop() {
            await market.stop();
            rmSync(scratch, { recursive: true, force: true });
        },
    };
}
