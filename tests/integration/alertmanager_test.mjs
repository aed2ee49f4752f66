// The daemon on a real market, a real Alertmanager beside it: what can be liquidated fires there,
// is told again when Alertmanager or the daemon was killed, and ends there when it ends here.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ETH_GROUP } from '../devnet/listings.mjs';
import { Alertmanager } from './alertmanager.mjs';
import { startMarket } from './market.mjs';

const RESEND_MS = 2000;

const sinkText = (url, language) => `
[sinks.am]
kind = "alertmanager"
url = "${url}"
allow_http = true
allow_private = ["127.0.0.0/8"]
resend_every = "${RESEND_MS}ms"
language = "${language}"
`;

async function becomes(what, holds, deadlineMs = 60_000) {
    const deadline = Date.now() + deadlineMs;
    let seen;
    for (;;) {
        seen = await what();
        if (holds(seen)) return seen;
        if (Date.now() > deadline) throw new Error(`still ${JSON.stringify(seen).slice(0, 1500)}`);
        await new Promise((resolve) => setTimeout(resolve, 100));
    }
}

const subjects = (alerts) => alerts.map(({ labels }) => labels.subject).sort();
const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);

test('fires, ends, and is told again after a kill of either side', { timeout: 600_000 }, async () => {
    const alertmanager = await Alertmanager.start();
    const market = await startMarket({
        accounts: 80,
        seed: 5,
        edit: (text) => text.replaceAll('to = ["archive"]', 'to = ["archive", "am"]') + sinkText(alertmanager.url, 'zh'),
    });
    try {
        const { world, daemon } = market;
        const move = async (numerator, denominator) => {
            for (const symbol of ETH_GROUP) {
                world.market.setPrice(symbol, (world.market.price(symbol) * numerator) / denominator);
            }
            await world.mine();
            await market.settled();
        };
        const liquidatable = async () => (await daemon.positions()).filter((row) => row.liquidatable).map(({ account }) => account).sort();
        const told = async () => subjects((await alertmanager.firing()).filter(({ labels }) => labels.alertname === 'position.liquidatable'));
        const agree = async () => {
            const wanted = await liquidatable();
            await becomes(told, (list) => same(list, wanted));
            return wanted;
        };

        await move(70n, 100n);
        const many = await agree();
        assert.ok(many.length >= 5, `only ${many.length} can be liquidated`);
        const [one] = (await alertmanager.firing()).filter(({ labels }) => labels.alertname === 'position.liquidatable');
        assert.match(one.annotations.summary, /^aave-v3-devnet 仓位可被清算：/);
        assert.match(one.annotations.description, /健康因子：0\.\d{4}/);
        assert.equal(one.labels.severity, 'critical');
        assert.equal(one.labels.source, 'differential');

        await alertmanager.restart();
        await agree();

        await daemon.kill();
        await alertmanager.restart();
        assert.deepEqual(await told(), [], 'it has forgotten everything');
        daemon.start();
        await market.settled();
        assert.deepEqual(await agree(), many, 'the daemon has not');

        await move(100n, 70n);
        await move(130n, 100n);
        const few = await agree();
        assert.ok(few.length < many.length);

        await new Promise((resolve) => setTimeout(resolve, 4 * RESEND_MS));
        assert.deepEqual(await told(), few, 'what fires goes on firing while nothing new happens');
    } finally {
        await market.stop();
        await alertmanager.stop();
    }
});
