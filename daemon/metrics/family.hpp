#pragma once

#include <prometheus/metric_family.h>

#include <string>
#include <utility>
#include <vector>

namespace plimsoll::metrics {

using Labels = std::vector<std::pair<std::string, std::string>>;

/// One family under construction.
class Family {
  public:
    Family(prometheus::MetricType type, std::string name, std::string help) {
        family_.type = type;
        family_.name = std::move(name);
        family_.help = std::move(help);
    }
    Family& add(double value, const Labels& labels = {}) {
        prometheus::ClientMetric& metric = family_.metric.emplace_back();
        for (const auto& [label, text] : labels) {
            metric.label.push_back({});
            metric.label.back().name = label;
            metric.label.back().value = text;
        }
        if (family_.type == prometheus::MetricType::Counter) {
            metric.counter.value = value;
        } else {
            metric.gauge.value = value;
        }
        return *this;
    }
    prometheus::MetricFamily take() { return std::move(family_); }

  private:
    prometheus::MetricFamily family_;
};

inline Family gauge(std::string name, std::string help) {
    return {prometheus::MetricType::Gauge, std::move(name), std::move(help)};
}
inline Family counter(std::string name, std::string help) {
    return {prometheus::MetricType::Counter, std::move(name), std::move(help)};
}

}  // namespace plimsoll::metrics
