// Many daemons on one market, each with a trouble of its own at the same time: what takes seconds of
// waiting for one takes no longer for all.

import { Scene } from './scene.mjs';
import { startRestlessMarket } from './world.mjs';

/** Daemons that start at the same time. */
const AT_ONCE = 4;

export class Troupe {
    /** name -> what the first step that failed for it said. */
    #failures = new Map();

    /** `members` is {name: settings of its scene}. */
    static async open({ seed, accounts = 40, members }) {
        const troupe = Object.assign(new Troupe(), { stage: await startRestlessMarket({ seed, accounts }), scenes: new Map() });
        const waiting = Object.entries(members);
        const start = async () => {
            for (let next = waiting.shift(); next; next = waiting.shift()) {
                const [name, settings] = next;
                troupe.scenes.set(name, await Scene.open({ seed, stage: troupe.stage, ...settings }));
            }
        };
        await Promise.all(Array.from({ length: AT_ONCE }, start));
        return troupe;
    }

    get market() {
        return this.stage.market;
    }

    async close() {
        await Promise.all([...this.scenes.values()].map((scene) => scene.close()));
        await this.stage.anvil.stop();
    }

    /** The next block, and every daemon with it. */
    async play() {
        await this.market.play();
        await this.all((scene) => scene.settled());
    }

    /** A step of everybody at once; who failed in one takes no part in later ones. */
    async all(step) {
        const well = [...this.scenes].filter(([name]) => !this.#failures.has(name));
        await Promise.all(well.map(async ([name, scene]) => {
            try {
                await step(scene, name);
            } catch (error) {
                this.#failures.set(name, error);
            }
        }));
    }

    /** Throws what went wrong with a member, if something did. */
    verdict(name) {
        if (this.#failures.has(name)) throw this.#failures.get(name);
        if (!this.scenes.has(name)) throw new Error(`${name} never started`);
    }
}
