// Every address and function that ethers decodes it also hashes; half of a long test's time went there.
// What has been hashed once is known from then on. Import for the effect.

import { keccak256 } from 'ethers';

/** Names, signatures and addresses are shorter. */
const LONGEST_KEPT = 128;
const MOST_KEPT = 100_000;

const hash = keccak256._;
const known = new Map();

keccak256.register((data) => {
    if (data.length > LONGEST_KEPT) return hash(data);
    const key = Buffer.from(data).latin1Slice();
    let digest = known.get(key);
    if (digest === undefined) {
        if (known.size >= MOST_KEPT) known.clear();
        digest = hash(data);
        known.set(key, digest);
    }
    return digest;
});
