// Compiles Solidity with npm solc, once: the result is cached on disk under a hash of every
// source and setting that went into it.

import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const HERE = path.dirname(fileURLToPath(import.meta.url));
const MODULES = path.join(HERE, 'node_modules');
const ORIGIN = '@aave-dao/aave-v3-origin/src/contracts/';

/** As the foundry.toml of aave-v3-origin declares; the package itself ships sources only. */
const SETTINGS = {
    optimizer: { enabled: true, runs: 200 },
    evmVersion: 'shanghai',
    metadata: { bytecodeHash: 'none' },
    remappings: ['openzeppelin-contracts/=@openzeppelin/'],
};

const OUTPUT = ['abi', 'evm.bytecode.object', 'evm.bytecode.linkReferences'];

/** The contracts of a whole market of the newest release. */
const LATEST = [
    ...['PoolInstance', 'PoolConfiguratorInstance', 'ATokenInstance', 'VariableDebtTokenInstance'].map(
        (name) => `${ORIGIN}instances/${name}.sol`,
    ),
    ...['BorrowLogic', 'ConfiguratorLogic', 'FlashLoanLogic', 'LiquidationLogic', 'PoolLogic', 'SupplyLogic'].map(
        (name) => `${ORIGIN}protocol/libraries/logic/${name}.sol`,
    ),
    `${ORIGIN}protocol/configuration/PoolAddressesProvider.sol`,
    `${ORIGIN}protocol/configuration/ACLManager.sol`,
    `${ORIGIN}misc/AaveOracle.sol`,
    `${ORIGIN}misc/DefaultReserveInterestRateStrategyV2.sol`,
    `${ORIGIN}helpers/AaveProtocolDataProvider.sol`,
];

const OWN = ['TestToken', 'TestFeed', 'FallbackPrices', 'ImplementationShim', 'FlashBorrower'].map(
    (name) => `contracts/${name}.sol`,
);

/** A Comptroller's oracle and lens, and cTokens with JustLend's events. */
const COMPOUND = ['CompoundOracle', 'AllowAll', 'HalfUpLens', 'JErc20', 'JNative'].map((name) => `contracts/compound/${name}.sol`);

export const compileLatest = (say) => compile('aave-v3-origin', LATEST, say);
export const compileOwn = (say) => compile('plimsoll', OWN, say);
export const compileCompound = (say) => compile('plimsoll-compound', COMPOUND, say);

function sourceOf(name) {
    return readFileSync(path.join(name.startsWith('@') ? MODULES : HERE, name), 'utf8');
}

/** The name under which the compiler knows an import, as it resolves it itself. */
function resolveImport(from, target) {
    if (target.startsWith('.')) return path.posix.join(path.posix.dirname(from), target);
    return target.replace(/^openzeppelin-contracts\//, '@openzeppelin/');
}

function withImports(roots) {
    const sources = new Map();
    const owed = [...roots];
    while (owed.length > 0) {
        const name = owed.pop();
        if (sources.has(name)) continue;
        const content = sourceOf(name);
        sources.set(name, content);
        for (const [, target] of content.matchAll(/^\s*import\s[^;]*?['"]([^'"]+)['"]\s*;/gm)) {
            owed.push(resolveImport(name, target));
        }
    }
    return new Map([...sources].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function compilerVersion() {
    return JSON.parse(readFileSync(path.join(MODULES, 'solc/package.json'), 'utf8')).version;
}

function cacheFile(title, key) {
    const folder = process.env.PLIMSOLL_DEVNET_CACHE || path.join(HERE, '.cache');
    mkdirSync(folder, { recursive: true });
    return path.join(folder, `${title}-${key}.json`);
}

/** Answers {contract name: {abi, bytecode, linkReferences}}. */
function compile(title, roots, say = (line) => process.stderr.write(`${line}\n`)) {
    const sources = withImports(roots);
    const key = createHash('sha256')
        .update(JSON.stringify([compilerVersion(), SETTINGS, OUTPUT, roots, [...sources]]))
        .digest('hex')
        .slice(0, 24);
    const file = cacheFile(title, key);
    if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8'));

    say(`compiling ${title}: ${roots.length} contracts of ${sources.size} files ...`);
    const started = Date.now();
    const artifacts = runCompiler(roots, sources);
    say(`compiled ${title} in ${((Date.now() - started) / 1000).toFixed(1)} s`);
    const temporary = `${file}.${process.pid}.tmp`;
    writeFileSync(temporary, JSON.stringify(artifacts));
    renameSync(temporary, file);
    return artifacts;
}

function runCompiler(roots, sources) {
    // Loading the compiler takes a second; only a compilation pays for it.
    const solc = createRequire(import.meta.url)('solc');
    const contractOf = (file) => path.posix.basename(file, '.sol');
    const input = {
        language: 'Solidity',
        sources: Object.fromEntries([...sources].map(([name, content]) => [name, { content }])),
        settings: {
            ...SETTINGS,
            outputSelection: Object.fromEntries(
                roots.map((file) => [file, { [contractOf(file)]: OUTPUT }]),
            ),
        },
    };
    const output = JSON.parse(solc.compile(JSON.stringify(input)));
    const errors = (output.errors ?? []).filter(({ severity }) => severity === 'error');
    if (errors.length > 0) throw new Error(errors.map((e) => e.formattedMessage).join('\n'));
    return Object.fromEntries(
        roots.map((file) => {
            const { abi, evm } = output.contracts[file][contractOf(file)];
            const { object, linkReferences } = evm.bytecode;
            return [contractOf(file), { abi, bytecode: '0x' + object, linkReferences }];
        }),
    );
}
