// TRON's addresses: base58check of 0x41 and 20 bytes.

import { createHash } from 'node:crypto';

const ALPHABET = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';
const sha256 = (bytes) => createHash('sha256').update(bytes).digest();
const checksum = (bytes) => sha256(sha256(bytes)).subarray(0, 4);

/** `0x` and 40 digits -> `T...` */
export function toBase58(address) {
    const payload = Buffer.from('41' + address.slice(2), 'hex');
    let rest = BigInt('0x' + Buffer.concat([payload, checksum(payload)]).toString('hex'));
    let out = '';
    for (; rest > 0n; rest /= 58n) out = ALPHABET[Number(rest % 58n)] + out;
    return out;
}

/** `T...`, `41...` or `0x...` -> `0x` and 40 lower-case digits; null for anything else. */
export function fromTron(text) {
    if (/^0x[0-9a-fA-F]{40}$/.test(text)) return text.toLowerCase();
    if (/^(0x)?41[0-9a-fA-F]{40}$/.test(text)) return '0x' + text.slice(-40).toLowerCase();
    if (!/^T[1-9A-HJ-NP-Za-km-z]{33}$/.test(text)) return null;
    const value = [...text].reduce((sum, digit) => sum * 58n + BigInt(ALPHABET.indexOf(digit)), 0n);
    const bytes = Buffer.from(value.toString(16).padStart(50, '0'), 'hex');
    const payload = bytes.subarray(0, 21);
    const isRight = bytes.length === 25 && payload[0] === 0x41 && checksum(payload).equals(bytes.subarray(21));
    return isRight ? '0x' + payload.subarray(1).toString('hex') : null;
}
