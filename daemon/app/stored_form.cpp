#include "daemon/app/stored_form.hpp"

#include <utility>

namespace plimsoll::app {

rules::SignFunction signed_by(const alerts::Signer& signer) {
    return [&signer](std::string_view body) {
        const auto typed = alerts::typed_alert(body);
        return rules::Signature{signer.sign(body), to_checksum(signer.address()),
                                typed ? signer.sign_typed(*typed) : std::string()};
    };
}

store::NewAlert stored_form(const alerts::Alert& alert, const std::string& instance,
                            const rules::SignFunction& sign,
                            std::vector<store::Destination> sinks) {
    store::NewAlert out;
    out.id = alerts::message_id(instance, alert.alert_key, alert.episode, alert.seq);
    out.alert_key = alert.alert_key;
    out.episode = alert.episode;
    out.seq = alert.seq;
    out.type = alert.type;
    out.severity = static_cast<int>(alert.severity);
    out.at = alert.at;
    out.body = alerts::body_of(alert, instance);
    if (sign) {
        rules::Signature made = sign(out.body);
        out.signature = std::move(made.signature);
        out.signer = std::move(made.signer);
        out.typed_signature = std::move(made.typed);
    }
    out.sinks = std::move(sinks);
    return out;
}

}  // namespace plimsoll::app
