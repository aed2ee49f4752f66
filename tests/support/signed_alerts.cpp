// Makes signed deliveries with the daemon's own code, for receivers in other languages to check.
//
//   signed_alerts COUNT SEED ARCHIVE
//
// Prints one JSON object a line: body, headers as they would be posted, the two webhook secrets
// (newest first), the signer, the EIP-712 message. Writes the same alerts as lines of an archive.
// Texts are random, and hold what is awkward to sign and to parse.
#include "abi/hex.hpp"
#include "daemon/alerts/jsonl.hpp"
#include "daemon/alerts/sign.hpp"
#include "daemon/sinks/webhook.hpp"
#include "daemon/sinks/webhook_signature.hpp"
#include "tests/support/alert_samples.hpp"

#include <ctime>
#include <fstream>
#include <iostream>
#include <random>

namespace plimsoll {
namespace {

using nlohmann::json;

constexpr const char* kKey = "5de4111afa1a4b94908f83103eb1f1706367c2e68ca870fc3fb9a804cdab365a";
const std::vector<std::string> kSecrets{"whsec_bmV3ZXN0IHNlY3JldCBvZiB0aGUgdGVzdHM=",
                                        "whsec_b2xkZXIgc2VjcmV0IG9mIHRoZSB0ZXN0cyE="};

class Maker {
  public:
    explicit Maker(std::uint64_t seed) : random_(seed) {
        for (const std::string& secret : kSecrets) {
            keys_.push_back(sinks::parse_webhook_secret(Secret(std::string_view(secret))).value());
        }
    }

    alerts::Alert next() {
        alerts::Alert alert = pick(testing::alert_samples()).alert;
        alert.seq = 1 + random_() % 1000;
        alert.subject = text(20);
        alert.alert_key = alerts::alert_key(alert.rule, alert.chain, alert.protocol, alert.subject);
        alert.at = 1'700'000'000 + random_() % 100'000'000;
        alert.block.number = random_() % (std::uint64_t{1} << 53U);
        for (std::uint8_t& byte : alert.block.hash.bytes)
            byte = static_cast<std::uint8_t>(random_());
        alert.title = text(150);
        alert.text = text(random_() % 2500);
        alert.labels[std::string(1, static_cast<char>('a' + random_() % 26))] = text(30);
        return alert;
    }

    sinks::WebhookSettings settings() const {
        return {"hook", Secret("https://h.example/"), keys_, {}};
    }

  private:
    template <class T>
    const T& pick(const std::vector<T>& from) {
        return from[random_() % from.size()];
    }

    /// Code points from all over, quotes and backslashes, and bytes that are no UTF-8 at all.
    std::string text(std::size_t size) {
        static const std::vector<std::string> kParts{"a",        "Z",
                                                     "0",        " ",
                                                     "\"",       "\\",
                                                     "\n",       "\r",
                                                     "\t",       "/",
                                                     "<",        "é",
                                                     "健康因子", "🌊",
                                                     "\x7F",     "\x01",
                                                     "",         "\u2028",
                                                     "\u202E",   "\uFEFF",
                                                     "\xC3\x28", "\xED\xA0\x80",
                                                     "\\u0041",  "{",
                                                     "}",        "$"};
        std::string out;
        for (std::size_t i = 0; i < size; ++i) out += pick(kParts);
        return out;
    }

    std::mt19937_64 random_;
    std::vector<Secret> keys_;
};

json described(const sinks::Message& message, const sinks::WebhookSettings& settings,
               const alerts::TypedAlert& typed, std::chrono::sys_seconds now) {
    json out{{"body", message.body}, {"secrets", kSecrets}, {"signer", message.signer}};
    for (const auto& [name, value] : sinks::webhook_request(message, settings, now).headers) {
        out["headers"][name] = value;
    }
    out["typed"] = {{"id", typed.id},
                    {"type", typed.type},
                    {"chain", typed.chain},
                    {"subject", typed.subject},
                    {"block", std::to_string(typed.block)},
                    {"time", std::to_string(typed.time)},
                    {"bodyHash", to_hex(typed.body_hash)}};
    return out;
}

int run(std::uint64_t count, std::uint64_t seed, const std::string& archive) {
    Maker maker(seed);
    const auto signer = alerts::Signer::make(Secret(kKey), std::nullopt).value();
    const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
    std::ofstream lines(archive, std::ios::binary);
    for (std::uint64_t i = 0; i < count; ++i) {
        const alerts::Alert alert = maker.next();
        sinks::Message message;
        message.body = alerts::body_of(alert, "mon-a");
        message.id = alerts::message_id("mon-a", alert.alert_key, alert.episode, alert.seq);
        message.signature = signer.sign(message.body);
        message.signer = to_checksum(signer.address());
        const auto typed = alerts::typed_alert(message.body).value();
        message.typed_signature = signer.sign_typed(typed);
        std::cout << described(message, maker.settings(), typed, now).dump() << "\n";
        lines << alerts::jsonl_line(message.body, message.signature, message.signer).value()
              << "\n";
    }
    return lines.flush() ? 0 : 1;
}

}  // namespace
}  // namespace plimsoll

int main(int argc, char** argv) {
    if (argc != 4) {
        std::cerr << "usage: signed_alerts COUNT SEED ARCHIVE\n";
        return 64;
    }
    return plimsoll::run(std::stoull(argv[1]), std::stoull(argv[2]), argv[3]);
}
