#pragma once

#include "abi/address.hpp"
#include "abi/expected.hpp"
#include "abi/word.hpp"
#include "daemon/http/message.hpp"

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll::http {

/// Decimal text such as "1.05", scaled to an integer with `decimals`; more digits are an error.
Expected<U256, ParseError> parse_fixed(std::string_view text, unsigned decimals);

/// The parameters of one request. Getters return the fallback for what is absent or wrong; the
/// first thing wrong is kept for the answer. A parameter that is not among the known ones, or that
/// comes twice, is wrong too, so that a misspelt filter never looks like an answer about
/// everything.
class Params {
  public:
    Params(const Request& request, std::initializer_list<std::string_view> known);

    bool ok() const { return problem_.empty(); }
    const std::string& problem() const { return problem_; }
    /// 400 with the problem.
    Response refusal() const { return error_response(400, problem_); }
    void fail(std::string_view name, const std::string& message);

    /// Empty when absent.
    std::string text(std::string_view name) const;
    bool has(std::string_view name) const { return !text(name).empty(); }
    std::uint64_t number(std::string_view name, std::uint64_t fallback, std::uint64_t least,
                         std::uint64_t most);
    /// `limit`: how many rows at most; more than `most` are `most`, since the rest is paged.
    std::size_t limit(std::size_t fallback, std::size_t most);
    bool flag(std::string_view name);
    std::optional<Address> address(std::string_view name);
    /// A name; what can only be meant as an address must be one.
    std::string name_or_address(std::string_view name);
    std::optional<U256> fixed(std::string_view name, unsigned decimals);
    /// One of these names; an unknown one is told together with them.
    std::string one_of(std::string_view name, std::span<const std::string> choices);

  private:
    const Request& request_;
    std::string problem_;
};

}  // namespace plimsoll::http
