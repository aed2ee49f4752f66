#!/usr/bin/env node
// A stand-in for the daemon that answers what the contracts say, with one planted fault if
// PLIMSOLL_FAKE_FAULT names one (see faults.mjs). It lets the differential driver be tested from
// end to end without the thing it tests.

import { readFileSync } from 'node:fs';
import http from 'node:http';

import { Chain } from '../../devnet/chain.mjs';
import { Rpc } from '../../devnet/rpc.mjs';
import { FAULTS } from './faults.mjs';
import { perfectRows } from './rows.mjs';

const POLL_MS = 50;

/** Just enough TOML: `key = "text"` inside the section wanted. */
function setting(text, section, key) {
    const body = text.split(`[${section}]`)[1].split('\n[')[0];
    return body.match(new RegExp(`^${key} = \\[?"([^"]*)"`, 'm'))[1];
}

const config = readFileSync(process.argv[process.argv.indexOf('--config') + 1], 'utf8');
const names = { chainName: 'devnet', protocolName: 'aave-v3-devnet' };
const provider = setting(config, `protocols.${names.protocolName}`, 'address');
const chain = new Chain(new Rpc(setting(config, `chains.${names.chainName}`, 'endpoints')));
const port = Number(setting(config, 'daemon', 'http_listen').split(':')[1]);
const fault = FAULTS[process.env.PLIMSOLL_FAKE_FAULT ?? 'none'];

let current = null;

async function poll() {
    const head = await chain.sync();
    if (head.hash === current?.hash) return;
    const rows = await perfectRows(chain, provider, head, names);
    const revision = BigInt(await chain.read(rows.market.pool.address, '0x0148170e'));
    if (revision > 11n) rows.status.protocols[0].state = 'unverified';
    current = { hash: head.hash, rows: fault(rows) };
}

async function pollForEver() {
    for (;;) {
        try {
            await poll();
        } catch (error) {
            // The head may be orphaned while it is read; the next poll sees the new one.
            process.stderr.write(`${error.message}\n`);
        }
        await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
}

/** The cursor is the place of the next row. */
function page(rows, query) {
    const from = Number(query.get('cursor') ?? 0);
    const limit = Number(query.get('limit') ?? rows.length);
    const to = from + limit;
    return { block: { hash: current.hash }, rows: rows.slice(from, to), next: to < rows.length ? String(to) : null };
}

http.createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url, 'http://localhost');
    const table = pathname.match(/^\/v1\/(\w+)$/)?.[1];
    const found = pathname === '/status' ? current?.rows.status : current && table && page(current.rows[table], searchParams);
    response.writeHead(found ? 200 : 503, { 'content-type': 'application/json' });
    response.end(JSON.stringify(found ?? { error: 'not ready' }));
}).listen(port, '127.0.0.1');

pollForEver();
