// The complete list of what /metrics gives: a name, a type or a label that changes breaks somebody's
// dashboard, so it changes here as well, and in docs/monitoring.md.
export const METRICS = [
    'plimsoll_build_info gauge version',
    'plimsoll_config_last_reload_successful gauge',
    'plimsoll_config_last_reload_success_timestamp_seconds gauge',
    'plimsoll_chain_head_block gauge chain',
    'plimsoll_chain_processed_block gauge chain',
    'plimsoll_chain_head_age_seconds gauge chain',
    'plimsoll_chain_gap_blocks gauge chain',
    'plimsoll_chain_state gauge chain,state',
    'plimsoll_chain_reorgs_total counter chain',
    'plimsoll_rpc_endpoint_up gauge chain,endpoint',
    'plimsoll_rpc_requests_total counter chain,endpoint,result',
    'plimsoll_rpc_request_duration_seconds histogram chain,endpoint',
    'plimsoll_poll_duration_seconds histogram chain',
    'plimsoll_positions gauge protocol',
    'plimsoll_protocol_coverage_ratio gauge protocol',
    'plimsoll_protocol_state gauge protocol,state',
    'plimsoll_audit_checks_total counter protocol',
    'plimsoll_audit_mismatches_total counter protocol',
    'plimsoll_alerts_total counter rule,state',
    'plimsoll_alerts_muted_total counter by',
    'plimsoll_alerts_firing gauge rule',
    'plimsoll_outbox_messages gauge sink,state',
    'plimsoll_outbox_oldest_age_seconds gauge sink',
    'plimsoll_delivery_attempts_total counter result,sink',
    'plimsoll_delivery_duration_seconds histogram sink',
    'plimsoll_delivery_latency_seconds histogram sink',
    'plimsoll_dead_letters_total counter reason,sink',
    'plimsoll_sink_circuit_open gauge sink',
    'plimsoll_store_commit_duration_seconds histogram',
    'plimsoll_store_errors_total counter kind',
    'plimsoll_store_healthy gauge',
    'plimsoll_snapshot_last_success_timestamp_seconds gauge table',
    'process_cpu_seconds_total counter',
    'process_resident_memory_bytes gauge',
    'process_virtual_memory_bytes gauge',
    'process_threads gauge',
    'process_start_time_seconds gauge',
    'process_open_fds gauge',
    'process_max_fds gauge',
].sort();

const row = (name, type, labels) => [name, type, ...(labels.length ? [labels.sort().join(',')] : [])].join(' ');

/** "name type labels" of each family in the text format, as above; `le` goes without saying. */
export function metricsIn(text) {
    const types = new Map([...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name, type]) => [name, type]));
    const labels = new Map([...types.keys()].map((name) => [name, new Set()]));
    for (const line of text.split('\n')) {
        const sample = line.match(/^([a-z_]+)(?:\{(.*)\})? \S+$/);
        if (!sample) continue;
        const ofHistogram = sample[1].replace(/_(bucket|sum|count)$/, '');
        const name = types.get(ofHistogram) === 'histogram' ? ofHistogram : sample[1];
        if (!labels.has(name)) throw new Error(`a sample without a type: ${line}`);
        for (const [, key] of (sample[2] ?? '').matchAll(/([a-z_]+)="(?:[^"\\]|\\.)*"/g)) if (key !== 'le') labels.get(name).add(key);
    }
    return [...types].map(([name, type]) => row(name, type, [...labels.get(name)])).sort();
}

/** The same of the table in docs/monitoring.md. */
export const metricsTold = (text) =>
    [...text.matchAll(/^\| `([a-z_]+)` \| (\w+) \| ([a-z_, ]*) ?\|/gm)]
        .map(([, name, type, labels]) => row(name, type, labels.split(',').map((label) => label.trim()).filter(Boolean)))
        .sort();
