// What the person sees: days as rows of a table, alerts as lines in between. Colours only on a
// terminal.

const isTerminal = Boolean(process.stdout.isTTY) && !process.env.NO_COLOR;
const paint = (code) => (text) => (isTerminal ? `\x1b[${code}m${text}\x1b[0m` : text);

export const bold = paint('1');
export const dim = paint('2');
const red = paint('31');
const green = paint('32');
const yellow = paint('33');
const blue = paint('34');
const magenta = paint('35');

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

const ROWS_PER_HEADER = 10;

/** "2026-02-05" or "2026-02-05T04:00:00Z" as "5 Feb" or "5 Feb 04:00". */
export function shortDate(text) {
    const [, month, day, time] = text.match(/^\d{4}-(\d\d)-(\d\d)(?:T(\d\d:\d\d))?/);
    return `${Number(day)} ${MONTHS[Number(month) - 1]}${time ? ` ${time}` : ''}`;
}

export const shortAccount = (address) => `${address.slice(0, 6)}...${address.slice(-4)}`;

const grouped = (digits) => digits.replace(/\B(?=(\d{3})+(?!\d))/g, ',');

/** An integer with 8 decimals as "2,814.28". */
export function priceText(price) {
    const cents = price / 10n ** 6n;
    return `${grouped(String(cents / 100n))}.${String(cents % 100n).padStart(2, '0')}`;
}

const millions = (usd) => `${(usd / 1e6).toFixed(1)} M`;

const MARKS = { firing: '▲', fired: '■', repeated: '●', updated: '●', resolved: '✓', retracted: '✗' };

/** In the order in which they are counted. */
const NOUNS = [
    ['position.liquidated.fired', 'liquidated'],
    ['position.liquidatable.firing', 'liquidatable'],
    ['position.at_risk.firing', 'at risk'],
    ['retracted', 'retracted'],
    ['updated', 'updated'],
    ['repeated', 'repeated'],
    ['resolved', 'resolved'],
];

const stateOf = ({ type }) => type.split('.').at(-1);
const isAboutPosition = ({ type }) => type.startsWith('position.');
const isNews = (alert) => ['firing', 'fired', 'retracted'].includes(stateOf(alert));

function markOf(alert) {
    const state = stateOf(alert);
    const mark = MARKS[state] ?? '·';
    if (state === 'retracted') return magenta(mark);
    if (state === 'resolved') return green(mark);
    if (state !== 'firing') return blue(mark);
    return alert.data.severity === 'critical' ? red(mark) : yellow(mark);
}

/** The sum at stake, to tell the large from the small. */
function sizeOf({ data }) {
    return Number(data.debt_usd?.raw ?? 0);
}

export class Screen {
    #rows = 0;
    #alerts = [];
    #uncounted = [];
    #told = new Set();
    #isInPlace = false;
    isClosed = false;

    /** `showsAll`: a line for every alert, however many there are. */
    constructor({ showsAll = false } = {}) {
        this.showsAll = showsAll;
    }

    /** A line of its own. */
    say(line = '') {
        if (this.isClosed) return;
        if (this.#isInPlace) process.stdout.write('\r\x1b[2K');
        this.#isInPlace = false;
        process.stdout.write(`${line}\n`);
    }

    step(line) {
        this.say(`${bold('==>')} ${line}`);
    }

    /** Something that goes on: rewritten in place on a terminal, else told once per `stage`. */
    progress(stage, line) {
        if (this.isClosed) return;
        if (isTerminal) {
            process.stdout.write(`\r\x1b[2K    ${line}`);
            this.#isInPlace = true;
        } else if (!this.#told.has(stage)) {
            this.#told.add(stage);
            this.say(`    ${line}`);
        }
    }

    /** Keeps an alert for the next `showAlerts`. */
    take(alert) {
        this.#alerts.push(alert);
    }

    /** Lines for what matters; the rest is counted. `isLast`: leave nothing for later. */
    showAlerts({ isLast = false } = {}) {
        const alerts = this.#alerts;
        this.#alerts = [];
        const shown = this.showsAll ? new Set(alerts) : chosen(alerts);
        for (const alert of alerts) {
            if (shown.has(alert)) this.#line(alert);
        }
        const hidden = alerts.filter((alert) => !shown.has(alert));
        this.#uncounted.push(...hidden);
        if (this.#uncounted.length === 0 || !(isLast || hidden.some(isNews))) return;
        this.say(dim(`${''.padStart(14)}  … and ${counted(this.#uncounted)}`));
        this.#uncounted = [];
    }

    #line(alert) {
        const { severity, reason, title, subject } = alert.data;
        const when = shortDate(alert.timestamp).padStart(12);
        const whose = stateOf(alert) === 'retracted' && subject.startsWith('0x') ? `, ${shortAccount(subject)}` : '';
        const note = reason ? dim(` (${reason})`) : '';
        this.say(`${dim(when)}  ${markOf(alert)} ${severity.padEnd(8)} ${title}${whose}${note}`);
    }

    /** One row of the table: `bands` in the order of the header. */
    row({ label, price, loans, atRisk, liquidatable, bands, liquidations, debt }) {
        if (this.#rows++ % ROWS_PER_HEADER === 0) this.#header(bands);
        const cells = [
            label.padStart(12),
            priceText(price).padStart(9),
            String(loans).padStart(6),
            String(atRisk).padStart(8),
            String(liquidatable).padStart(13),
            ...bands.map(({ positions, usd, distance }) => `   ${String(positions).padStart(4)} ${millions(usd).padStart(8)} ${distance.padStart(8)} %`),
            `   ${String(liquidations).padStart(4)} ${millions(debt).padStart(8)}`,
        ];
        this.say(bold(cells.join('')));
    }

    #header(bands) {
        this.say();
        const titles = bands.map(({ low, high }) => `   ${`in ${grouped(String(low))} to ${grouped(String(high))}`.padEnd(24)}`);
        this.say(dim(`${''.padStart(48)}${titles.join('')}   liquidated so far`));
        const columns = bands.map(() => '   loans      USD  price away');
        this.say(dim(`         day      WETH loans at risk liquidatable${columns.join('')}   times debt USD`));
    }
}

/** Everything about bands and sources; of the news about positions the largest of each type. */
function chosen(alerts) {
    const shown = new Set(alerts.filter((alert) => !isAboutPosition(alert)));
    const largest = new Map();
    for (const alert of alerts.filter((one) => isAboutPosition(one) && isNews(one))) {
        const known = largest.get(alert.type);
        if (!known || sizeOf(alert) > sizeOf(known)) largest.set(alert.type, alert);
    }
    return new Set([...shown, ...largest.values()]);
}

function counted(alerts) {
    const left = alerts.map(({ type }) => type);
    const parts = NOUNS.map(([ending, noun]) => [left.filter((type) => type.endsWith(ending)).length, noun]);
    return parts.filter(([count]) => count > 0).map(([count, noun]) => `${count} ${noun}`).join(', ');
}
