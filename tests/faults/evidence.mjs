// What a daemon leaves behind, read without it: its store, its archive, and a receiver's history.

import { execFileSync } from 'node:child_process';
import { copyFileSync, cpSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const MOST_BYTES = 1 << 30;

/** Every line of the archive in the order written: {text, alert}; `alert` is null where it is no JSON. */
export function readArchive(state) {
    const folder = path.join(state, 'alerts');
    if (!existsSync(folder)) return [];
    return readdirSync(folder, { recursive: true })
        .filter((name) => name.endsWith('.jsonl'))
        .sort()
        .flatMap((name) => {
            const text = readFileSync(path.join(folder, name), 'utf8');
            const lines = text.split('\n');
            // A whole file ends with a line feed; what follows the last one is a torn line.
            if (lines.at(-1) === '') lines.pop();
            return lines;
        })
        .map((text) => ({ text, alert: parsed(text) }));
}

function parsed(text) {
    try {
        return JSON.parse(text);
    } catch {
        return null;
    }
}

/**
 * Looks at copies, so that nothing is folded in or repaired in the original. Any number of queries
 * at one state: {name: sql} gives {name: rows}.
 */
export function queryStore(state, queries) {
    const copy = mkdtempSync(path.join(tmpdir(), 'plimsoll-evidence-'));
    try {
        for (const name of ['state.db', 'state.db-wal']) {
            if (existsSync(path.join(state, name))) copyFileSync(path.join(state, name), path.join(copy, name));
        }
        const ask = (sql) => {
            const args = ['-json', path.join(copy, 'state.db'), sql];
            const text = execFileSync('sqlite3', args, { maxBuffer: MOST_BYTES, encoding: 'utf8' });
            return text.trim() === '' ? [] : JSON.parse(text);
        };
        return Object.fromEntries(Object.entries(queries).map(([name, sql]) => [name, ask(sql)]));
    } finally {
        rmSync(copy, { recursive: true, force: true });
    }
}

/** Alerts in the order they were committed, messages in the order of the queue. */
export function readStore(state) {
    const { check, alerts, outbox } = queryStore(state, {
        check: 'PRAGMA integrity_check',
        alerts: `SELECT n, id, alert_key AS key, episode, seq, type, CAST(body AS TEXT) AS body, sig191 AS signature
                 FROM alert ORDER BY n`,
        outbox: `SELECT n, sink, id, alert_key AS key, state, attempts, dead_reason AS reason, collapsible
                 FROM outbox ORDER BY n`,
    });
    return { integrity: check.map((row) => row.integrity_check).join('; '), alerts, outbox };
}

/** A daemon's folder as it is, in place of what is there; sockets are no state. */
export function copyState(from, to) {
    rmSync(to, { recursive: true, force: true });
    cpSync(from, to, { recursive: true, filter: (name) => !name.endsWith('.sock') });
}

/** All of it, for `check`. */
export function gather({ state, receiver }) {
    return { ...readStore(state), archive: readArchive(state), arrivals: receiver.arrivals };
}
