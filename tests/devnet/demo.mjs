#!/usr/bin/env node
// The demonstration: local chains with the real Aave V3 contracts and, as a TRON node shows it, a market
// of JustLend's shape; the real ETH closes of 25 January to 12 February 2026; and the daemon watching.
//
//   node tests/devnet/demo.mjs [--binary build/plimsoll] [--pace SECONDS] [--accounts N]
//        [--release 3.0|latest|both] [--folder build/demo] [--all-alerts] [--once]

import { existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import { startAnvil } from './anvil.mjs';
import { MULTICALL3 } from './chain.mjs';
import { judge } from './demo_check.mjs';
import { assertFree, configuration, filesIn, leaveFolder, makeSecrets, takeFolder } from './demo_config.mjs';
import { DEFAULT_LISTEN, DaemonDied, DemoDaemon, chooseListen } from './demo_daemon.mjs';
import { nextLines } from './demo_next.mjs';
import { liquidationEvents, playBlock } from './demo_play.mjs';
import { readCloses } from './demo_prices.mjs';
import { Receiver } from './demo_receiver.mjs';
import { Screen, bold, priceText, shortDate } from './demo_screen.mjs';
import { Story } from './demo_story.mjs';
import { buildTronWorld } from './demo_tron.mjs';
import { DEMO_GENESIS, FEWEST_ACCOUNTS, buildDemoWorld } from './demo_world.mjs';
import { toBase58 } from './tron_base58.mjs';
import { TRON_MAINNET, startTronGateway } from './tron_gateway.mjs';
import { shownOnTron } from './tron_view.mjs';

const REPOSITORY = path.join(path.dirname(fileURLToPath(import.meta.url)), '../..');
const SEED = 'demo';
const READY_MS = 300_000;
const IDLE_SECONDS_PER_BLOCK = 5;
const SIGNAL_MS = 300;

const CHAINS = {
    '3.0': { name: 'devnet30', protocol: 'aave-v3-devnet30', chainId: 31330, release: '3.0' },
    latest: { name: 'devnet', protocol: 'aave-v3-devnet', chainId: 31337, release: 'latest' },
};
const TRON = { name: 'tron', protocol: 'justlend', chainId: TRON_MAINNET };

const USAGE = `usage: demo.mjs [options]
  --binary FILE     the daemon (default build/plimsoll)
  --pace SECONDS    time a day of prices takes (default 4)
  --accounts N      accounts on each chain (default 200, at least ${FEWEST_ACCOUNTS})
  --release R       of Aave: 3.0, latest, or both (default both)
  --folder DIR      where everything is written (default build/demo)
  --all-alerts      a line for every alert; else the many small ones are counted
  --once            check what was seen and end when the prices have been played`;

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

class UsageError extends Error {}

function readArguments(argv) {
    const options = {
        binary: { type: 'string', default: path.join(REPOSITORY, 'build/plimsoll') },
        pace: { type: 'string', default: '4' },
        accounts: { type: 'string', default: '200' },
        release: { type: 'string', default: 'both' },
        folder: { type: 'string', default: path.join(REPOSITORY, 'build/demo') },
        'all-alerts': { type: 'boolean', default: false },
        once: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
    };
    let values;
    try {
        ({ values } = parseArgs({ args: argv, options }));
    } catch (error) {
        throw new UsageError(error.message);
    }
    const pace = Number(values.pace);
    const accounts = Number(values.accounts);
    if (!(pace >= 0 && pace <= 3600)) throw new UsageError('--pace takes seconds from 0 to 3600');
    if (!Number.isInteger(accounts) || accounts < FEWEST_ACCOUNTS || accounts > 5_000) {
        throw new UsageError(`--accounts takes a whole number from ${FEWEST_ACCOUNTS} to 5000`);
    }
    if (values.release !== 'both' && !(values.release in CHAINS)) throw new UsageError('--release takes 3.0, latest or both');
    const releases = values.release === 'both' ? Object.keys(CHAINS) : [values.release];
    return { ...values, binary: path.resolve(values.binary), pace, accounts, releases };
}

class Demo {
    anvils = [];
    gateway = null;
    daemon = null;
    receiver = null;
    story = null;
    account = null;
    isOwner = false;

    constructor(options) {
        this.options = options;
        this.files = filesIn(path.resolve(options.folder));
        this.screen = new Screen({ showsAll: options['all-alerts'] });
    }

    async run() {
        const { screen, options, files } = this;
        if (!existsSync(options.binary)) throw new Error(`there is no ${options.binary}; build it with scripts/build.sh`);
        const earlier = assertFree(files) ? '; what an earlier one left there is removed' : '';
        screen.step(`The demonstration writes to ${path.relative(process.cwd(), files.folder) || '.'}${earlier}`);
        takeFolder(files);
        this.isOwner = true;
        const closes = readCloses();
        const chains = await this.startChains(closes[0]);
        await this.startDaemon(chains);
        await Promise.race([this.daemon.died, this.tell(chains, closes)]);
        return this.options.once ? this.check() : 0;
    }

    async startChains({ price }) {
        const chains = [await this.startTron(price)];
        for (const release of this.options.releases) {
            const chain = CHAINS[release];
            this.screen.step(`Starting ${bold(chain.name)}, a local chain with the contracts of Aave V3 (${release})`);
            const say = this.stopwatch();
            const anvil = await startAnvil({ timestamp: DEMO_GENESIS, chainId: chain.chainId });
            this.anvils.push(anvil);
            const { accounts } = this.options;
            const world = await buildDemoWorld(anvil.chain, { release, seed: SEED, accounts, price, say });
            chains.push({
                ...{ ...chain, world, chainKind: 'evm', kind: 'aave-v3', url: anvil.url, address: world.market.provider.address },
                play: (what) => playBlock(world, what),
                shown: (block) => block,
                liquidations: () => liquidationEvents(world),
            });
        }
        return chains;
    }

    async startTron(price) {
        this.screen.step(`Starting ${bold(TRON.name)}, a market of JustLend's shape on a chain that looks like TRON`);
        const anvil = await startAnvil({ timestamp: DEMO_GENESIS, chainId: TRON.chainId });
        this.anvils.push(anvil);
        const accounts = Math.ceil(this.options.accounts / 2);
        const world = await buildTronWorld(anvil.chain, { seed: SEED, accounts, price, say: this.stopwatch() });
        this.gateway = await startTronGateway({ rpcUrl: anvil.url, events: [world.market.cToken('USDT').iface] });
        return {
            ...{ ...TRON, world, chainKind: 'tron', kind: 'compound-v2', url: this.gateway.url },
            address: toBase58(world.market.comptroller.address),
            keys: `multicall = "${toBase58(MULTICALL3)}"\n`,
            play: (what) => world.play(what),
            shown: shownOnTron,
            liquidations: () => world.liquidationEvents(),
        };
    }

    /** Tells lines with the seconds since now. */
    stopwatch() {
        const started = Date.now();
        return (line) => this.screen.say(`    [${((Date.now() - started) / 1000).toFixed(1).padStart(4)} s] ${line}`);
    }

    async startDaemon(chains) {
        const { screen, files, options } = this;
        const { secret, signer } = makeSecrets(files);
        this.receiver = new Receiver({ secret, signer });
        this.receiver.on('alert', (alert) => screen.take(alert));
        await this.receiver.listen();
        const listen = await chooseListen();
        if (listen !== DEFAULT_LISTEN) screen.say(`    ${DEFAULT_LISTEN} is taken, so the daemon listens on ${listen}`);
        writeFileSync(files.config, configuration({ files, listen, webhook: this.receiver.url, signer, chains }));

        this.daemon = new DemoDaemon({ binary: options.binary, files, listen });
        screen.step(`Starting the daemon on ${bold(this.daemon.url)}; its alerts are signed by ${signer}`);
        this.daemon.start();
    }

    async tell(chains, closes) {
        const { screen, daemon, receiver, options } = this;
        const started = Date.now();
        const story = new Story({ chains, closes, daemon, receiver, screen, secondsPerDay: options.pace });
        this.story = story;
        await daemon.reached(story.heads(), READY_MS, (status) => this.showScan(status));
        screen.step(`Every loan is known after ${((Date.now() - started) / 1000).toFixed(1)} s`);
        const [first, last] = [closes[1], closes.at(-1)];
        screen.step(
            `Playing the ETH closes of ${shortDate(first.date)} to ${shortDate(last.date)} 2026, ${options.pace} s a day, beginning at ${priceText(closes[0].price)} USD`,
        );
        await story.opening();
        await story.play();
        await this.saveLast();
        if (options.once) return;
        this.showNext();
        screen.say();
        screen.step(`All prices are played. Blocks go on slowly, every ${IDLE_SECONDS_PER_BLOCK} s; Ctrl-C ends it`);
        await story.goOn(IDLE_SECONDS_PER_BLOCK);
    }

    showScan({ protocols }) {
        const scans = protocols.map(({ name, scan }) => {
            const done = scan.total > 0 ? ` ${scan.done} of ${scan.total}` : '';
            const eta = scan.eta_seconds === null ? '' : `, about ${scan.eta_seconds} s left`;
            return `${name}: ${scan.stage || 'starting'}${done}${eta}`;
        });
        const stage = protocols.map(({ scan }) => scan.stage).join();
        this.screen.progress(stage, scans.join('; '));
    }

    /** Tables of the last block for those who look later, and an account worth explaining. */
    async saveLast() {
        if (!this.story || !this.daemon.isRunning) return;
        try {
            await this.daemon.command('snapshot', 'now');
            this.account = riskiest(await this.daemon.rows('positions'));
        } catch (error) {
            this.screen.say(`    no snapshot of the last block: ${error.message}`);
        }
    }

    showNext() {
        const { files, options, daemon, account, screen } = this;
        screen.say();
        const url = daemon?.isRunning ? daemon.url : null;
        for (const line of nextLines({ files, binary: options.binary, url, account })) screen.say(line);
    }

    async check() {
        this.screen.say();
        this.screen.step('What was seen');
        const found = await judge(this);
        for (const { claim, isTrue, detail } of found) this.screen.say(`    ${isTrue ? 'yes' : bold('NO ')} ${claim} (${detail})`);
        const missing = found.filter(({ isTrue }) => !isTrue);
        this.screen.step(missing.length === 0 ? 'Everything as it should be' : `${missing.length} of ${found.length} claims do not hold`);
        return missing.length === 0 ? 0 : 1;
    }

    async interrupt() {
        this.screen.say();
        this.screen.step('Stopping');
        // What still runs has nothing to tell any more.
        this.screen.isClosed = true;
        this.daemon?.hold(false);
        await this.saveLast();
    }

    /** The daemon first, so that it does not miss its chains. */
    async stop() {
        const code = this.daemon ? await this.daemon.stop() : 0;
        this.receiver?.close();
        this.gateway?.stop();
        for (const anvil of this.anvils) await anvil.stop();
        if (this.isOwner) leaveFolder(this.files);
        return code;
    }

    explain(error) {
        process.stderr.write(`\ndemo: ${error.message}\n`);
        if (!this.daemon) return;
        process.stderr.write(`The last lines of ${this.files.log}:\n${this.daemon.lastLines()}\n`);
        if (!(error instanceof DaemonDied) && process.env.PLIMSOLL_DEMO_TRACE) process.stderr.write(`${error.stack}\n`);
    }
}

/** The account whose health factor is the least of those that still hold. */
function riskiest(rows) {
    const known = rows.filter(({ health_factor: health, liquidatable }) => health && !liquidatable);
    known.sort((a, b) => (BigInt(a.health_factor) < BigInt(b.health_factor) ? -1 : 1));
    return known[0]?.account ?? null;
}

/** Resolves with the name of the first signal; a second one ends everything at once. */
function interruption() {
    return new Promise((resolve) => {
        let isFirst = true;
        for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
            process.on(name, () => {
                if (!isFirst) process.exit(1);
                isFirst = false;
                resolve(name);
            });
        }
        // Whoever read along is gone.
        process.stdout.on('error', () => resolve('EPIPE'));
    });
}

async function main(argv) {
    const options = readArguments(argv);
    if (options.help) {
        process.stdout.write(`${USAGE}\n`);
        return 0;
    }
    const demo = new Demo(options);
    const interrupted = interruption();
    let code = 0;
    try {
        const outcome = await Promise.race([demo.run(), interrupted]);
        if (typeof outcome === 'number') code = outcome;
        else await demo.interrupt();
    } catch (error) {
        // Ctrl-C reaches the chains too, and their end may be noticed before the signal.
        if (await Promise.race([interrupted, pause(SIGNAL_MS)])) {
            await demo.interrupt();
        } else {
            demo.explain(error);
            code = 1;
        }
    }
    demo.screen.isClosed = true;
    const daemonCode = await demo.stop();
    demo.screen.isClosed = false;
    if (daemonCode !== 0 && code === 0) {
        process.stderr.write(`demo: the daemon did not stop cleanly (${daemonCode ?? 'killed'})\n`);
        code = 1;
    }
    if (demo.story && code === 0) demo.showNext();
    return code;
}

try {
    process.exit(await main(process.argv.slice(2)));
} catch (error) {
    process.stderr.write(error instanceof UsageError ? `${error.message}\n${USAGE}\n` : `demo: ${error.message}\n`);
    process.exit(error instanceof UsageError ? 64 : 1);
}
