#include "daemon/alerts/figures.hpp"
#include "daemon/wording/kinds.hpp"
#include "daemon/wording/note.hpp"
#include "protocols/common/units.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace plimsoll::wording {
namespace {

using alerts::Amount;
using alerts::amount_at;
using alerts::integer_at;
using alerts::list_at;
using alerts::object_at;
using alerts::ReadAlert;
using alerts::text_at;
using nlohmann::json;

constexpr std::size_t kMostDifferences = 5;

/// Gathers the facts of one alert. Members that are absent or malformed give no fact.
class Teller {
  public:
    Teller(const ReadAlert& alert, Language language)
        : alert_(alert), data_(alert.data), language_(language) {}

    std::vector<Fact> tell() {
        if (alert_.condition == "position.liquidated") {
            tell_liquidation();
        } else if (alert_.condition.starts_with("position.")) {
            tell_position();
        } else if (alert_.condition.starts_with("band.")) {
            tell_band();
        } else {
            tell_other();
        }
        tell_provenance();
        return std::move(facts_);
    }

  private:
    std::string in(Phrase phrase) const { return std::string(phrase.in(language_)); }

    void add(Phrase label, std::string value) {
        if (!value.empty()) facts_.push_back({in(label), std::move(value)});
    }

    void add_usd(Phrase label, std::string_view name) {
        if (const auto amount = amount_at(data_, name)) add(label, usd(*amount, language_));
    }

    /// "1.5 WETH (3,000.00 USD)".
    std::string with_value(std::string_view name, std::string_view asset) const {
        const auto amount = amount_at(data_, name);
        if (!amount) return {};
        const auto value = amount_at(data_, std::string(name) + "_usd");
        return token_amount(*amount, asset) + in_brackets(value ? usd(*value, language_) : "");
    }

    std::string in_brackets(const std::string& text) const {
        return text.empty() ? "" : in({" (", "（"}) + text + in({")", "）"});
    }

    void tell_account() {
        const auto watch = alert_.labels.find("watch");
        add({"Account", "账户"},
            one_line(alert_.subject) +
                in_brackets(watch == alert_.labels.end() ? "" : one_line(watch->second)));
        const auto market = alert_.labels.find("market");
        if (market != alert_.labels.end()) add({"Market", "市场"}, one_line(market->second));
    }

    void tell_position() {
        tell_account();
        if (const auto factor = amount_at(data_, "health_factor")) {
            add({"Health factor", "健康因子"}, health(*factor));
        }
        add_usd({"Debt", "债务"}, "debt_usd");
        add_usd({"Collateral", "抵押品"}, "collateral_usd");
        add({"Room", "清算空间"}, room());
        add({"Liquidation price", "清算价格"}, liquidation_price());
        add({"To make it safe", "恢复安全"}, to_safe());
        if (const auto time = integer_at(data_, "liquidation_time")) {
            add({"By interest alone", "仅因利息被清算"}, time_text(*time));
        }
    }

    std::string room() const {
        const auto liquidatable = data_.find("liquidatable");
        if (liquidatable != data_.end() && *liquidatable == true) {
            return in({"none, it can be liquidated now", "已可被清算"});
        }
        const auto factor = amount_at(data_, "health_factor");
        const U256 one = wad_one().raw();
        if (!factor || factor->decimals != 18 || factor->raw < one) return {};
        const U512 hundredths = U512(factor->raw - one) * 10'000 / factor->raw;
        const std::string part = alerts::decimal(U256(hundredths), 2, 2) + "%";
        return language_ == Language::en ? "the collateral can lose " + part + " of its value"
                                         : "抵押品价值再下跌 " + part + " 即可被清算";
    }

    std::string liquidation_price() const {
        const json& whole = object_at(data_, "liquidation_price");
        const bool is_group = !object_at(whole, "group").empty();
        const json& side = object_at(whole, is_group ? "group" : "alone");
        const auto at = amount_at(side, "price");
        if (!at) return {};
        const std::string asset =
            alerts::name_text(is_group ? text_at(side, "leader") : text_at(whole, "asset"));
        std::string out = one_line(asset) + (text_at(side, "side") == "above" ? " ≥ " : " ≤ ") +
                          price(*at, language_);
        const auto now = amount_at(whole, "price");
        if (!now) return out;
        const std::string priced = one_line(alerts::name_text(text_at(whole, "asset")));
        return out + in_brackets(language_ == Language::en
                                     ? priced + " is at " + price(*now, language_)
                                     : priced + " 现价 " + price(*now, language_));
    }

    std::string first_safe(const json& safe, std::string_view name, Phrase verb) const {
        const json& list = list_at(safe, name);
        if (list.empty()) return {};
        const auto amount = amount_at(list.front(), "amount");
        return amount ? in(verb) + " " + token_amount(*amount, text_at(list.front(), "asset"), true)
                      : std::string();
    }

    std::string to_safe() const {
        const json& safe = object_at(data_, "to_safe");
        const std::string repay = first_safe(safe, "repay", {"repay", "偿还"});
        const std::string added = first_safe(safe, "add", {"add", "追加"});
        if (repay.empty() && added.empty()) return {};
        std::string out =
            repay + (repay.empty() || added.empty() ? "" : in({", or ", "，或"})) + added;
        if (const auto target = amount_at(safe, "target")) {
            const std::string factor = alerts::decimal(target->raw, target->decimals, 2);
            out += in_brackets(language_ == Language::en ? "for a health factor of " + factor
                                                         : "使健康因子回到 " + factor);
        }
        return out;
    }

    void tell_liquidation() {
        tell_account();
        const std::string collateral = text_at(data_, "collateral_asset");
        const std::string debt = text_at(data_, "debt_asset");
        add({"Collateral seized", "被清算抵押品"}, with_value("collateral", collateral));
        add({"Debt repaid", "已偿还债务"}, with_value("debt", debt));
        add({"Bad debt", "坏账"}, with_value("bad_debt", debt));
        add({"Protocol fee", "协议费用"}, with_value("protocol_fee", collateral));
        add({"Liquidator", "清算人"}, one_line(text_at(data_, "liquidator")));
        const json& tx = object_at(data_, "tx");
        const auto log = integer_at(tx, "log_index");
        if (log) {
            add({"Transaction", "交易"},
                text_at(tx, "hash") + in_brackets(in({"log ", "日志 "}) + std::to_string(*log)));
        }
    }

    void tell_band() {
        const std::string name = interval(alert_);
        const auto label = alert_.labels.find("band");
        const std::string called =
            label == alert_.labels.end() ? std::string() : one_line(label->second);
        const std::string leader = text_at(data_, "leader");
        if (!name.empty()) {
            add({"Band", "价格区间"}, one_line(alert_.subject) + " " + name +
                                          in({" USD", " 美元"}) + in_brackets(called));
        } else {
            add({"Band", "价格区间"}, called);
        }
        add({"Collateral inside", "区间内抵押品"}, with_value("collateral", leader));
        add_usd({"Debt", "对应债务"}, "debt_usd");
        if (const auto count = integer_at(data_, "positions")) {
            const auto now = integer_at(data_, "liquidatable");
            std::string more;
            if (now && *now != 0) {
                more = language_ == Language::en ? std::to_string(*now) + " can be liquidated now"
                                                 : "其中 " + std::to_string(*now) + " 个已可被清算";
            }
            add({"Positions", "仓位数"}, std::to_string(*count) + in_brackets(more));
        }
        if (const auto now = amount_at(data_, "price")) {
            add({"Price", "现价"}, one_line(alerts::name_text(leader)) + " " +
                                       price(*now, language_) + in_brackets(distance()));
        }
        add({"Largest position", "最大仓位"}, largest(leader));
        if (const auto count = integer_at(data_, "not_computable")) {
            add({"Not computable", "无法计算的仓位"}, std::to_string(*count));
        }
    }

    std::string distance() const {
        std::string pct = text_at(data_, "distance_pct");
        if (pct.empty()) return {};
        if (pct.front() == '-') {
            return language_ == Language::en ? pct.substr(1) + "% below the band"
                                             : "低于区间 " + pct.substr(1) + "%";
        }
        if (pct.find_first_not_of("0.") == std::string::npos) {
            return in({"inside the band", "位于区间内"});
        }
        return language_ == Language::en ? pct + "% above the band" : "高于区间 " + pct + "%";
    }

    std::string largest(const std::string& leader) const {
        const json& top = list_at(data_, "top");
        if (top.empty()) return {};
        const auto collateral = amount_at(top.front(), "collateral");
        if (!collateral) return {};
        std::string out = one_line(text_at(top.front(), "account")) + in({", ", "，"}) +
                          token_amount(*collateral, leader);
        if (const auto value = amount_at(top.front(), "collateral_usd")) {
            out += in_brackets(usd(*value, language_));
        }
        return out;
    }

    void tell_other() {
        add({"Subject", "对象"}, one_line(alert_.subject));
        add({"Endpoint", "端点"}, one_line(text_at(data_, "endpoint")));
        const auto stale = data_.find("stale");
        const auto age = integer_at(data_, "age_seconds");
        if (age && stale != data_.end() && *stale == true) {
            add({"Newest block is old by", "最新区块距今"}, duration_text(*age, language_));
        }
        const auto gap = integer_at(data_, "gap_blocks");
        if (gap && *gap != 0) add({"Blocks still to read", "待读取区块"}, std::to_string(*gap));
        add({"Reason", "原因"}, one_line(text_at(data_, "unverified_reason")));
        const json& differences = list_at(data_, "differences");
        for (std::size_t i = 0; i < std::min(differences.size(), kMostDifferences); ++i) {
            const json& one = differences[i];
            add({"Difference", "差异"},
                one_line(text_at(one, "account")) + " " + one_line(text_at(one, "field")) +
                    in({": ours ", "：本地 "}) + one_line(text_at(one, "ours")) +
                    in({", contract ", "，合约 "}) + one_line(text_at(one, "contract")));
        }
        add_usd({"Bad debt", "坏账"}, "bad_debt_usd");
        add({"New signer", "新签名地址"}, one_line(text_at(data_, "new_signer")));
    }

    void tell_provenance() {
        if (const auto since = integer_at(data_, "since")) {
            add({"Since", "开始于"}, in({"block ", "区块 "}) + std::to_string(alert_.episode) +
                                         in({", ", "，"}) + time_text(*since));
        }
        if (alert_.block_time != 0) {
            add({"Seen at", "数据区块"}, in({"block ", "区块 "}) + std::to_string(alert_.block) +
                                             in_brackets(finality()) + in({", ", "，"}) +
                                             time_text(alert_.block_time));
        }
        add({"Coverage", "覆盖率"}, percent(text_at(data_, "coverage")));
        if (!alert_.chain.empty()) add({"Chain", "链"}, one_line(alert_.chain));
        add({"Rule", "规则"}, one_line(alert_.rule));
    }

    std::string finality() const {
        if (alert_.finality == "safe") return in({"safe", "安全"});
        if (alert_.finality == "finalized") return in({"finalized", "已最终确定"});
        return in({"latest", "最新"});
    }

    const ReadAlert& alert_;
    const json& data_;
    const Language language_;
    std::vector<Fact> facts_;
};

}  // namespace

std::vector<Fact> facts_of(const ReadAlert& alert, Language language) {
    return Teller(alert, language).tell();
}

}  // namespace plimsoll::wording
