// Multicall3 aggregate3, pinned at a block hash; written out by hand because a world needs
// thousands of calls per block and a general ABI encoder is slow at that.

import { MULTICALL3 } from './chain.mjs';

const AGGREGATE3 = '82ad56cb';
const CHUNK = 200;

const word = (value) => BigInt(value).toString(16).padStart(64, '0');

export const pinned = (hash) => ({ blockHash: hash, requireCanonical: true });

/** Calls are `[target, data]`. Answers the return data of each, or null where it reverted. */
export async function aggregate(rpc, calls, blockHash) {
    const requests = [];
    for (let at = 0; at < calls.length; at += CHUNK) {
        const data = encodeAggregate(calls.slice(at, at + CHUNK));
        requests.push(['eth_call', [{ to: MULTICALL3, data }, pinned(blockHash)]]);
    }
    const answers = await rpc.batch(requests);
    return answers.flatMap(decodeAggregate);
}

export function encodeAggregate(calls) {
    const heads = [];
    const bodies = [];
    let offset = calls.length * 32;
    for (const [target, data] of calls) {
        const hex = data.slice(2);
        const padded = hex.padEnd(Math.ceil(hex.length / 64) * 64, '0');
        const body = target.slice(2).toLowerCase().padStart(64, '0') + word(1) + word(0x60) + word(hex.length / 2) + padded;
        heads.push(word(offset));
        bodies.push(body);
        offset += body.length / 2;
    }
    return `0x${AGGREGATE3}${word(0x20)}${word(calls.length)}${heads.join('')}${bodies.join('')}`;
}

export function decodeAggregate(answer) {
    const number = (at) => parseInt(answer.substr(2 + at * 2, 64), 16);
    const array = number(0);
    const count = number(array);
    const first = array + 32;
    const out = [];
    for (let i = 0; i < count; i++) {
        const at = first + number(first + i * 32);
        const ok = number(at) === 1;
        const data = at + number(at + 32);
        const length = number(data);
        out.push(ok ? '0x' + answer.substr(2 + (data + 32) * 2, length * 2) : null);
    }
    return out;
}

/** The 32-byte words of an answer as integers. */
export function words(data) {
    const out = [];
    for (let at = 2; at < data.length; at += 64) out.push(BigInt('0x' + data.slice(at, at + 64)));
    return out;
}

export const oneWord = (data) => (data === null || data === '0x' ? null : BigInt(data.slice(0, 66)));
