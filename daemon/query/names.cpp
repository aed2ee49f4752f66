#include "daemon/query/names.hpp"

#include "daemon/query/reader.hpp"
#include "daemon/query/row_files.hpp"

#include <algorithm>
#include <utility>

namespace plimsoll::query {

using view::Row;

std::vector<std::string> Names::chain_names() const {
    std::vector<std::string> out;
    for (const Chain& chain : chains) {
        out.push_back(chain.name);
        if (!chain.caip2.empty()) out.push_back(chain.caip2);
    }
    return out;
}

std::string Names::caip2_of(const std::string& chain) const {
    for (const Chain& one : chains) {
        if (one.name == chain && !one.caip2.empty()) return one.caip2;
    }
    return chain;
}

std::uint64_t Names::stale_after(const std::string& caip2) const {
    const auto found = std::ranges::find(chains, caip2, &Chain::caip2);
    return found == chains.end() ? kStaleAfter : found->stale_after;
}

Names Reader::names() const {
    Names out;
    out.rules = configured_.rules;
    Row body;
    if (const auto answer = ask("/status", {}); answer && answer->status == 200) {
        body = answer->body;
    } else {
        out = configured_;
        if (const auto last = last_status()) body = *last;
    }
    const auto add = [](std::vector<std::string>& to, std::string name) {
        if (std::find(to.begin(), to.end(), name) == to.end()) to.push_back(std::move(name));
    };
    for (const Row& chain : body.value("chains", Row::array())) {
        const std::string name = text_of(chain, "name");
        const bool is_new = std::none_of(out.chains.begin(), out.chains.end(),
                                         [&](const auto& one) { return one.name == name; });
        if (is_new) out.chains.push_back({name, text_of(chain, "chain")});
    }
    for (const Row& one : body.value("protocols", Row::array())) {
        add(out.protocols, text_of(one, "name"));
        const auto chains = out.chain_names();
        const std::string chain = text_of(one, "chain");
        const bool is_new = std::find(chains.begin(), chains.end(), chain) == chains.end();
        if (is_new) out.chains.push_back({chain, ""});
    }
    return out;
}

}  // namespace plimsoll::query
