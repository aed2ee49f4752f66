// The documents: which there are, the commands in them, and which of those are run elsewhere than in
// docs_test.mjs.
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Commands that docs_test.mjs runs begin with one of these. */
export const RUN = ['plimsoll ', 'build/plimsoll ', 'curl ', 'jq ', 'export '];
/** What is a command wherever it stands: in a block that is not `sh` such a line is a mistake. */
const IS_COMMAND = /^(plimsoll|build\/plimsoll|curl|jq|export|sudo|systemctl|node|cd|npm) [\w'"$/.-]|^(\.\/)?scripts\/\w/;

const NEEDS_SYSTEMD = 'no test runs it: it needs a machine that systemd has booted, and root';
/** Commands of the documents that docs_test.mjs does not run, each with why, or with where it is run. */
export const ELSEWHERE = new Map([
    ['./scripts/run.sh', 'builds and installs packages; demo_test.mjs runs the demonstration it ends in, documents_test.mjs the script itself with --help'],
    ['./scripts/run.sh --config plimsoll.toml', 'builds and installs packages; it ends in `plimsoll run --config`, with which every test on a chain starts the daemon'],
    ['./scripts/test.sh', 'is what runs this test; .ci/run is this command'],
    ['./scripts/test.sh -R follow', 'builds; the options go to ctest, with which test.sh runs all tests'],
    ['./scripts/test.sh --thread', 'builds; without options test.sh does the same among other things'],
    ['./scripts/build.sh', 'builds; test.sh runs it'],
    ['./scripts/check.sh', 'test.sh runs it, about the last commit'],
    ['./scripts/fuzz.sh --keep text 600', 'takes ten minutes and adds to the corpus; the tests fuzz.* run the script for 20 s, without --keep'],
    ['./scripts/soak.sh', 'takes more than an hour, so people run it; the tests faults.kills, faults.syscalls and faults.soak are short forms of it'],
    ['node tests/faults/peers.mjs', 'takes seven minutes; the test faults.peers runs it with --short'],
    ['cp config/examples/ethereum.toml plimsoll.toml', 'would replace the test chain\'s file; unit_test.mjs has the same file installed and checked'],
    ['cd tests/devnet && npm ci', 'test.sh runs it, by install_devnet'],
    ['node devnet.mjs up --release latest --accounts 200 --seed 1', 'stays up; selftest.mjs runs it with the release 3.0 and 70 accounts'],
    ['node --test selftest.mjs', 'the test devnet.selftest'],
    ['node tests/devnet/demo.mjs --binary build/plimsoll --pace 4 --accounts 200 --release both', 'goes on until Ctrl-C; demo_test.mjs runs it with --once, quicker and with 60 accounts'],
    ['node tests/differential/aave_v3.mjs --release 3.0 --seed 7 --steps 25 --accounts 200', 'takes minutes; the tests differential.3.0.seed1 and differential.latest.seed1 run it with 15 steps'],
    ['node tests/differential/compound_v2.mjs --release justlend --seed 7 --steps 25 --accounts 200', 'takes minutes; the test differential.justlend.seed1 runs it with 5 steps'],
    ['node tests/differential/compound_v2.mjs --release tron --chain-kind tron --steps 8 --accounts 160', 'takes minutes; the test differential.tron runs it with 3 steps'],
    ['sudo cmake --install build --prefix /usr', 'changes the machine; unit_test.mjs installs the same into a folder (DESTDIR)'],
    ['sudo systemd-sysusers', 'changes the machine; unit_test.mjs runs it on a folder (--root)'],
    ['./scripts/build.sh && sudo cmake --install build --prefix /usr && sudo systemctl daemon-reload', 'its parts stand here one by one'],
    ['sudo install -d -m 0700 /etc/plimsoll/credentials', 'changes the machine; unit_test.mjs runs it below a folder'],
    ['sudo plimsoll keygen /etc/plimsoll/credentials/signing_key', 'changes the machine; unit_test.mjs runs it below a folder'],
    ['sudo rm /usr/bin/plimsoll /usr/lib/systemd/system/plimsoll.service /usr/lib/sysusers.d/plimsoll.conf /usr/share/man/man1/plimsoll.1', 'changes the machine; unit_test.mjs runs it below a folder'],
    ['sudo rm -r /usr/share/doc/plimsoll', 'changes the machine; unit_test.mjs runs it below a folder'],
    ['sudo rm -r /etc/plimsoll /var/lib/plimsoll', 'changes the machine; unit_test.mjs runs it below a folder'],
    ['sudo userdel plimsoll', 'no test runs it: it would delete a user of the machine'],
    ...['sudo systemctl daemon-reload', 'sudo systemctl edit plimsoll', 'sudo systemctl enable --now plimsoll', 'systemctl status plimsoll', 'sudo systemctl restart plimsoll', 'sudo systemctl disable --now plimsoll']
        .map((command) => [command, NEEDS_SYSTEMD]),
]);

const NOT_OURS = ['node_modules', '.cache', 'corpus'];
const markdown = (folder) => readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const file = path.join(folder, entry.name);
    if (entry.isDirectory()) return NOT_OURS.includes(entry.name) ? [] : markdown(file);
    return entry.name.endsWith('.md') ? [file] : [];
});

/** Files of the root, of docs/ and of tests/. */
export const documents = () => [
    ...readdirSync(ROOT).filter((name) => name.endsWith('.md')).map((name) => path.join(ROOT, name)),
    ...markdown(path.join(ROOT, 'docs')),
    ...markdown(path.join(ROOT, 'tests')),
];

/** Lines that stand in a block: [{line, kind}], `kind` being what the fence says, or 'indented'. */
function* blockLines(text) {
    let fence = null;
    for (const line of text.split('\n')) {
        const mark = line.match(/^\s*(?:```|~~~)\s*(.*)$/);
        if (mark) fence = fence === null ? mark[1] : null;
        else if (fence !== null) yield { line, kind: fence };
        else if (/^( {4}|\t)/.test(line)) yield { line, kind: 'indented' };
    }
}

/** The command lines of all `sh` blocks, continued lines joined, comments left out. */
export function commandsIn(text) {
    const lines = [...blockLines(text)].filter(({ kind }) => kind === 'sh').map(({ line }) => line);
    return lines.join('\n').replaceAll(/\\\n\s*/g, '').split('\n')
        .map((line) => line.replace(/(^|\s)# .*$/, '').trim()).filter(Boolean);
}

/** Commands in blocks that are not `sh`, which nothing would run. */
export const strayIn = (text) => [...blockLines(text)]
    .filter(({ line, kind }) => kind !== 'sh' && IS_COMMAND.test(line.trim()))
    .map(({ line }) => line.trim());

export const textOf = (file) => readFileSync(file, 'utf8');
export const nameOf = (file) => path.relative(ROOT, file);
