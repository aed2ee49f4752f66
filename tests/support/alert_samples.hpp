#pragma once

#include "daemon/alerts/alert.hpp"
#include "daemon/alerts/read.hpp"

#include <string>
#include <vector>

namespace plimsoll::testing {

/// An alert with every member its kind can have, as the rules make it.
struct AlertSample {
    std::string name;
    alerts::Alert alert;

    std::string body() const;
    alerts::ReadAlert read() const;
};

/// One of each kind and state that reads differently, among them one whose names were chosen by an
/// attacker.
const std::vector<AlertSample>& alert_samples();
const AlertSample& alert_sample(const std::string& name);

/// Twenty-five positions at risk of one rule and one that is safe again.
std::vector<AlertSample> sample_group();
std::vector<alerts::ReadAlert> read_all(const std::vector<AlertSample>& samples);

/// What an attacker may call a token: markup, mentions and control characters of every service.
extern const std::string kHostileName;

}  // namespace plimsoll::testing
