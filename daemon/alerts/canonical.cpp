#include "daemon/alerts/canonical.hpp"

#include "daemon/alerts/text.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

namespace plimsoll::alerts {
namespace {

using nlohmann::json;
using Kind = CanonicalError::Kind;

bool is_key(std::string_view key) {
    const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; };
    const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
    // A key that starts with a digit is moved to the front by JavaScript.
    return !key.empty() && is_letter(key.front()) &&
           std::all_of(key.begin(), key.end(), [&](char c) { return is_letter(c) || is_digit(c); });
}

class Writer {
  public:
    /// False at the first value without a canonical form; `error` then says why.
    bool write(const json& value, unsigned depth) {
        switch (value.type()) {
            case json::value_t::null:
                out_ += "null";
                return true;
            case json::value_t::boolean:
                out_ += value.get<bool>() ? "true" : "false";
                return true;
            case json::value_t::number_integer:
                return write_integer(value.get<std::int64_t>());
            case json::value_t::number_unsigned:
                return write_unsigned(value.get<std::uint64_t>());
            case json::value_t::string:
                write_string(value.get_ref<const std::string&>());
                return true;
            case json::value_t::array:
                return write_array(value, depth);
            case json::value_t::object:
                return write_object(value, depth);
            case json::value_t::number_float:
                return fail(Kind::floating_point, "is no integer");
            case json::value_t::binary:
            case json::value_t::discarded:
                break;
        }
        return fail(Kind::not_json, "has no JSON form");
    }

    std::string take() { return std::move(out_); }
    CanonicalError error() { return std::move(*error_); }

  private:
    bool fail(Kind kind, std::string_view what) {
        error_ = CanonicalError{kind, "member '" + path_ + "' " + std::string(what)};
        return false;
    }

    bool write_integer(std::int64_t value) {
        if (value > kMaxInteger || value < -kMaxInteger) {
            return fail(Kind::integer_range, "is outside +-(2^53 - 1)");
        }
        out_ += std::to_string(value);
        return true;
    }

    bool write_unsigned(std::uint64_t value) {
        if (value > static_cast<std::uint64_t>(kMaxInteger)) {
            return fail(Kind::integer_range, "is outside +-(2^53 - 1)");
        }
        out_ += std::to_string(value);
        return true;
    }

    void write_string(std::string_view text) {
        out_ += '"';
        for (const char c : clean_text(text)) {
            if (c == '\n') {
                out_ += "\\n";
                continue;
            }
            if (c == '"' || c == '\\') out_ += '\\';
            out_ += c;
        }
        out_ += '"';
    }

    bool write_array(const json& value, unsigned depth) {
        if (depth >= kMaxDepth) return fail(Kind::depth, "is nested too deeply");
        out_ += '[';
        for (std::size_t i = 0; i < value.size(); ++i) {
            if (i > 0) out_ += ',';
            if (!write(value[i], depth + 1)) return false;
        }
        out_ += ']';
        return true;
    }

    bool write_object(const json& value, unsigned depth) {
        if (depth >= kMaxDepth) return fail(Kind::depth, "is nested too deeply");
        out_ += '{';
        bool is_first = true;
        for (const auto& [key, member] : value.get_ref<const json::object_t&>()) {
            if (!std::exchange(is_first, false)) out_ += ',';
            const std::size_t outer = path_.size();
            path_ += (path_.empty() ? "" : ".") + cut_text(key, kMaxName);
            if (!is_key(key)) return fail(Kind::key, "is not named in snake_case");
            out_ += '"' + key + "\":";
            if (!write(member, depth + 1)) return false;
            path_.resize(outer);
        }
        out_ += '}';
        return true;
    }

    std::string out_;
    std::string path_;
    std::optional<CanonicalError> error_;
};

}  // namespace

Expected<std::string, CanonicalError> canonical_json(const json& value) {
    Writer writer;
    if (!writer.write(value, 0)) return Unexpected<CanonicalError>{writer.error()};
    return writer.take();
}

}  // namespace plimsoll::alerts
