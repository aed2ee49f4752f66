#pragma once

#include "daemon/metrics/metrics.hpp"

#include <prometheus/metric_family.h>

#include <vector>

namespace plimsoll::metrics {

/// Families of everything that has a state to be looked at: chains, protocols, rules, sinks,
/// snapshots.
std::vector<prometheus::MetricFamily> gather(const Sources& sources);

/// The families `process_*` that every exporter has. Without those that the system does not tell.
std::vector<prometheus::MetricFamily> gather_process();

}  // namespace plimsoll::metrics
