#include "daemon/app/rotation.hpp"

#include "daemon/alerts/rotation.hpp"
#include "daemon/app/destinations.hpp"
#include "daemon/app/stored_form.hpp"

namespace plimsoll::app {
namespace {

constexpr const char* kAnnounced = "announced_rotation";

}  // namespace

Expected<void, store::StoreError> announce_rotation(store::Store& store,
                                                    const config::Settings& settings,
                                                    const alerts::Signer& old,
                                                    const alerts::Signer& next, std::int64_t now_ms,
                                                    const routing::RouteFunction& route) {
    const std::string rotation = to_checksum(old.address()) + " " + to_checksum(next.address());
    const auto announced = store.meta(kAnnounced);
    if (!announced) return Unexpected<store::StoreError>{announced.error()};
    if (*announced == rotation) return {};
    store::RoundCommit round;
    round.now_ms = now_ms;
    const auto at = static_cast<std::uint64_t>(now_ms / 1000);
    round.alerts.push_back(stored_form(alerts::signer_update(old.address(), next.address(), at),
                                       settings.daemon.instance, signed_by(old),
                                       destinations(settings)));
    route(round);
    const auto committed = store.commit(round);
    // Stored already, with the time of an earlier start: a crash came before the mark below.
    const bool is_known = !committed && committed.error().kind == store::StoreFault::misuse;
    if (!committed && !is_known) return committed;
    return store.set_meta(kAnnounced, rotation);
}

}  // namespace plimsoll::app
