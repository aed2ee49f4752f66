// What to look at and to type next.

import path from 'node:path';

import { bold, dim } from './demo_screen.mjs';

/** As short as the shell understands it from here. */
function nearby(file) {
    const relative = path.relative(process.cwd(), file);
    return relative.startsWith('..') ? file : relative;
}

/** `account` is one worth explaining; `url` is null once the daemon is stopped. */
export function nextLines({ files, binary, url, account }) {
    const plimsoll = nearby(binary);
    const config = `--config ${nearby(files.config)}`;
    const state = nearby(files.state);
    const lines = [
        bold('Files'),
        `  ${nearby(files.config).padEnd(44)} the configuration`,
        `  ${`${state}/alerts/date=*/alerts.jsonl`.padEnd(44)} every alert, signed`,
        `  ${`${state}/snapshots/latest.json`.padEnd(44)} the newest tables`,
        `  ${`${state}/state.db`.padEnd(44)} the store`,
        `  ${nearby(files.log).padEnd(44)} the daemon's log`,
        '',
        bold('Commands'),
        ...(url ? [`  ${plimsoll} status ${config}`] : []),
        `  ${plimsoll} positions --at-risk ${config}`,
        ...(account ? [`  ${plimsoll} explain ${account} ${config}`] : []),
        `  ${plimsoll} bands ${config}`,
        `  ${plimsoll} tvl ${config}`,
        `  ${plimsoll} liquidations --by side ${config}`,
        `  ${plimsoll} alerts ${config}`,
        '',
        bold('Other tools'),
        `  jq -r 'select(.type | endswith(".retracted")) | [.timestamp, .data.title] | @tsv' ${state}/alerts/*/alerts.jsonl`,
        `  duckdb -c "SELECT band, date, block, chain, price, positions, collateral_usd FROM read_json('${state}/snapshots/table=bands/*/*/*.jsonl') ORDER BY ALL"`,
    ];
    if (!url) return [...lines, '', dim('The daemon is stopped; these commands read its files.')];
    return [
        ...lines,
        '',
        bold('HTTP'),
        `  curl -s ${url}/status | jq .protocols`,
        `  curl -s '${url}/v1/positions?max_health_factor=1.05&limit=3' | jq .rows`,
        `  curl -s ${url}/v1/bands | jq '.rows[] | {protocol, band, positions, collateral_usd, distance_pct}'`,
    ];
}
