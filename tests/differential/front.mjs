// What the daemon reads the chain through, and how its answers are laid beside what the EVM says: the
// chain itself, or the gateway to which it is a TRON node with ids, addresses and limits of its own.

import { MULTICALL3 } from '../devnet/chain.mjs';
import { fromTron, toBase58 } from '../devnet/tron_base58.mjs';
import { startTronGateway } from '../devnet/tron_gateway.mjs';
import { shownOnTron } from '../devnet/tron_view.mjs';

export function evmFront(anvil) {
    return {
        endpoint: anvil.url,
        chainKeys: '',
        written: (address) => address,
        shown: (block) => block,
        rows: (rows) => rows,
        stop: () => {},
    };
}

export async function startTronFront(anvil, events) {
    const gateway = await startTronGateway({ rpcUrl: anvil.url, events });
    return {
        endpoint: gateway.url,
        chainKeys: `multicall = "${toBase58(MULTICALL3)}"`,
        written: toBase58,
        shown: shownOnTron,
        rows: (rows) => rows.map(asOnEvm),
        stop: () => gateway.stop(),
    };
}

/** Every address in hex. Throws where one was not written in base58check. */
export function asOnEvm(value) {
    if (Array.isArray(value)) return value.map(asOnEvm);
    if (value !== null && typeof value === 'object') {
        return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, asOnEvm(one)]));
    }
    if (typeof value !== 'string') return value;
    if (/^(0x)?[0-9a-fA-F]{40}$/.test(value)) throw new Error(`${value} is not written in base58check`);
    return fromTron(value) ?? value;
}
