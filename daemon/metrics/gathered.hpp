#pragma once

#include "daemon/metrics/metrics.hpp"

#include <prometheus/metric_family.h>

#include <string>
#include <vector>

namespace plimsoll::metrics {

/// Families of everything that has a state to be looked at: chains, protocols, rules, sinks,
/// snapshots. `rules` are the configured ones, which are told when none of their alerts fires too.
std::vector<prometheus::MetricFamily> gather(const Sources& sources,
                                             const std::vector<std::string>& rules);

/// The families `process_*` that every exporter has. Without those that the system does not tell.
std::vector<prometheus::MetricFamily> gather_process();

}  // namespace plimsoll::metrics
