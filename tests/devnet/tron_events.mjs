// TronGrid's pages of a contract's events: decoded by name, paged by a fingerprint.

import { toBase58 } from './tron_base58.mjs';
import { bare } from './tron_view.mjs';

const DEFAULT_LIMIT = 20;

const refuse = (status, error) => ({ status, body: { success: false, error, statusCode: status } });

/** The parameters that a fingerprint belongs to: all but itself. */
const scopeOf = (query) => [...query].filter(([name]) => name !== 'fingerprint').map(String).sort().join('&');

const encode = (place) => Buffer.from(JSON.stringify(place)).toString('base64url');

function decode(text) {
    try {
        return JSON.parse(Buffer.from(text, 'base64url').toString());
    } catch {
        return null;
    }
}

export async function eventPage({ view, events, faults }, contract, url) {
    if (!contract) return refuse(400, 'Invalid contract address provided.');
    const query = url.searchParams;
    const number = (name, otherwise) => Number(query.get(name) ?? otherwise);
    const limit = Math.min(number('limit', DEFAULT_LIMIT), faults.largestPage);
    let start = 0;
    if (query.has('fingerprint')) {
        const place = decode(query.get('fingerprint'));
        if (place?.scope !== scopeOf(query)) {
            return refuse(400, 'Invalid query filter(s)!: [fingerprint does not match current set of params]');
        }
        start = place.start;
    }
    const rows = await matching(view, events, contract, query, faults);
    const page = rows.slice(start, start + limit);
    const meta = { at: Date.now(), page_size: page.length };
    if (start + limit < rows.length && !faults.losesFingerprint) {
        meta.fingerprint = encode({ scope: scopeOf(query), start: start + limit });
        const next = new URL(url);
        next.searchParams.set('fingerprint', meta.fingerprint);
        meta.links = { next: next.href };
    }
    return { body: { data: page, success: true, meta } };
}

async function matching(view, events, contract, query, faults) {
    const [head, solid] = [await view.head(), await view.solid()];
    const isTrue = (name) => query.get(name) === 'true';
    const to = Math.min(isTrue('only_confirmed') ? solid : head, head - faults.lateEvents);
    const logs = to < 0 ? [] : await view.logs({ from: 0, to, addresses: [contract] });
    const places = new Map();
    const rows = logs.map((log) => {
        const index = places.get(log.transactionHash) ?? 0;
        places.set(log.transactionHash, index + 1);
        return row(log, index, events, Number(log.blockNumber) > solid);
    });
    const least = Number(query.get('min_block_timestamp') ?? 0);
    const most = Number(query.get('max_block_timestamp') ?? Number.MAX_SAFE_INTEGER);
    const wanted = rows.filter(
        (one) =>
            one.block_timestamp >= least &&
            one.block_timestamp <= most &&
            (!query.has('event_name') || one.event_name === query.get('event_name')) &&
            (!query.has('block_number') || one.block_number === Number(query.get('block_number'))) &&
            (!isTrue('only_unconfirmed') || one._unconfirmed),
    );
    return (query.get('order_by') ?? 'block_timestamp,desc').endsWith('asc') ? wanted : wanted.reverse();
}

function row(log, index, events, isUnconfirmed) {
    const parsed = events.map((one) => one.parseLog(log)).find(Boolean);
    const result = {};
    const types = {};
    parsed?.fragment.inputs.forEach((input, i) => {
        const value = parsed.args[i];
        const text = input.type === 'address' ? value.toLowerCase() : String(value);
        result[i] = text;
        result[input.name || i] = text;
        types[input.name || i] = input.type;
    });
    const contract = toBase58(log.address);
    return {
        block_number: Number(log.blockNumber),
        block_timestamp: Number(log.blockTimestamp) * 1000,
        caller_contract_address: contract,
        contract_address: contract,
        event_index: index,
        event_name: parsed?.name ?? '',
        result,
        result_type: types,
        event: parsed?.fragment.format('full').replace(/^event /, '') ?? '',
        transaction_id: bare(log.transactionHash),
        ...(isUnconfirmed && { _unconfirmed: true }),
    };
}
