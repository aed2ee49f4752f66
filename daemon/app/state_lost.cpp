#include "daemon/app/state_lost.hpp"

#include <filesystem>
#include <string>
#include <string_view>

namespace plimsoll::app {
namespace {

constexpr std::string_view kType = "daemon.state_lost";

}  // namespace

alerts::Alert state_lost(const store::Store::Opened& opened, std::uint64_t now) {
    const std::string file = std::filesystem::path(opened.moved_aside).filename().string();
    alerts::Alert alert;
    alert.type = kType;
    alert.rule = "state-lost";
    alert.severity = alerts::Severity::critical;
    alert.subject = file;
    alert.alert_key = alerts::alert_key(alert.rule, "", "", file);
    alert.block.time = now;
    alert.at = now;
    alert.title = "Stored state was damaged and is set aside";
    alert.text = "The database does not pass its check (" + opened.defect +
                 "). It is set aside as " + file +
                 ", and everything is read from the chain anew. Messages that waited in it were "
                 "not sent; what was firing is told again where it still holds.";
    return alert;
}

}  // namespace plimsoll::app
