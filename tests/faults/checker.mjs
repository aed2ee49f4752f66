// Judges what a daemon left behind after it was killed, starved and lied to. Pure: everything comes
// in as an argument, and every complaint names the message it is about.
//
//   alerts    rows of the store in the order committed: {id, key, episode, seq, type, body, signature}
//   outbox    rows of the store in the order queued: {sink, id, key, state, attempts, reason}
//   archive   lines of the JSONL sink in the order written: {text, alert}
//   arrivals  what the webhook receiver saw, in that order: {id, key, body, meaning, headers}
//
// `meaning` of an arrival: accepted, refused, or lost where the sender heard nothing.

const EVENT_EPISODE = 0;
/** Of no chain. */
const LONG_AGO = Date.parse('2015-01-01T00:00:00Z');

/**
 * Answers the complaints: [{claim, detail}]; none is a pass. `archiveSink` and `hookSink` name the
 * two sinks. `kills` and `lanes` bound how many messages may have come twice. `isDrained`: nothing
 * was left to be sent when the daemon ended.
 */
export function check(evidence, { archiveSink = 'archive', hookSink = 'receiver', kills = 0, lanes = 4, isDrained = true } = {}) {
    const found = [];
    const complain = (claim, detail) => found.push({ claim, detail });
    const known = index(evidence, { archiveSink, hookSink });
    checkStore(evidence, known, complain);
    checkEpisodes(evidence, complain);
    checkArchive(evidence, known, complain);
    checkArrivals(evidence, known, complain);
    checkNothingLost(evidence, known, { archiveSink, hookSink, isDrained }, complain);
    checkDuplicates(known, { kills, lanes }, complain);
    return found;
}

/** Maps for all that follows. */
function index({ alerts, outbox, arrivals }, { archiveSink, hookSink }) {
    const byId = new Map(alerts.map((alert) => [alert.id, { ...alert, data: dataOf(alert) }]));
    const rowsOf = (sink) => new Map(outbox.filter((row) => row.sink === sink).map((row) => [row.id, row]));
    const arrived = new Map();
    for (const one of arrivals) arrived.set(one.id, [...(arrived.get(one.id) ?? []), one]);
    return { byId, arrived, archived: rowsOf(archiveSink), hooked: rowsOf(hookSink) };
}

function dataOf({ body }) {
    try {
        return JSON.parse(body).data ?? {};
    } catch {
        return {};
    }
}

/** The store agrees with itself. */
function checkStore({ integrity, alerts, outbox }, { byId }, complain) {
    if (integrity !== undefined && integrity !== 'ok') complain('the store is sound', integrity);
    for (const alert of alerts) {
        let body = {};
        try {
            body = JSON.parse(alert.body);
        } catch {
            complain('a body is JSON', alert.id);
        }
        const same = body.id === alert.id && body.type === alert.type && body.data?.alert_key === alert.key;
        if (!same) complain('a body says what its row says', alert.id);
        if (!(Date.parse(body.timestamp) >= LONG_AGO)) complain('an alert tells its time', `${alert.id} ${body.timestamp}`);
    }
    for (const row of outbox) {
        if (!byId.has(row.id)) complain('every message is of an alert', `${row.sink} ${row.id}`);
        if (row.state === 'superseded' && row.attempts > 0) {
            complain('nothing that was attempted is withdrawn', `${row.sink} ${row.id}`);
        }
    }
}

/** One open episode a key; numbers without gaps; every retraction after what it takes back. */
function checkEpisodes({ alerts }, complain) {
    const keys = new Map();
    for (const alert of alerts) {
        const state = keys.get(alert.key) ?? { open: null, last: new Map(), told: new Map(), takenBack: new Set() };
        keys.set(alert.key, state);
        const expected = (state.last.get(alert.episode) ?? 0) + 1;
        if (alert.seq !== expected) complain('messages of an episode are numbered one by one', `${alert.id}: ${alert.key} ${alert.episode}/${alert.seq}`);
        state.last.set(alert.episode, alert.seq);
        follow(state, alert, complain);
        state.told.set(alert.id, alert);
    }
}

/** Moves the state of one key by one message. Events open when they are told and never end. */
function follow(state, alert, complain) {
    const word = alert.type.split('.').at(-1);
    const isEvent = alert.episode === EVENT_EPISODE;
    if (word === 'firing' || word === 'fired') {
        if (state.open !== null) complain('one episode a key is open', `${alert.id} opens ${alert.key} while ${state.open} is open`);
        state.open = alert.episode;
    } else if (word === 'resolved') {
        if (state.open !== alert.episode) complain('what ends was open', `${alert.id} ${alert.key}`);
        state.open = null;
    } else if (word === 'retracted') {
        retract(state, alert, complain);
    } else if (isEvent && word === 'updated' && state.open === null) {
        complain('an event is told before it is updated', `${alert.id} ${alert.key}`);
    }
}

function retract(state, alert, complain) {
    const { retracts } = dataOf(alert);
    const original = state.told.get(retracts);
    if (!original) {
        complain('a retraction comes after its original', `${alert.id} retracts ${retracts}`);
        return;
    }
    if (state.takenBack.has(retracts)) complain('nothing is retracted twice', `${alert.id} retracts ${retracts}`);
    state.takenBack.add(retracts);
    const word = original.type.split('.').at(-1);
    if (word === 'resolved') state.open = original.episode;
    else if ((word === 'firing' || word === 'fired') && state.open === original.episode) state.open = null;
}

/** The archive holds each alert once, as it was stored, in order. */
function checkArchive({ archive }, { byId, archived }, complain) {
    const seen = new Set();
    const order = new Order(archived, 'the archive keeps the order of a key', complain);
    archive.forEach(({ text, alert }, i) => {
        if (!alert?.id) {
            complain('every line of the archive is an alert', `line ${i + 1}: ${text.slice(0, 80)}`);
            return;
        }
        const stored = byId.get(alert.id);
        if (!stored) complain('nothing in the archive is invented', alert.id);
        else if (bodyOfLine(alert) !== stored.body) complain('a line of the archive has the bytes of its alert', alert.id);
        if (seen.has(alert.id)) complain('nothing is in the archive twice', alert.id);
        seen.add(alert.id);
        order.take(alert.id);
    });
    for (const [id, row] of archived) {
        if (row.state === 'done' && !seen.has(id)) complain('what counts as archived is in the archive', id);
    }
}

/** Removing the two members gives the body back. */
function bodyOfLine(alert) {
    const { signature, signer, muted_by: mutedBy, ...body } = alert;
    return JSON.stringify(body);
}

/** Messages of a key arrive in the order they were queued; earlier ones never after later ones. */
class Order {
    #newest = new Map();

    constructor(rows, claim, complain) {
        Object.assign(this, { rows, claim, complain });
    }

    take(id) {
        const row = this.rows.get(id);
        if (!row) return;
        const newest = this.#newest.get(row.key);
        if (newest && newest.n > row.n) this.complain(this.claim, `${id} after ${newest.id}, key ${row.key}`);
        else this.#newest.set(row.key, row);
    }
}

/** What the receiver saw was stored, attempted, unchanged and in order. */
function checkArrivals({ arrivals }, { byId, hooked, arrived }, complain) {
    const order = new Order(hooked, 'deliveries keep the order of a key', complain);
    const seen = new Set();
    for (const { id, body, headers = {} } of arrivals) {
        const stored = byId.get(id);
        if (!stored) {
            complain('nothing that arrives is invented', id);
            continue;
        }
        if (body !== null && body !== stored.body) complain('every delivery has the bytes of its alert', id);
        const signature = headers['plimsoll-signature-eip191'] ?? '';
        if (signature !== (stored.signature ?? '')) complain('every delivery has the signature of its alert', id);
        const { retracts } = stored.data;
        if (retracts && !seen.has(retracts)) complain('a retraction arrives after its original', `${id} retracts ${retracts}`);
        seen.add(id);
        order.take(id);
    }
    for (const [id, list] of arrived) {
        const attempts = hooked.get(id)?.attempts ?? 0;
        // A connection that ends without a word may be tried once more within one attempt.
        const lost = list.filter(({ meaning }) => meaning === 'lost').length;
        if (list.length - lost > attempts) complain('an attempt is on disk before it is made', `${id}: ${list.length} arrivals, ${attempts} attempts`);
    }
}

/** Every alert is where it has to be. */
function checkNothingLost({ alerts }, { byId, archived, hooked, arrived }, { archiveSink, hookSink, isDrained }, complain) {
    for (const { id, type } of alerts) {
        const { data } = byId.get(id);
        if (!archived.has(id)) complain('every alert goes to the archive', id);
        const isForAll = /\.(firing|fired|resolved|repeated)$/.test(type);
        if (isForAll && !hooked.has(id)) complain('every alert goes to the receiver', `${id} ${type}`);
        const original = data.retracts ? hooked.get(data.retracts) : null;
        if (original && original.attempts > 0 && !hooked.has(id)) complain('a retraction goes where its original went', id);
        if (original && original.attempts === 0 && original.state !== 'superseded') {
            complain('what was never sent is withdrawn instead of retracted', `${id} retracts ${data.retracts}`);
        }
    }
    for (const [sink, rows] of [[archiveSink, archived], [hookSink, hooked]]) {
        for (const [id, { state, reason }] of rows) {
            if (state === 'dead') complain('nothing is given up', `${sink} ${id} ${reason}`);
            if (state === 'pending' && isDrained) complain('nothing is left behind', `${sink} ${id}`);
        }
    }
    for (const [id, { state }] of hooked) {
        const isHeard = (arrived.get(id) ?? []).some(({ meaning }) => meaning === 'accepted');
        if (state === 'done' && !isHeard) complain('what counts as delivered was accepted', id);
    }
}

/**
 * What came more often than the replies explain. A clear refusal explains one more arrival; a lost
 * reply may have been a yes; a kill forgets at most what every lane had under way.
 */
export function duplicates(arrived) {
    let lost = 0;
    let again = 0;
    for (const list of arrived.values()) {
        lost += list.filter(({ meaning }) => meaning === 'lost').length;
        again += list.slice(0, -1).filter(({ meaning }) => meaning === 'accepted').length;
    }
    return { lost, again };
}

function checkDuplicates({ arrived }, { kills, lanes }, complain) {
    const { again } = duplicates(arrived);
    const most = kills * lanes;
    if (again > most) complain('a message comes twice only when a kill forgot its reply', `${again} came again after a yes, ${kills} kills on ${lanes} lanes explain ${most}`);
}
