#include "config/deployments.hpp"
#include "config/readers.hpp"

#include <algorithm>

namespace plimsoll::config {
namespace {

const ChainSettings* find_chain(const std::vector<ChainSettings>& chains, std::string_view name) {
    const auto found = std::find_if(chains.begin(), chains.end(),
                                    [&](const ChainSettings& chain) { return chain.name == name; });
    return found == chains.end() ? nullptr : &*found;
}

/// Finds which built-in deployment is meant, and takes from it what the file leaves open.
class DeploymentReader {
  public:
    /// `chain` is null where it is not known.
    DeploymentReader(Reading& reading, Section& section, const ChainSettings* chain)
        : reading_(reading), section_(section), chain_(chain) {}

    void resolve(ProtocolSettings& protocol) {
        const auto address = section_.address(
            "address", chain_ == nullptr ? AddressStyle::base58check : chain_->address_style());
        const Deployment* const deployment = find(protocol, address);
        if (deployment != nullptr) {
            if (!fits(protocol, *deployment, address)) return;
            protocol.deployment = deployment->name;
            protocol.address = deployment->address;
            if (protocol.kind.empty()) protocol.kind = deployment->kind;
            if (!section_.has("start_block")) take_start_block(protocol, *deployment);
        } else if (address) {
            protocol.address = *address;
        }
        tell_missing(protocol, deployment != nullptr);
    }

  private:
    /// What neither the file nor a deployment says. Silent where something given was wrong already.
    void tell_missing(const ProtocolSettings& protocol, bool has_deployment) {
        if (has_deployment || section_.has("deployment")) return;
        const bool is_kind_given = section_.has("kind");
        if (!is_kind_given) {
            reading_.problems.error_of_whole(section_.at(), section_.label() + " has no 'kind'",
                                             "for example: kind = \"aave-v3\"");
        }
        const bool is_kind_wrong = is_kind_given && protocol.kind.empty();
        if (!section_.has("address") && chain_ != nullptr && !is_kind_wrong) {
            reading_.problems.error_of_whole(section_.at(), section_.label() + " has no 'address'",
                                             hint_for_chain(protocol.kind));
        }
    }

    const Deployment* find(const ProtocolSettings& protocol,
                           const std::optional<Address>& address) {
        if (const auto name = section_.optional_text("deployment")) {
            const Deployment* const found = find_deployment(name->view());
            if (found == nullptr) {
                reading_.problems.error(
                    name->at, "no built-in deployment is called " + name->shown(),
                    name->hidden ? "" : did_you_mean_or_list(name->view(), deployment_names()));
            }
            return found;
        }
        if (section_.has("deployment")) return nullptr;
        if (section_.has("address")) {
            return chain_ == nullptr || !address ? nullptr
                                                 : find_deployment(chain_->chain_id, *address);
        }
        if (const Deployment* const own = find_deployment(protocol.name)) return own;
        return chain_ == nullptr ? nullptr : main_deployment(protocol.kind, chain_->chain_id);
    }

    bool fits(const ProtocolSettings& protocol, const Deployment& deployment,
              const std::optional<Address>& address) {
        bool ok = true;
        const bool by_key = section_.has("deployment");
        const Position at = by_key ? section_.at("deployment") : section_.at();
        if (chain_ != nullptr && chain_->chain_id != 0 && chain_->chain_id != deployment.chain_id) {
            reading_.problems.error(at,
                                    in_quotes(deployment.name) + " is on chain_id " +
                                        std::to_string(deployment.chain_id) + ", chain " +
                                        in_quotes(chain_->name) + " has " +
                                        std::to_string(chain_->chain_id),
                                    by_key ? "" : "give the address, or another name");
            ok = false;
        }
        if (!protocol.kind.empty() && protocol.kind != deployment.kind) {
            reading_.problems.error(section_.at("kind"), in_quotes(deployment.name) +
                                                             " is of kind \"" + deployment.kind +
                                                             "\", not \"" + protocol.kind + '"');
            ok = false;
        }
        if (protocol.kind.empty() && !section_.has("kind") && !is_supported(deployment.kind)) {
            reading_.problems.error(at, in_quotes(deployment.name) + " is of kind \"" +
                                            deployment.kind +
                                            "\", which is not supported yet by this version");
            ok = false;
        }
        if (address && *address != deployment.address) {
            reading_.problems.error(
                section_.at("address"),
                in_quotes(deployment.name) + " has another address, " +
                    to_text(deployment.address,
                            chain_ == nullptr ? AddressStyle::eip55 : chain_->address_style()),
                "leave out 'deployment' or 'address'");
            ok = false;
        }
        return ok;
    }

    static bool is_supported(std::string_view kind) {
        const auto kinds = split_bars(key_spec("protocols", "kind").choices);
        return std::find(kinds.begin(), kinds.end(), kind) != kinds.end();
    }

    void take_start_block(ProtocolSettings& protocol, const Deployment& deployment) {
        protocol.start_block = deployment.start_block.value_or(0);
        if (!deployment.start_block) {
            reading_.problems.warn(section_.at(),
                                   "the start block of " + in_quotes(deployment.name) +
                                       " is not known, so borrowers are searched from block 0",
                                   "give start_block, a block before its deployment");
        }
    }

    std::string hint_for_chain(std::string_view kind) const {
        if (chain_ == nullptr) return "give address, or deployment";
        std::vector<std::string_view> names;
        for (const Deployment& deployment : deployments()) {
            if (deployment.chain_id == chain_->chain_id && deployment.kind == kind) {
                names.push_back(deployment.name);
            }
        }
        if (!names.empty()) return "give address, or deployment " + did_you_mean_or_list({}, names);
        const std::string what = kind == "compound-v2" ? "Comptroller" : "PoolAddressesProvider";
        return "give the " + what + "; no built-in deployment is on chain_id " +
               std::to_string(chain_->chain_id);
    }

    Reading& reading_;
    Section& section_;
    const ChainSettings* chain_;
};

}  // namespace

std::vector<ProtocolSettings> read_protocols(Reading& reading, const toml::table& root,
                                             const std::vector<ChainSettings>& chains) {
    std::vector<ProtocolSettings> out;
    for (const NamedTable& named : named_tables(reading, root, "protocols")) {
        Section section = named_section(reading, "protocols", named);
        ProtocolSettings protocol;
        protocol.name = named.name;
        protocol.kind = section.choice("kind");
        protocol.start_block = section.integer("start_block");
        const auto chain_name = section.optional_text("chain");
        const ChainSettings* chain = nullptr;
        if (chain_name && reading.check_reference(*chain_name, "chains")) {
            protocol.chain = std::string(chain_name->view());
            chain = find_chain(chains, protocol.chain);
        }
        if (chain != nullptr && chain->chain_id == 0) chain = nullptr;  // was told
        DeploymentReader(reading, section, chain).resolve(protocol);
        const auto same = std::find_if(out.begin(), out.end(), [&](const ProtocolSettings& other) {
            return !protocol.address.is_zero() && other.chain == protocol.chain &&
                   other.address == protocol.address;
        });
        if (same != out.end()) {
            reading.problems.error(section.at("address"), "protocols " + in_quotes(same->name) +
                                                              " and " + in_quotes(protocol.name) +
                                                              " are the same deployment");
        }
        out.push_back(std::move(protocol));
    }
    return out;
}

}  // namespace plimsoll::config
