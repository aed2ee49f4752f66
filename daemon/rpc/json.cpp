#include "daemon/rpc/json.hpp"

#include <nlohmann/json.hpp>

#include <string>
#include <utility>
#include <vector>

namespace plimsoll::rpc {
namespace {

using nlohmann::json;

/// Builds the value from the parser's events and stops it at the first breach of a limit.
class Builder final : public nlohmann::json_sax<json> {
  public:
    explicit Builder(const JsonLimits& limits) : limits_(limits) {}

    bool null() override { return add(json(nullptr)) != nullptr; }
    bool boolean(bool value) override { return add(json(value)) != nullptr; }
    bool number_integer(number_integer_t value) override { return add(json(value)) != nullptr; }
    bool number_unsigned(number_unsigned_t value) override { return add(json(value)) != nullptr; }
    bool number_float(number_float_t value, const string_t& /*text*/) override {
        return add(json(value)) != nullptr;
    }
    bool string(string_t& value) override { return add(json(std::move(value))) != nullptr; }
    bool binary(binary_t& /*value*/) override { return fail("binary value"); }
    bool start_object(std::size_t /*size*/) override { return open(json::object()); }
    bool start_array(std::size_t /*size*/) override { return open(json::array()); }
    bool end_object() override { return close(); }
    bool end_array() override { return close(); }
    bool key(string_t& name) override {
        if (++nodes_ > limits_.nodes) return fail("JSON has too many values");
        if (open_.back()->contains(name)) return fail("JSON object has a key twice");
        key_ = std::move(name);
        return true;
    }
    bool parse_error(std::size_t position, const std::string& /*token*/,
                     const nlohmann::detail::exception& /*error*/) override {
        return fail("not JSON at byte " + std::to_string(position));
    }

    Expected<json, ParseError> result(bool is_complete) && {
        if (!is_complete) return plimsoll::parse_error(std::move(reason_));
        return std::move(root_);
    }

  private:
    json* add(json&& value) {
        if (++nodes_ > limits_.nodes) {
            fail("JSON has too many values");
            return nullptr;
        }
        if (open_.empty()) return &(root_ = std::move(value));
        json& parent = *open_.back();
        if (parent.is_array()) {
            parent.push_back(std::move(value));
            return &parent.back();
        }
        return &(parent[std::move(key_)] = std::move(value));
    }
    bool open(json&& container) {
        if (open_.size() >= limits_.depth) return fail("JSON is nested too deeply");
        json* added = add(std::move(container));
        if (added == nullptr) return false;
        open_.push_back(added);
        return true;
    }
    bool close() {
        open_.pop_back();
        return true;
    }
    bool fail(std::string reason) {
        if (reason_.empty()) reason_ = std::move(reason);
        return false;
    }

    const JsonLimits& limits_;
    json root_;
    std::vector<json*> open_;  ///< containers not closed yet; only the last one grows
    std::string key_;
    std::size_t nodes_ = 0;
    std::string reason_;
};

}  // namespace

Expected<json, ParseError> parse_json(std::string_view text, const JsonLimits& limits) {
    Builder builder(limits);
    const bool is_complete = json::sax_parse(text.begin(), text.end(), &builder);
    return std::move(builder).result(is_complete);
}

const json* member(const json& value, std::string_view name) {
    if (!value.is_object()) return nullptr;
    const auto found = value.find(name);
    return found == value.end() ? nullptr : &*found;
}

std::optional<std::string_view> text(const json& value) {
    if (!value.is_string()) return std::nullopt;
    return std::string_view(value.get_ref<const std::string&>());
}

std::optional<std::int64_t> integer(const json& value) {
    if (value.is_number_unsigned()) {
        const auto number = value.get<std::uint64_t>();
        if (number > static_cast<std::uint64_t>(INT64_MAX)) return std::nullopt;
        return static_cast<std::int64_t>(number);
    }
    if (!value.is_number_integer()) return std::nullopt;
    return value.get<std::int64_t>();
}

}  // namespace plimsoll::rpc
