// A configuration file, the texts inside it, and those that operators type.

#include "config/describe.hpp"
#include "config/expression.hpp"
#include "config/load.hpp"
#include "config/network.hpp"
#include "config/scalars.hpp"
#include "config/secret_source.hpp"
#include "daemon/query/when.hpp"
#include "daemon/routing/silence.hpp"
#include "daemon/sinks/http_reply.hpp"
#include "daemon/sinks/network_guard.hpp"
#include "tests/fuzz/input.hpp"

using namespace plimsoll;
using fuzz::require;

namespace {

constexpr std::string_view kMarker = "marker-that-may-not-appear";

class Marked final : public config::SecretSource {
  public:
    Expected<Secret, ParseError> environment(const std::string&) override {
        return Secret(kMarker);
    }
    Expected<Secret, ParseError> file(const std::filesystem::path&) override {
        return Secret(kMarker);
    }
    Expected<Secret, ParseError> credential(const std::string&) override { return Secret(kMarker); }
};

void check_file(std::string_view text) {
    if (text.find(kMarker) != std::string_view::npos) return;
    Marked secrets;
    const auto settings = config::parse_settings(text, "fuzz.toml", secrets);
    if (settings) {
        require(config::describe(*settings).find(kMarker) == std::string::npos);
        require(config::describe_json(*settings).find(kMarker) == std::string::npos);
        return;
    }
    require(!settings.error().empty());
    for (const config::ConfigError& error : settings.error()) {
        require(to_string(error).find(kMarker) == std::string::npos);
    }
}

void check_texts(std::string_view text) {
    if (const auto when = config::parse_when(text)) {
        require(config::parse_when(config::to_string(*when)) == *when);
    }
    if (const auto clear = config::parse_clear(text)) {
        const auto again = config::parse_clear(config::to_string(clear->conditions, clear->join));
        require(again == *clear);
    }
    if (const auto duration = config::parse_duration(text)) {
        require(config::parse_duration(config::to_string(*duration)) == *duration);
    }
    if (const auto decimal = config::parse_decimal_text(text, 18)) {
        const std::string shown = config::format_decimal(decimal->magnitude, 18, decimal->negative);
        require(config::parse_decimal_text(shown, 18) == *decimal || decimal->magnitude == 0);
    }
    (void)config::parse_depth(text);
    (void)config::parse_url(text);
    (void)config::public_url(text);
    (void)config::parse_listen(text);
    (void)config::check_webhook_secret(text);
    (void)config::check_signing_key(text);
    const bool is_block = config::check_cidr(text).has_value();
    (void)is_block;
    if (const auto ip = sinks::parse_ip(text)) {
        require(sinks::parse_ip(sinks::to_string(*ip)) == *ip);
    }
    (void)sinks::parse_cidr(text);
    (void)sinks::parse_retry_after(text,
                                   std::chrono::sys_seconds{std::chrono::seconds{1'800'000'000}});
    (void)query::parse_since(text, 1'800'000'000);
    if (const auto matcher = routing::parse_matcher(text)) {
        require(routing::parse_matcher(routing::to_string(*matcher)) == *matcher);
    }
    const routing::SilenceRequest wish{
        {std::string(text)}, 60, std::string(text.substr(0, 10)), "why"};
    if (const auto silence = routing::make_silence(wish, 1'800'000'000)) {
        const auto again = routing::from_row(routing::to_row(*silence));
        require(again && again->matchers == silence->matchers);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::Input input(data, size);
    if (input.byte() % 2 == 0) {
        check_file(input.text());
    } else {
        check_texts(input.text());
    }
    return 0;
}
