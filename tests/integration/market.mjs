// A small real market with the daemon on it, for tests that look at the daemon from outside.

import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { freePort, startAnvil } from '../devnet/anvil.mjs';
import { GENESIS, buildWorld } from '../devnet/world.mjs';
import { Daemon } from '../differential/daemon.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

export const BINARY = process.env.PLIMSOLL_BIN ?? path.join(ROOT, 'build/plimsoll');

const DEADLINE_MS = 60_000;

/**
 * `endpointOf` may put a proxy, or several, between node and daemon; `moreConfiguration(folder)` is put behind the
 * daemon's configuration.
 */
export async function startMarket({
    release = 'latest',
    accounts = 60,
    seed = 1,
    endpointOf = (url) => url,
    moreConfiguration = () => '',
}) {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'plimsoll-test-'));
    const anvil = await startAnvil({ chainId: 31337, timestamp: GENESIS });
    const world = await buildWorld(anvil.chain, { release, seed, accounts });
    const daemon = new Daemon({
        binary: BINARY,
        folder,
        port: await freePort(),
        endpoint: await endpointOf(anvil.url),
        chainId: 31337,
        provider: world.market.provider.address,
    });
    appendFileSync(daemon.config, moreConfiguration(folder));
    daemon.start();
    const market = {
        folder,
        anvil,
        world,
        daemon,
        /** Waits until the daemon has processed the newest block. */
        settled: () => daemon.reached(anvil.chain.head(), DEADLINE_MS),
        async mineQuietBlock() {
            await anvil.chain.mine();
            return market.settled();
        },
        async stop() {
            await daemon.kill();
            await anvil.stop();
            rmSync(folder, { recursive: true, force: true });
        },
    };
    await market.settled();
    return market;
}
