#include "daemon/http/e_mode.hpp"

#include <cstdint>
#include <utility>

namespace plimsoll::http {
namespace {

constexpr std::uint64_t kMaxCategory = 255;

/// "aave-v3-ethereum 1, 2, 3"; empty where it has none.
std::string ids_of(const std::string& protocol,
                   std::span<const protocols::EModeReport> categories) {
    std::string out;
    for (const auto& category : categories) {
        out += (out.empty() ? protocol + " " : ", ") + std::to_string(category.id);
    }
    return out;
}

}  // namespace

std::optional<unsigned> e_mode_param(Params& params) {
    if (!params.has("e_mode")) return std::nullopt;
    const auto id = static_cast<unsigned>(params.number("e_mode", 1, 1, kMaxCategory));
    if (params.has("collateral")) {
        params.fail("e_mode",
                    "the threshold of a category is that of all its assets; leave collateral out, "
                    "or leave e_mode out for the asset's own threshold");
    }
    if (params.has("price") || params.has("change")) {
        params.fail("e_mode",
                    "a category has no price; give collateral=ETH with a price or a change, or "
                    "e_mode=1 with threshold=90");
    }
    if (!params.has("threshold")) {
        params.fail("e_mode",
                    "give the category's liquidation threshold too, in percent: threshold=90");
    }
    return id;
}

Categories find_category(std::span<const view::ProtocolView> views, unsigned id,
                         const std::string& protocol) {
    Categories out;
    for (const auto& view : views) {
        if (!protocol.empty() && view.status.name != protocol) continue;
        const auto categories = view.ledger->e_modes();
        const std::string ids = ids_of(view.status.name, categories);
        if (!out.known.empty() && !ids.empty()) out.known += "; ";
        out.known += ids;
        for (const auto& category : categories) {
            if (category.id != id) continue;
            out.found.push_back({std::make_unique<view::ProtocolCopy>(view), category});
        }
    }
    return out;
}

Response no_category(unsigned id, const Categories& categories) {
    if (categories.known.empty()) {
        return error_response(404, "e_mode: nothing that is asked about has e-mode categories");
    }
    return error_response(404, "e_mode: there is no category " + std::to_string(id) +
                                   "; those that there are: " + categories.known);
}

protocols::AssetGroup assets_of(const protocols::EModeReport& category) {
    protocols::AssetGroup out;
    out.name = "e-mode " + std::to_string(category.id);
    out.members = category.tokens;
    return out;
}

}  // namespace plimsoll::http
