// Contracts as an address with an ABI: encode a call, decode an answer, deploy with libraries.

import { Interface, getAddress, getCreateAddress, keccak256, toUtf8Bytes } from 'ethers';

import './keccak.mjs';

export { Interface, getAddress, keccak256 };

/** An address nobody has the key of, derived from a name; the node sends for it unasked. */
export function derivedAddress(name) {
    return getAddress('0x' + keccak256(toUtf8Bytes(`plimsoll devnet ${name}`)).slice(-40));
}

export class Contract {
    constructor(chain, address, iface) {
        this.chain = chain;
        this.address = address;
        this.iface = iface;
    }

    data(fn, args = []) {
        return this.iface.encodeFunctionData(fn, args);
    }

    /** Queues a transaction of `from`. */
    send(from, fn, args = [], gas) {
        return this.#queue({ from, ...(gas && { gas }) }, fn, args);
    }

    /** The same with native coins. */
    pay(from, value, fn, args = []) {
        return this.#queue({ from, value }, fn, args);
    }

    #queue(parts, fn, args) {
        const symbolic = args.map((arg) => String(arg)).join(', ');
        return this.chain.queue({ ...parts, to: this.address, data: this.data(fn, args) }, `${fn}(${symbolic})`);
    }

    async read(fn, args = [], block = 'latest') {
        const answer = await this.chain.read(this.address, this.data(fn, args), block);
        const values = this.iface.decodeFunctionResult(fn, answer);
        return values.length === 1 ? values[0] : values;
    }
}

/** Knows addresses before they exist, so that a whole market fits in a few blocks. */
export class Deployer {
    #ifaces = new Map();

    constructor(chain, from, artifacts) {
        this.chain = chain;
        this.from = from;
        this.artifacts = artifacts;
        this.libraries = {};
        this.nonce = 0;
    }

    iface(name) {
        if (!this.#ifaces.has(name)) {
            const artifact = this.artifacts[name];
            if (!artifact) throw new Error(`no artifact named ${name}`);
            this.#ifaces.set(name, new Interface(artifact.abi));
        }
        return this.#ifaces.get(name);
    }

    at(name, address) {
        return new Contract(this.chain, address, this.iface(name));
    }

    deploy(name, args = []) {
        const iface = this.iface(name);
        const code = this.#linked(this.artifacts[name]) + iface.encodeDeploy(args).slice(2);
        this.chain.queue({ from: this.from, data: code, gas: 16_000_000n }, `deploy ${name}`);
        return this.at(name, getCreateAddress({ from: this.from, nonce: this.nonce++ }));
    }

    /** Deploys libraries, each after those it links itself. */
    deployLibraries(names) {
        for (const name of names) this.libraries[name] = this.deploy(name).address;
    }

    #linked({ bytecode, linkReferences }) {
        let code = bytecode;
        for (const byName of Object.values(linkReferences)) {
            for (const [name, places] of Object.entries(byName)) {
                const address = this.libraries[name];
                if (!address) throw new Error(`library ${name} is not deployed yet`);
                for (const { start, length } of places) {
                    const at = 2 + start * 2;
                    code = code.slice(0, at) + address.slice(2) + code.slice(at + length * 2);
                }
            }
        }
        return code;
    }
}
