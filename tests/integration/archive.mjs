// The archive of alerts below a test's folder, as a program would read it that follows it: a line that
// is being written does not count yet.

import { existsSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';

function completeLines(text) {
    return text.slice(0, text.lastIndexOf('\n') + 1).split('\n').filter(Boolean);
}

/** All alerts, the oldest first. */
export function archived(folder) {
    const root = path.join(folder, 'state/alerts');
    if (!existsSync(root)) return [];
    const days = readdirSync(root).sort().map((date) => path.join(root, date, 'alerts.jsonl'));
    return days.flatMap((file) => completeLines(readFileSync(file, 'utf8')).map((line) => JSON.parse(line)));
}
