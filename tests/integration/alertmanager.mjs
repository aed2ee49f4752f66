// A real Prometheus Alertmanager on loopback, of the Debian package's binary.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { freePort } from '../devnet/anvil.mjs';
import { spawnTied } from '../devnet/tied.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const PLACES = [process.env.PLIMSOLL_ALERTMANAGER, '/usr/bin/prometheus-alertmanager', path.join(ROOT, 'build/tools/prometheus-alertmanager')];

const CONFIG = 'route:\n  receiver: nobody\nreceivers:\n  - name: nobody\n';

export class Alertmanager {
    #child = null;
    #config;
    #options;
    #folder = mkdtempSync(path.join(os.tmpdir(), 'plimsoll-alertmanager-'));

    constructor({ config = CONFIG, options = ['--cluster.listen-address='] } = {}) {
        this.#config = config;
        this.#options = options;
    }

    /** `config` is the text of its file, `options` more words of its command line: of no cluster, if not told. */
    static async start(settings) {
        const binary = PLACES.find((place) => place && existsSync(place));
        if (!binary) throw new Error('no prometheus-alertmanager; scripts/test.sh fetches it');
        const server = new Alertmanager(settings);
        server.binary = binary;
        server.port = await freePort();
        server.url = `http://127.0.0.1:${server.port}`;
        await server.restart();
        return server;
    }

    /** Starts it with nothing remembered. */
    async restart() {
        await this.kill();
        rmSync(path.join(this.#folder, 'data'), { recursive: true, force: true });
        await this.resume();
    }

    /** Starts it with what it kept. */
    async resume() {
        await this.kill();
        const config = path.join(this.#folder, 'alertmanager.yml');
        writeFileSync(config, this.#config);
        this.#child = spawnTied(this.binary, [
            `--config.file=${config}`, `--storage.path=${path.join(this.#folder, 'data')}`,
            `--web.listen-address=127.0.0.1:${this.port}`, '--log.level=error', ...this.#options,
        ], { stdio: 'ignore' });
        const deadline = Date.now() + 60_000;
        for (;;) {
            const isUp = await fetch(`${this.url}/-/ready`).then(({ ok }) => ok, () => false);
            if (isUp) return;
            if (this.#child.hasEnded() || Date.now() > deadline) throw new Error('Alertmanager does not start');
            await new Promise((resolve) => setTimeout(resolve, 50));
        }
    }

    async kill() {
        await this.#child?.end('SIGKILL');
    }

    /** Such as "alertmanager, version 0.25.0 (...)". */
    version() {
        return execFileSync(this.binary, ['--version'], { encoding: 'utf8' }).split('\n')[0];
    }

    /** What fires there, as its own API tells. */
    async firing() {
        const response = await fetch(`${this.url}/api/v2/alerts?active=true`, { signal: AbortSignal.timeout(10_000) });
        return (await response.json()).filter(({ endsAt }) => Date.parse(endsAt) > Date.now());
    }

    async stop() {
        await this.kill();
        rmSync(this.#folder, { recursive: true, force: true });
    }
}
