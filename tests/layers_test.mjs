// Includes point one way: daemon -> config -> protocols -> abi, and inside daemon as listed below.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..');

// What each layer may include besides itself.
const MAY_INCLUDE = {
    abi: [],
    'protocols/common': ['abi'],
    'protocols/aave_v3': ['abi', 'protocols/common'],
    'protocols/compound_v2': ['abi', 'protocols/common'],
    config: ['abi', 'protocols/common'],
    'daemon/pulse': [],
    'daemon/alerts': ['abi', 'config', 'protocols/common'],
    'daemon/store': ['abi', 'protocols/common'],
    'daemon/rpc': ['abi', 'config'],
    'daemon/chain': ['abi', 'protocols/common', 'daemon/rpc'],
    'daemon/bands': ['abi', 'config', 'protocols/common'],
    'daemon/rules': ['abi', 'config', 'protocols/common', 'daemon/alerts', 'daemon/bands', 'daemon/store'],
    'daemon/wording': ['abi', 'protocols/common', 'daemon/alerts'],
    'daemon/sinks': ['abi', 'config', 'daemon/alerts', 'daemon/wording'],
    'daemon/outbox': ['abi', 'daemon/alerts', 'daemon/pulse', 'daemon/sinks', 'daemon/store'],
    'daemon/routing': ['abi', 'config', 'daemon/alerts', 'daemon/store'],
    'daemon/view': ['abi', 'protocols/common', 'daemon/bands', 'daemon/chain'],
    'daemon/follow': ['abi', 'config', 'protocols/common', 'daemon/bands', 'daemon/chain', 'daemon/rules', 'daemon/store', 'daemon/view'],
    'daemon/snapshots': ['abi', 'config', 'daemon/pulse', 'daemon/store', 'daemon/view'],
    'daemon/http': ['abi', 'config', 'protocols/common', 'daemon/alerts', 'daemon/bands', 'daemon/pulse', 'daemon/routing', 'daemon/store', 'daemon/view'],
    'daemon/metrics': ['abi', 'config', 'protocols/common', 'daemon/outbox', 'daemon/rpc', 'daemon/sinks', 'daemon/store', 'daemon/view'],
    'daemon/query': ['abi', 'protocols/common', 'daemon/bands', 'daemon/http', 'daemon/store', 'daemon/view'],
};
const KNOWS_ALL = ['daemon/app', 'daemon/cli', 'daemon/main.cpp'];

function sources(folder) {
    return readdirSync(join(ROOT, folder)).flatMap((name) => {
        const path = join(folder, name);
        if (statSync(join(ROOT, path)).isDirectory()) return sources(path);
        return /\.(cpp|hpp)$/.test(name) ? [path] : [];
    });
}

const layerOf = (path) => Object.keys(MAY_INCLUDE).find((layer) => path.startsWith(layer + '/'));

function includesAgainstTheDirection() {
    const found = [];
    for (const path of ['abi', 'protocols', 'config', 'daemon'].flatMap(sources)) {
        if (KNOWS_ALL.some((place) => path.startsWith(place))) continue;
        const layer = layerOf(path);
        assert.ok(layer, `${path} lies in no known layer`);
        for (const [, target] of readFileSync(join(ROOT, path), 'utf8').matchAll(/^#include "([^"]+)"/gm)) {
            const to = layerOf(target);
            if (target.endsWith('.inc') || to === layer || MAY_INCLUDE[layer].includes(to)) continue;
            found.push(`${relative('.', path)} includes ${target}`);
        }
    }
    return found;
}

test('includes point one way', () => {
    assert.deepEqual(includesAgainstTheDirection(), []);
});
