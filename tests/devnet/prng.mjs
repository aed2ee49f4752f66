// A small seeded generator (sfc32): the same seed gives the same world on every machine.
// Drawing takes integers only, so no platform's floating point can change a world.

export class Rng {
    constructor(seed) {
        const text = String(seed);
        let h = 0x811c9dc5;
        for (const c of text) h = Math.imul(h ^ c.codePointAt(0), 0x01000193) >>> 0;
        this.state = [0x9e3779b9, 0x243f6a88, h, 1];
        for (let i = 0; i < 16; i++) this.u32();
    }

    u32() {
        let [a, b, c, d] = this.state;
        const t = (((a + b) | 0) + d) | 0;
        d = (d + 1) | 0;
        a = b ^ (b >>> 9);
        b = (c + (c << 3)) | 0;
        c = (c << 21) | (c >>> 11);
        c = (c + t) | 0;
        this.state = [a, b, c, d];
        return t >>> 0;
    }

    /** 0 <= n < bound. */
    below(bound) {
        return Number((BigInt(this.u32()) * BigInt(bound)) >> 32n);
    }

    /** low <= n <= high. */
    between(low, high) {
        return low + this.below(high - low + 1);
    }

    chance(percent) {
        return this.below(100) < percent;
    }

    pick(list) {
        return list[this.below(list.length)];
    }

    /** Picks a name out of {name: weight}; weights are integers, and 0 is never picked. */
    weighted(weights) {
        const entries = Object.entries(weights).filter(([, weight]) => weight > 0);
        let left = this.below(entries.reduce((sum, [, weight]) => sum + weight, 0));
        for (const [name, weight] of entries) {
            if (left < weight) return name;
            left -= weight;
        }
        throw new Error('no weights');
    }

    /** A bigint, low <= n <= high. */
    bigBetween(low, high) {
        const span = high - low + 1n;
        let drawn = 0n;
        for (let bits = 0n; bits < 288n; bits += 32n) drawn = (drawn << 32n) | BigInt(this.u32());
        return low + (drawn % span);
    }

    shuffle(list) {
        const out = [...list];
        for (let i = out.length - 1; i > 0; i--) {
            const j = this.below(i + 1);
            [out[i], out[j]] = [out[j], out[i]];
        }
        return out;
    }
}
