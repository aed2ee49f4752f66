// The demonstration's own judgement of what it has seen.

import { existsSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';

import { TABLES } from './demo_config.mjs';

const DELIVERY_MS = 30_000;
const FEWEST_ORPHANS = 4;

/** Every line of the archive. */
export function readArchive({ state }) {
    const folder = path.join(state, 'alerts');
    if (!existsSync(folder)) return [];
    return readdirSync(folder, { recursive: true })
        .filter((name) => name.endsWith('.jsonl'))
        .sort()
        .flatMap((name) => readFileSync(path.join(folder, name), 'utf8').trim().split('\n').filter(Boolean))
        .map((line) => JSON.parse(line));
}

/** Answers [{claim, isTrue, detail}]. */
/** The last alerts may still be on their way to one sink or the other. */
async function delivered(daemon) {
    for (const deadline = Date.now() + DELIVERY_MS; ; await new Promise((resolve) => setTimeout(resolve, 100))) {
        const status = await daemon.status();
        if (status.sinks.every(({ queued }) => queued === 0) || Date.now() > deadline) return status;
    }
}

export async function judge({ files, daemon, receiver, story }) {
    const status = await delivered(daemon);
    const archive = readArchive(files);
    const count = (pattern) => archive.filter(({ type }) => pattern.test(type)).length;
    const found = [];
    const say = (claim, isTrue, detail) => found.push({ claim, isTrue: Boolean(isTrue), detail: String(detail) });
    const atLeastOne = (claim, pattern) => say(claim, count(pattern) > 0, count(pattern));

    atLeastOne('bands were told to be approached or exposed', /^band\.(approached|exposure)\.firing$/);
    atLeastOne('loans were told to be liquidatable', /^position\.liquidatable\.firing$/);
    atLeastOne('liquidations were told', /^position\.liquidated\.fired$/);
    atLeastOne('alerts were retracted', /\.retracted$/);

    const { reorganisation } = story;
    const isTakenBack = archive.some(({ data }) => data.retracts && data.retracts === reorganisation?.liquidation);
    say('the reorganisation was deep enough', reorganisation?.depth >= FEWEST_ORPHANS, `${reorganisation?.depth} blocks`);
    say('the liquidation it orphaned was retracted', isTakenBack, reorganisation?.liquidation);

    const archived = new Map(archive.map((alert) => [alert.id, alert]));
    const unknown = missingFrom(archived, receiver.alerts);
    const unheard = missingFrom(receiver.alerts, archived);
    say('the receiver believed every delivery', receiver.deliveries > 0 && receiver.refused.length === 0, firstRefusal(receiver));
    say('the archive has what it got', unknown === 0, `${receiver.alerts.size} alerts, ${unknown} not in the archive`);
    say('it got what the archive has', unheard === 0, `${archived.size} alerts, ${unheard} never delivered`);
    say('no alert is in the archive twice', archived.size === archive.length, `${archive.length} lines`);

    for (const { name, state, reason, coverage, audit } of status.protocols) {
        say(`${name} is live`, state === 'live', [state, reason].filter(Boolean).join(': '));
        say(`${name} is covered`, coverage === '1.000000', coverage);
        say(`${name} was audited without a difference`, audit.checked > 0 && audit.mismatched === 0, `${audit.checked} checked, ${audit.mismatched} differ`);
    }
    const recorded = await daemon.rows('liquidations');
    for (const { protocol, liquidations } of story.chains) {
        const events = await liquidations();
        const rows = recorded.filter((row) => row.protocol === protocol);
        const keys = new Set(rows.map(({ tx, log_index: index }) => `${tx}/${index}`));
        const isSame = rows.length === events.length && events.every(({ tx, logIndex }) => keys.has(`${tx}/${logIndex}`));
        say(`${protocol} has the chain's liquidations`, isSame, `${rows.length} recorded, ${events.length} on chain`);
    }
    for (const { name } of story.chains) {
        const missing = missingTables(files, name);
        say(`snapshots of ${name} are there`, missing.length === 0, missing.length === 0 ? TABLES.join(', ') : `missing: ${missing.join(', ')}`);
    }
    return found;
}

/** How many are not there. An update that waits is left out when there is a newer one. */
function missingFrom(some, others) {
    const missing = [...others.values()].filter(({ id, type }) => !some.has(id) && !/\.(updated|repeated)$/.test(type));
    return missing.length;
}

function firstRefusal({ deliveries, refused }) {
    return `${deliveries} deliveries, ${refused.length} refused${refused.length > 0 ? `: ${refused[0].reason}` : ''}`;
}

/** Tables that latest.json does not name, or whose files are not there or hold something else. */
function missingTables({ state }, chain) {
    const folder = path.join(state, 'snapshots');
    const latest = path.join(folder, 'latest.json');
    if (!existsSync(latest)) return ['latest.json'];
    const files = JSON.parse(readFileSync(latest, 'utf8')).chains?.[chain]?.files ?? {};
    return TABLES.filter((table) => !(files[table]?.length > 0 && files[table].every((name) => isTable(state, folder, name))));
}

function isTable(state, folder, name) {
    const file = [folder, state, '/'].map((base) => path.resolve(base, name)).find(existsSync);
    if (!file) return false;
    for (const line of readFileSync(file, 'utf8').split('\n').filter(Boolean)) JSON.parse(line);
    return true;
}
