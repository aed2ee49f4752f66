// Counts what became of events that a deliverer had accepted. Pure: it knows no deliverer.
//
//   accepted  {key, what, at_ms}: `what` is fired, firing or resolved; a key has each at most once
//   arrivals  deliveries in the order they came: {at_ms, meaning, messages: [{key, what, id}]};
//             `meaning` as in receiver.mjs, `id` what a receiver can know a message again by

const nameOf = ({ key, what }) => `${key} ${what}`;

/**
 * `lost`: accepted and never delivered with success. `again`: deliveries after a success of the same.
 * `disorder`: keys of which a success came after that of a later message. `invented`: delivered and
 * never accepted. `strange`: came again under another id. `last_ms`: of the last first success.
 */
export function tally(accepted, arrivals) {
    const events = new Map(accepted.map((event) => [nameOf(event), { ...event, ids: new Set(), successes: 0 }]));
    const order = new Map();
    const out = { accepted: events.size, deliveries: arrivals.length, lost: 0, lostFired: 0, lostFiring: 0, lostResolved: 0, again: 0, disorder: 0, invented: 0, strange: 0, last_ms: 0 };
    for (const { at_ms, meaning, messages } of arrivals) {
        for (const message of messages) {
            const event = events.get(nameOf(message));
            if (!event) {
                out.invented += 1;
                continue;
            }
            event.ids.add(message.id);
            event.first_ms ??= at_ms;
            if (meaning !== 'accepted') continue;
            event.successes += 1;
            if (event.successes > 1) continue;
            out.last_ms = at_ms;
            order.set(event.key, [...(order.get(event.key) ?? []), event.what]);
        }
    }
    for (const event of events.values()) {
        if (event.successes === 0) {
            out.lost += 1;
            out[`lost${event.what[0].toUpperCase()}${event.what.slice(1)}`] += 1;
        }
        out.again += Math.max(0, event.successes - 1);
        if (event.ids.size > 1) out.strange += 1;
    }
    for (const whats of order.values()) {
        if (whats.indexOf('resolved') === 0 && whats.length > 1) out.disorder += 1;
    }
    return out;
}

/** Milliseconds from when events were handed over to their first attempts: {measured, median, most99}. */
export function delays(handed, arrivals) {
    const first = new Map();
    for (const { at_ms, messages } of arrivals) {
        for (const message of messages) if (!first.has(nameOf(message))) first.set(nameOf(message), at_ms);
    }
    const waits = handed.filter((event) => first.has(nameOf(event)))
        .map((event) => first.get(nameOf(event)) - event.at_ms)
        .sort((a, b) => a - b);
    const part = (share) => (waits.length === 0 ? null : Number(waits[Math.floor(share * (waits.length - 1))].toFixed(1)));
    return { measured: waits.length, median: part(0.5), most99: part(0.99) };
}
