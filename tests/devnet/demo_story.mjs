// The story: nineteen days of real closes on every chain, told block by block, with the daemon
// reading along.

import { BANDS } from './demo_config.mjs';
import { mark, playBlock, takeBack } from './demo_play.mjs';
import { between } from './demo_prices.mjs';
import { bold, dim, shortAccount, shortDate } from './demo_screen.mjs';
import { RESCUED_AT } from './demo_world.mjs';
import { PRICE_UNIT } from './listings.mjs';

/** Blocks of a day. */
const PARTS = 6;
const PART_SECONDS = 86_400 / PARTS;
/** Part of the day after which the blocks since its beginning are orphaned. */
const ORPHANED_PARTS = 5;
/** The liquidator comes in the second block; in the other branch the owner has paid by then. */
const RESCUE_PART = 2;

const ROUND_MS = 120_000;
const DELIVERY_MS = 15_000;
const IDLE_ROW_BLOCKS = 12;

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, Math.max(0, ms)));

export class Story {
    reorganisation = null;
    keepsTables = true;

    /** `chains`: [{name, protocol, world, play, shown}]; the last one, an Aave market, is reorganised. */
    constructor({ chains, closes, daemon, receiver, screen, secondsPerDay }) {
        Object.assign(this, { chains, closes, daemon, receiver, screen });
        this.partMs = (secondsPerDay * 1000) / PARTS;
        this.price = closes[0].price;
    }

    heads() {
        return this.chains.map(({ name, world, shown }) => ({ name, ...shown(world.chain.head()) }));
    }

    /** Every chain is processed up to its head, and what there was to tell has been told. */
    async caughtUp() {
        await this.daemon.reached(this.heads(), ROUND_MS);
        await this.daemon.quiet(DELIVERY_MS);
    }

    /** What held already when the daemon came. */
    async opening() {
        await this.daemon.quiet(DELIVERY_MS);
        await this.tell('at start');
    }

    async play() {
        for (let day = 1; day < this.closes.length; day++) {
            await this.playDay(this.closes[day - 1].price, this.closes[day]);
        }
        this.screen.showAlerts({ isLast: true });
    }

    async playDay(from, { date, price }) {
        const crossed = BigInt(RESCUED_AT) * PRICE_UNIT;
        const isReorganised = this.reorganisation === null && from > crossed && price < crossed;
        const prices = Array.from({ length: PARTS }, (_, i) => between(from, price, i + 1, PARTS));
        const start = isReorganised ? await mark(this.reorganised) : null;
        for (let part = 1; part <= PARTS; part++) {
            const started = Date.now();
            await this.playBlocks({ seconds: PART_SECONDS, price: prices[part - 1] });
            await this.caughtUp();
            await pause(started + this.partMs - Date.now());
            this.screen.showAlerts();
            if (isReorganised && part === ORPHANED_PARTS) await this.reorganise(start, prices);
        }
        this.price = price;
        await this.tell(shortDate(date));
        await this.keepTables();
    }

    /** The tables at the end of every day, for those who look at the files later. */
    async keepTables() {
        if (!this.keepsTables) return;
        try {
            await this.daemon.command('snapshot', 'now');
        } catch (error) {
            this.keepsTables = false;
            this.screen.say(`    no snapshots at the end of the days: ${error.message}`);
        }
    }

    /** One block on every chain. */
    async playBlocks(what) {
        await Promise.all(this.chains.map(({ play }) => play(what)));
    }

    get reorganised() {
        return this.chains.at(-1).world;
    }

    /** The day so far is orphaned on one chain and played again from the same parent. */
    async reorganise(start, prices) {
        const { screen, receiver, daemon, reorganised } = this;
        const { name, protocol } = this.chains.at(-1);
        const { chain, rescued } = reorganised;
        const orphaned = chain.head();
        const depth = orphaned.number - start.number;
        const told = await this.alertSoon(({ type, data }) => {
            return type === 'position.liquidated.fired' && data.protocol === protocol && data.subject === rescued;
        });
        this.reorganisation = { name, depth, liquidation: told?.id ?? null };
        screen.showAlerts({ isLast: true });
        const before = receiver.alerts.size;
        // A node changes to another branch at once; here that takes a moment, and nobody looks.
        daemon.hold(true);
        await takeBack(reorganised, start);
        for (let part = 1; part <= ORPHANED_PARTS; part++) {
            const block = { seconds: PART_SECONDS, price: prices[part - 1] };
            await playBlock(reorganised, { ...block, isRescued: true, isRescueDue: part === RESCUE_PART });
        }
        daemon.hold(false);
        screen.say();
        screen.step(`${bold('Reorganisation')}: blocks ${start.number + 1} to ${orphaned.number} of ${name} are orphaned, ${depth} others take their place.`);
        screen.say(`    In the orphaned ones ${shortAccount(rescued)} was liquidated; in the new ones it repaid in time.`);
        await this.caughtUp();
        if (told) await this.alertSoon(({ data }) => data.retracts === told.id);
        screen.showAlerts({ isLast: true });
        const answers = [...receiver.alerts.values()].slice(before).map(({ type }) => type.split('.').at(-1));
        const count = (state) => answers.filter((one) => one === state).length;
        screen.say(dim(`    Of the alerts about them ${count('retracted')} are retracted and ${count('updated')} updated.`));
        screen.say();
    }

    /** Waits for an alert at the receiver; answers it, or null when it does not come. */
    async alertSoon(isWanted) {
        for (const deadline = Date.now() + DELIVERY_MS; Date.now() < deadline; await pause(20)) {
            const found = [...this.receiver.alerts.values()].find(isWanted);
            if (found) return found;
        }
        return null;
    }

    /** Blocks go on slowly, prices hardly move. Never ends by itself. */
    async goOn(secondsPerBlock) {
        const { rng } = this.reorganised;
        for (let block = 1; ; block++) {
            await pause(secondsPerBlock * 1000);
            const price = this.price + (this.price * BigInt(rng.between(-15, 15))) / 10_000n;
            await this.playBlocks({ seconds: 12, price });
            await this.caughtUp();
            this.screen.showAlerts();
            if (block % IDLE_ROW_BLOCKS === 0) await this.tell(`block ${this.reorganised.chain.number}`);
        }
    }

    /** One row: all chains together, as the daemon sees them. */
    async tell(label) {
        const [tvl, bands, liquidations] = await Promise.all(
            ['tvl', 'bands', 'liquidations'].map((table) => this.daemon.rows(table)),
        );
        this.screen.showAlerts({ isLast: true });
        this.screen.row({
            label,
            price: this.reorganised.market.price('WETH'),
            loans: sum(tvl, 'borrowers'),
            atRisk: sum(tvl, 'positions_at_risk'),
            liquidatable: sum(tvl, 'liquidatable'),
            bands: Object.keys(BANDS).map((name) => bandOf(bands, name)),
            liquidations: liquidations.length,
            debt: sum(liquidations, 'debt_usd'),
        });
    }
}

const sum = (rows, column) => rows.reduce((total, row) => total + (row[column] ?? 0), 0);

function bandOf(rows, name) {
    const own = rows.filter(({ band }) => band === name);
    const distance = own[0]?.distance_pct ?? '?';
    return { ...BANDS[name], positions: sum(own, 'positions'), usd: sum(own, 'collateral_usd'), distance };
}
