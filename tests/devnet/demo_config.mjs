// The folder and the configuration of the demonstration's daemon.

import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { computeAddress } from 'ethers';

import { ETH_GROUP } from './listings.mjs';

export const BANDS = {
    'eth-upper': { low: 2200, high: 2400 },
    'eth-lower': { low: 1574, high: 1681 },
};

export const TABLES = ['tvl', 'markets', 'positions', 'bands', 'liquidations'];

const FIRST_LINE = '# Written by the demonstration and overwritten by the next one.';

const quoted = (text) => JSON.stringify(text);
const list = (texts) => `[${texts.map(quoted).join(', ')}]`;

/** Paths of everything in the demonstration's folder. */
export function filesIn(folder) {
    const at = (name) => path.join(folder, name);
    return {
        folder,
        config: at('plimsoll.toml'),
        log: at('plimsoll.log'),
        state: at('state'),
        owner: at('demo.pid'),
        secret: at('webhook.secret'),
        key: at('signing.key'),
    };
}

/** The process that plays in this folder just now, or null. */
function ownerOf({ owner }) {
    if (!existsSync(owner)) return null;
    const pid = readFileSync(owner, 'utf8').trim();
    try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('demo.mjs') ? pid : null;
    } catch {
        return null;
    }
}

/** Answers whether an earlier one left something. Throws when the folder may not be emptied. */
export function assertFree(files) {
    const names = existsSync(files.folder) ? readdirSync(files.folder) : [];
    const known = Object.values(files).map((file) => path.basename(file));
    const isOurs = names.every((name) => known.includes(name)) || isConfigOurs(files);
    if (!isOurs) throw new Error(`${files.folder} holds something else; the demonstration would remove it`);
    const pid = ownerOf(files);
    if (pid) throw new Error(`another demonstration (process ${pid}) is at work in ${files.folder}; end it first`);
    return names.length > 0;
}

function isConfigOurs({ config }) {
    return existsSync(config) && readFileSync(config, 'utf8').startsWith(FIRST_LINE);
}

/** Takes the folder and empties it. */
export function takeFolder(files) {
    mkdirSync(files.folder, { recursive: true });
    writeFileSync(files.owner, `${process.pid}\n`);
    for (const name of readdirSync(files.folder)) {
        const file = path.join(files.folder, name);
        if (file !== files.owner) rmSync(file, { recursive: true, force: true });
    }
    mkdirSync(files.state);
}

export function leaveFolder({ owner }) {
    rmSync(owner, { force: true });
}

/** Fresh secrets, readable by their owner only. `signer` is the address of the signing key. */
export function makeSecrets(files) {
    const secret = `whsec_${randomBytes(32).toString('base64')}`;
    const key = randomBytes(32).toString('hex');
    writeFileSync(files.secret, secret, { mode: 0o600 });
    writeFileSync(files.key, key, { mode: 0o600 });
    return { secret, signer: computeAddress(`0x${key}`) };
}

/** `chains`: [{name, protocol, chainKind, kind, chainId, url, address, keys}]. */
export function configuration({ files, listen, webhook, signer, chains }) {
    return `${FIRST_LINE}
version = 1

[daemon]
instance = "demo"
state_dir = ${quoted(files.state)}
http_listen = ${quoted(listen)}
${chains.map(chainTables).join('')}
[groups.ETH]
leader = ${quoted(ETH_GROUP[0])}
members = ${list([ETH_GROUP[0], 'ETH', ...ETH_GROUP.slice(1)])}
${Object.entries(BANDS).map(bandTable).join('')}
[rules.liquidatable]
when = "liquidatable"
min_debt = 25_000
update_on = 5
severity = "critical"

[rules.at-risk]
when = "health_factor < 1.05"
clear = "health_factor >= 1.07"
min_debt = 250_000
update_on = 5
severity = "warning"

[rules.liquidations]
when = "liquidated"
severity = "info"

[rules.eth-cluster]
bands = ${list(Object.keys(BANDS))}
when = "exposure_usd >= 2_000_000"
clear = "exposure_usd < 1_500_000"
severity = "warning"

[rules.eth-near]
bands = ${list(Object.keys(BANDS))}
when = "price_above_band_pct <= 10 and exposure_usd >= 1_000_000"
severity = "warning"

[rules.eth-approach]
bands = ${list(Object.keys(BANDS))}
when = "price_above_band_pct <= 3 and exposure_usd >= 1_000_000"
severity = "critical"

# source_stale, gap_blocks and unverified keep their default rules.

[sinks.archive]
kind = "jsonl"
path = "alerts"

# The demonstration's own receiver, which checks both signatures of every alert.
[sinks.receiver]
kind = "webhook"
url = ${quoted(webhook)}
secrets = [${quoted(`\${file:${files.secret}}`)}]
allow_http = true
allow_private = ["127.0.0.0/8"]

[signing]
key = ${quoted(`\${file:${files.key}}`)}
expect_address = ${quoted(signer)}

# The demonstration asks for more of them: at the end of every day it plays.
[snapshots]
every = "1h"
tables = ${list(TABLES)}
`;
}

function chainTables({ name, protocol, chainKind, kind, chainId, url, address, keys = '' }) {
    return `
[chains.${name}]
kind = "${chainKind}"
chain_id = ${chainId}
poll_every = "50ms"
finality = "finalized"
confirm = "latest"
# The chain's clock is not the wall clock: its blocks are of January and February 2026.
stale_after = "1d"
endpoints = [${quoted(url)}]
${keys}
[protocols.${protocol}]
kind = "${kind}"
chain = ${quoted(name)}
address = ${quoted(address)}
start_block = 0
`;
}

function bandTable([name, { low, high }]) {
    return `
[bands.${name}]
collateral = "ETH"
between = [${low}, ${high}]
`;
}
