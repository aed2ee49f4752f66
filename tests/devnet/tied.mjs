// A child process that does not outlive this one.

import { spawn, spawnSync } from 'node:child_process';

/**
 * As `spawn`; setpriv makes the kernel kill the child when this process dies, even by SIGKILL,
 * and where there is no setpriv an ordinary exit still does. The child also gets `hasEnded()`
 * and `end(signal)`, which waits until it is gone.
 */
export function spawnTied(binary, args, options) {
    const hasSetpriv = spawnSync('setpriv', ['--version'], { stdio: 'ignore' }).status === 0;
    const child = hasSetpriv
        ? spawn('setpriv', ['--pdeathsig', 'KILL', binary, ...args], options)
        : spawn(binary, args, options);
    let failed = false;
    const stop = () => child.kill('SIGKILL');
    process.once('exit', stop);
    child.once('exit', () => process.off('exit', stop));
    child.once('error', () => (failed = true));
    child.hasEnded = () => failed || child.exitCode !== null || child.signalCode !== null;
    child.end = async (signal) => {
        if (child.hasEnded()) return;
        const gone = new Promise((resolve) => child.once('exit', resolve));
        child.kill(signal);
        await gone;
    };
    return child;
}
