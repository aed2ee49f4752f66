#pragma once

#include "abi/expected.hpp"

#include <stdexcept>
#include <type_traits>
#include <utility>

namespace plimsoll::protocols {

/// The contract would revert here: there is no number, and no liquidation either.
struct Reverted {
    friend bool operator==(Reverted, Reverted) { return true; }
};

/// Runs a contract mirror. Checked arithmetic (`U256`) throws where the contract reverts; this is
/// the only place where such an exception becomes a value.
template <class F>
auto as_contract(F&& mirror) -> Expected<std::invoke_result_t<F>, Reverted> {
    try {
        return std::forward<F>(mirror)();
    } catch (const std::overflow_error&) {
    } catch (const std::range_error&) {
    } catch (const std::domain_error&) {
    } catch (const std::underflow_error&) {
    }
    return Unexpected<Reverted>{Reverted{}};
}

}  // namespace plimsoll::protocols
