#pragma once

#include "config/settings.hpp"

#include <iosfwd>
#include <string>
#include <vector>

namespace plimsoll::cli {

/// What came of looking at one thing the configuration names.
struct OnlineCheck {
    enum class Verdict {
        ok,
        unreachable,  ///< it did not answer: it may be down just now
        wrong,        ///< it answered, and the configuration is wrong
    };
    std::string what;   ///< "chain", "endpoint", "code", "kind", "signing", "sink"
    std::string where;  ///< chain; empty where it belongs to none
    std::string name;
    Verdict verdict = Verdict::ok;
    std::string detail;  ///< for people; no secrets
};

/// Asks every endpoint for its chain id, abilities and head, looks for code at the protocols'
/// addresses and whether it answers as their kind, and tries the signing key and the sinks'
/// settings. Every chain, endpoint, protocol and sink has an answer. Sends nothing to a sink.
/// Endpoints are asked at the same time, each for some seconds.
std::vector<OnlineCheck> check_online(const config::Settings& settings);

/// Prints them as a table or as JSON Lines. Answers 0, 69 when something did not answer, 78 when
/// something is wrong.
int report(const std::vector<OnlineCheck>& checks, bool json, std::ostream& out);

}  // namespace plimsoll::cli
