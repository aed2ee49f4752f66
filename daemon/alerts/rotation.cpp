#include "daemon/alerts/rotation.hpp"

namespace plimsoll::alerts {

Alert signer_update(const Address& from, const Address& to, std::uint64_t at) {
    const std::string old_signer = to_checksum(from);
    const std::string new_signer = to_checksum(to);
    Alert out;
    out.type = "daemon.signer.updated";
    out.rule = "signer";
    out.severity = Severity::warning;
    out.subject = new_signer;
    out.alert_key = alert_key(out.rule, "", "", old_signer) + "/" + new_signer;
    out.at = at;
    out.title = "Alerts are signed by another key from now on";
    out.text = "Up to now " + old_signer + " signed; from now on " + new_signer +
               " does. This message is the last one that the old key signs. If nobody changed the "
               "key on purpose, do not trust what follows.";
    out.extra = {{"previous_signer", old_signer}, {"new_signer", new_signer}};
    return out;
}

}  // namespace plimsoll::alerts
