#include "config/network.hpp"
#include "config/readers.hpp"

#include <algorithm>
#include <set>

namespace plimsoll::config {
namespace {

/// An endpoint's URL as given, checked; also whether it was met before on this chain.
class EndpointReader {
  public:
    EndpointReader(Reading& reading, const ChainSettings& chain)
        : reading_(reading), chain_(chain.name), is_tron_(chain.kind == "tron") {}

    std::optional<EndpointSettings> read(const toml::node& node, std::set<std::string>& aliases) {
        ++position_;
        EndpointSettings out;
        out.alias = chain_ + '-' + std::to_string(position_);
        Position alias_at = begin_of(node);
        bool ok = true;
        if (const toml::table* const table = node.as_table()) {
            Section section(reading_, "endpoints", *table, "the endpoint", begin_of(node));
            ok = read_table(section, *table, out);
            alias_at = section.at("alias");
        } else if (node.is_string()) {
            const auto url = reading_.text_of(node, key_spec("endpoints", "url"));
            ok = url && take_url(*url, out);
        } else {
            KeySpec element = key_spec("chains", "endpoints");
            element.list = false;
            reading_.wrong_type(node, element);
            ok = false;
        }
        if (!aliases.insert(out.alias).second) {
            reading_.problems.error(alias_at,
                                    "endpoint alias " + in_quotes(out.alias) + " is given twice");
        }
        return ok ? std::optional(std::move(out)) : std::nullopt;
    }

  private:
    bool read_table(Section& section, const toml::table& table, EndpointSettings& out) {
        const auto url = section.optional_text("url");
        const bool ok = url && take_url(*url, out);
        if (const auto alias = section.optional_text("alias")) {
            if (is_fit_name(alias->view())) {
                out.alias = std::string(alias->view());
            } else {
                reading_.problems.error(alias->at, alias->shown() + " cannot be an alias",
                                        "letters, digits, '.', '_' and '-', at most 64");
            }
        }
        if (section.has("max_rps")) {
            out.max_rps = static_cast<unsigned>(section.integer("max_rps"));
        }
        out.max_block_range = section.optional_integer("max_block_range");
        out.ca_file = section.text("ca_file");
        read_headers(table, out);
        return ok;
    }

    bool take_url(const Text& url, EndpointSettings& out) {
        const auto parsed = parse_url(url.view());
        if (!parsed) {
            reading_.problems.error(url.at, parsed.error().message);
            return false;
        }
        if (is_tron_ && !check_base(url, *parsed)) return false;
        if (is_tron_ && is_trongrid(*parsed)) out.max_rps = kTronGridRate;
        if (looks_secret(*parsed)) {
            reading_.tell_literal_secret(url, "a URL that looks like it holds a key");
        }
        const auto same = [&](const Secret& other) { return other.reveal() == url.view(); };
        if (std::any_of(seen_.begin(), seen_.end(), same)) {
            reading_.problems.warn(url.at, "the same endpoint is given twice");
        }
        seen_.push_back(url.value);
        out.url = url.value;
        return true;
    }

    /// What is appended to the URL of a TRON node may not stand there already.
    bool check_base(const Text& url, const Url& parsed) {
        std::string_view path = std::string_view(parsed.path).substr(0, parsed.path.find('?'));
        while (path.ends_with('/')) path.remove_suffix(1);
        for (const std::string_view part : {"/wallet", "/walletsolidity", "/jsonrpc", "/v1"}) {
            if (!path.ends_with(part)) continue;
            reading_.problems.error(url.at,
                                    "the URL of a TRON node ends with '" + std::string(part) + "'",
                                    "give its base URL, '" + std::string(part) + "' is appended");
            return false;
        }
        return true;
    }

    static bool is_trongrid(const Url& parsed) {
        return parsed.host == "trongrid.io" || parsed.host.ends_with(".trongrid.io");
    }

    void read_headers(const toml::table& table, EndpointSettings& out) {
        const toml::node* const node = table.get("header");
        if (node == nullptr) return;
        const KeySpec& row = key_spec("endpoints", "header");
        const toml::table* const headers = node->as_table();
        if (headers == nullptr) return reading_.wrong_type(*node, row);
        for (const auto& [name, value] : *headers) {
            const auto text = reading_.text_of(value, row);
            if (!text) continue;
            if (const auto fit = check_header(name.str(), text->view()); !fit) {
                reading_.problems.error(begin_of(name), fit.error().message);
                continue;
            }
            reading_.tell_literal_secret(*text, "the value of header " + in_quotes(name.str()));
            out.headers.emplace_back(std::string(name.str()), text->value);
        }
    }

    /// Its limits are 15 a second and worse; too many are answered by a pause of up to 30 s.
    static constexpr unsigned kTronGridRate = 8;

    Reading& reading_;
    std::string chain_;
    bool is_tron_;
    std::size_t position_ = 0;
    std::vector<Secret> seen_;
};

std::vector<EndpointSettings> read_endpoints(Reading& reading, const Section& section,
                                             const ChainSettings& chain,
                                             std::set<std::string>& aliases) {
    std::vector<EndpointSettings> out;
    const toml::node* const node = section.node("endpoints");
    if (node == nullptr) return out;
    EndpointReader reader(reading, chain);
    const toml::array* const list = node->as_array();
    if (list == nullptr) {
        reading.problems.error(begin_of(*node),
                               "'endpoints' must be a list, not " + describe_type(*node),
                               "put brackets around it: [ ... ]");
        return out;
    }
    for (const toml::node& element : *list) {
        if (auto endpoint = reader.read(element, aliases)) out.push_back(std::move(*endpoint));
    }
    if (list->empty()) {
        reading.problems.error(begin_of(*node), "'endpoints' of " + section.label() + " is empty");
    }
    return out;
}

/// Multicall3 has one address on nearly all chains; this is where it has another.
std::optional<Address> known_multicall(std::uint64_t chain_id) {
    constexpr std::uint64_t kZkSyncEra = 324;
    if (chain_id != kZkSyncEra) return std::nullopt;
    return parse_address("0xF9cda624FBC7e059355ce98a31693d299FACd963").value();
}

/// Without `poll_every`: twice in each block, so that a round begins early in its block.
constexpr Milliseconds kTronPoll{1'500};

void check_tron(Reading& reading, const Section& section, const ChainSettings& chain) {
    if (chain.chain_id > UINT32_MAX) {
        reading.problems.error(
            section.at("chain_id"),
            "a TRON chain_id has four bytes, " + std::to_string(chain.chain_id) + " is too large",
            "mainnet is 728126428, Nile 3448148188, Shasta 2494104990");
    }
    if (chain.agree.value_or(1) > 1) {
        reading.problems.error(
            section.at("agree"),
            "'agree' compares endpoints of EVM chains; a TRON node has the state "
            "of its own head only",
            "leave it out; several endpoints take over from one another");
    }
}

void check_chain(Reading& reading, const Section& section, const ChainSettings& chain,
                 std::size_t given_endpoints) {
    if (chain.agree.value_or(1) > given_endpoints && given_endpoints > 0) {
        reading.problems.error_of_whole(section.at("agree"), "'agree' asks for " +
                                                                 std::to_string(*chain.agree) +
                                                                 " endpoints, the chain has " +
                                                                 std::to_string(given_endpoints));
    }
    if (chain.finality == Depth{Depth::Kind::blocks, 0}) {
        reading.problems.warn(section.at("finality"),
                              "with finality \"latest\" no reorganisation can be undone");
    }
}

}  // namespace

std::vector<ChainSettings> read_chains(Reading& reading, const toml::table& root) {
    std::vector<ChainSettings> out;
    std::set<std::string> aliases;
    for (const NamedTable& named : named_tables(reading, root, "chains")) {
        Section section = named_section(reading, "chains", named);
        ChainSettings chain;
        chain.name = named.name;
        chain.kind = section.choice("kind");
        chain.chain_id = section.integer("chain_id");
        const bool is_tron = chain.kind == "tron";
        chain.poll_every =
            is_tron && !section.has("poll_every") ? kTronPoll : section.duration("poll_every");
        chain.finality = section.depth("finality").value_or(Depth{});
        chain.confirm = section.depth("confirm").value_or(Depth{});
        chain.stale_after = section.optional_duration("stale_after");
        if (const auto agree = section.optional_integer("agree")) {
            chain.agree = static_cast<unsigned>(*agree);
        }
        chain.multicall = section.address("multicall", chain.address_style());
        if (!chain.multicall) chain.multicall = known_multicall(chain.chain_id);
        chain.endpoints = read_endpoints(reading, section, chain, aliases);
        const auto* const endpoints = named.table->get_as<toml::array>("endpoints");
        if (is_tron) check_tron(reading, section, chain);
        check_chain(reading, section, chain, endpoints == nullptr ? 0 : endpoints->size());
        const auto same = std::find_if(out.begin(), out.end(), [&](const ChainSettings& other) {
            return chain.chain_id != 0 && other.chain_id == chain.chain_id;
        });
        if (same != out.end()) {
            reading.problems.error(section.at("chain_id"),
                                   "chains " + in_quotes(same->name) + " and " +
                                       in_quotes(chain.name) + " have the same chain_id",
                                   "one chain may have several endpoints and protocols");
        }
        out.push_back(std::move(chain));
    }
    return out;
}

}  // namespace plimsoll::config
