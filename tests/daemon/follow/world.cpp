#include "tests/daemon/follow/world.hpp"

#include "abi/hex.hpp"
#include "daemon/alerts/alert.hpp"
#include "tests/daemon/rules/scenario.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <utility>

namespace plimsoll::follow {
namespace {

using nlohmann::json;

constexpr std::uint64_t kUnit = 1'000'000;      // of both tokens
constexpr std::uint64_t kDollar = 100'000'000;  // of the oracle

std::string word_of(const store::StoredAlert& alert) {
    return alert.type.substr(alert.type.rfind('.') + 1);
}

}  // namespace

Belief believe(const std::vector<store::StoredAlert>& alerts) {
    Belief out;
    std::map<std::pair<std::string, std::uint64_t>, std::uint64_t> numbers;
    std::map<std::string, std::map<std::string, std::string>> standing;  // by key: id -> word
    for (const store::StoredAlert& alert : alerts) {
        const std::string& key = alert.alert_key;
        const std::string where = alert.type + " " + key + " at " + std::to_string(alert.block);
        EXPECT_EQ(alert.seq, (++numbers[{key, alert.episode}])) << where;
        const json data = json::parse(alert.body).at("data");
        const std::string word = word_of(alert);
        if (word == "retracted") {
            const std::string original = data.at("retracts").get<std::string>();
            const auto found = standing[key].find(original);
            EXPECT_NE(found, standing[key].end()) << where << " takes back what does not stand";
            if (found == standing[key].end()) continue;
            if (found->second == "firing") out.open.erase(key);
            if (found->second == "resolved") out.open.insert(key);
            standing[key].erase(found);
            continue;
        }
        if (word == "firing") {
            EXPECT_TRUE(out.open.insert(key).second) << where << " while it fires";
        }
        if (word == "resolved") {
            EXPECT_EQ(out.open.erase(key), 1U) << where << " while it does not fire";
        }
        if (word == "updated" && data.contains("state")) {
            if (data["state"] == "firing") out.open.insert(key);
            if (data["state"] == "resolved") out.open.erase(key);
        }
        standing[key][alert.id] = word;
    }
    for (const auto& [key, messages] : standing) {
        if (key.starts_with("events/") && !messages.empty()) out.liquidations.insert(key);
        if (key.starts_with("moves/") && !messages.empty()) out.moves.insert(key);
    }
    return out;
}

World::World(std::vector<std::string> protocols, bool tells_moves) : tells_moves_(tells_moves) {
    config::ChainSettings& dev = settings.chains.emplace_back();
    dev.name = "dev";
    dev.kind = "evm";
    dev.chain_id = 1;
    for (const std::string& name : protocols) {
        config::ProtocolSettings& protocol = settings.protocols.emplace_back();
        protocol.name = name;
        protocol.kind = "fake";
        protocol.chain = "dev";
        protocol.address = market_of(name);
        set_price(2000, protocol.address);
    }
    settings.rules = {
        rules::rule("liquidatable", "danger"),   rules::rule("liquidated", "events"),
        rules::rule("source_stale", "stale"),    rules::rule("gap_blocks > 0", "gap"),
        rules::rule("unverified", "unverified"), rules::rule("source_disagrees", "disagree")};
    if (tells_moves) settings.rules.push_back(rules::rule("activity", "moves"));
    for (auto& rule : settings.rules) rule.repeat = config::Milliseconds{0};
    now = static_cast<std::int64_t>(chain.head().time);
    start();
}

Address World::market_of(const std::string& protocol) {
    return protocol == "lend" ? kLend : kOther;
}

void World::start() {
    auto opened = store::Store::open(folder_.path() / "state", {});
    ASSERT_TRUE(opened) << opened.error().message;
    database_ = std::move(opened->store);
    if (!store) store = std::make_unique<FlakyStore>(*database_);
    store->use(*database_);
    const auto rows = database_->rule_states();
    ASSERT_TRUE(rows);
    rules::EngineSettings engine;
    engine.instance = "test";
    engine.chain = "dev";
    engine.caip2 = settings.chains.front().caip2();
    engine.rules = settings.rules;
    engine.sinks = {{"hook"}};
    engine.target_health_factor = rules::wad("1.25");
    rules_ = std::make_unique<rules::RuleEngine>(std::move(engine), *rows);
    std::vector<Followed> followed;
    for (const config::ProtocolSettings& protocol : settings.protocols) {
        Followed& one = followed.emplace_back();
        one.settings = protocol;
        one.make = [market = protocol.address, watches_all = tells_moves_] {
            auto ledger = std::make_unique<test::LendingLedger>(
                market, std::vector<test::FakeProtocol::Token>{{"WETH", kEth, 0, 80},
                                                               {"USDC", kUsd, 0, 90}});
            ledger->watches_all = watches_all;
            return ledger;
        };
    }
    follower_ = std::make_unique<Follower>(FollowerParts{
        settings, settings.chains.front(), source, *store, *rules_, std::move(followed),
        [this] {
            if (on_time) on_time();
            return now;
        },
        [this] { return now; }, [this] { return stop; }, [] {}, [] {}});
}

void World::restart() {
    follower_.reset();
    rules_.reset();
    database_.reset();
    start();
}

BlockRef World::mine(unsigned count) {
    const BlockRef head = chain.mine(count);
    now = std::max(now, static_cast<std::int64_t>(head.time));
    return head;
}

void World::open(std::uint64_t account, std::uint64_t dollars, const Address& market) {
    chain.deposit(market, account, kEth, kUnit);
    chain.borrow(market, account, kUsd, U256(dollars) * kUnit);
}

void World::set_price(std::uint64_t dollars, const Address& market) {
    chain.market(market).prices[kEth] = U256(dollars) * kDollar;
    chain.market(market).prices[kUsd] = kDollar;
}

void World::liquidate(std::uint64_t account, const Address& market) {
    chain.liquidate(market, account, kEth, kUnit / 10, kUsd, U256(100) * kUnit);
}

Expected<void, chain::Fault> World::poll() { return follower_->poll(); }

bool World::is_caught_up() const {
    if (follower_->is_busy() || status().processed.hash != chain.head().hash) return false;
    const auto statuses = follower_->protocol_statuses();
    return std::all_of(statuses.begin(), statuses.end(),
                       [&](const auto& one) { return one.block.hash == chain.head().hash; });
}

void World::catch_up(int most_polls) {
    std::string last;
    for (int i = 0; i < most_polls; ++i) {
        const auto polled = poll();
        if (polled && is_caught_up()) return;
        if (!polled) last = polled.error().message;
    }
    ADD_FAILURE() << "not caught up after " << most_polls << " polls; chain: " << status().reason
                  << "; last fault: " << last << "; lend: " << status("lend").reason;
}

view::ProtocolStatus World::status(const std::string& protocol) const {
    for (const auto& one : follower_->protocol_statuses()) {
        if (one.name == protocol) return one;
    }
    return {};
}

std::string World::shown(const std::string& protocol) const {
    std::string out;
    follower_->read([&](std::span<const view::ProtocolView> views) {
        for (const view::ProtocolView& view : views) {
            if (view.status.name != protocol) continue;
            EXPECT_EQ(view.status.block, chain.at(view.status.block.number).ref);
            out += dynamic_cast<const test::LendingLedger&>(*view.ledger).text();
        }
    });
    return out;
}

std::string World::real(const std::string& protocol, std::optional<BlockNumber> at) const {
    const auto& block = chain.at(at.value_or(chain.head().number));
    const auto market = block.markets.find(market_of(protocol));
    std::vector<test::FakeProtocol::Token> none;
    test::LendingLedger ledger(market_of(protocol), none);
    if (market == block.markets.end()) return {};
    for (const auto& [account, position] : market->second.positions) {
        if (!position.debt.empty()) ledger.positions[account] = position;
    }
    return ledger.text();
}

void World::expect_exact() const {
    for (const config::ProtocolSettings& protocol : settings.protocols) {
        EXPECT_EQ(shown(protocol.name), real(protocol.name)) << protocol.name;
        EXPECT_EQ(state(protocol.name), view::State::live)
            << protocol.name << ": " << status(protocol.name).reason;
        EXPECT_EQ(status(protocol.name).block, chain.head());
    }
}

std::vector<store::StoredAlert> World::alerts() const {
    EXPECT_EQ(store::value(database_->alerts_since(0, 1'000'000)).size(), store->told.size());
    return store->told;
}

std::vector<std::string> World::alert_types() const {
    std::vector<std::string> out;
    for (const auto& alert : alerts()) out.push_back(alert.type);
    return out;
}

std::set<std::string> World::liquidations_above(BlockNumber number,
                                                const std::string& protocol) const {
    return events_above(number, protocol, true);
}

std::set<std::string> World::moves_above(BlockNumber number, const std::string& protocol) const {
    return events_above(number, protocol, false);
}

std::set<std::string> World::events_above(BlockNumber number, const std::string& protocol,
                                          bool liquidations) const {
    const Bytes32 liquidation = test::topic_of(test::LendingEvent::liquidation);
    std::set<std::string> out;
    for (const auto& block : chain.blocks()) {
        if (block.ref.number <= number) continue;
        for (const auto& log : block.logs) {
            const bool is_one = log.address == market_of(protocol) &&
                                (log.topics.front() == liquidation) == liquidations;
            if (!is_one) continue;
            Address account;
            std::copy(log.topics[1].bytes.begin() + 12, log.topics[1].bytes.end(),
                      account.bytes.begin());
            out.insert(alerts::event_alert_key(liquidations ? "events" : "moves", "eip155:1",
                                               protocol, log.tx, log.index, to_checksum(account)));
        }
    }
    return out;
}

std::string World::summary() const {
    std::string out;
    for (const config::ProtocolSettings& protocol : settings.protocols) {
        out += protocol.name + ":\n" + shown(protocol.name);
        follower_->read([&](std::span<const view::ProtocolView> views) {
            for (const auto& view : views) {
                if (view.status.name != protocol.name) continue;
                for (const auto& health : view.healths) {
                    out += health.health_factor ? to_decimal(health.health_factor->raw()) : "-";
                    out += "\n";
                }
            }
        });
        for (const auto& record : store::value(database_->records(protocol.name))) {
            out += record.key + "=" +
                   to_hex_digits(Bytes(record.value->begin(), record.value->end())) + "\n";
        }
        for (const auto& range : store::value(database_->owed(protocol.name))) {
            out += "owed " + std::to_string(range.from) + "-" + std::to_string(range.to) + "\n";
        }
        for (const Address& account : store::value(database_->candidates(protocol.name))) {
            out += "candidate " + to_lower_hex(account) + "\n";
        }
    }
    const auto state = store::value(database_->chain_state("dev"));
    out += "tip " + (state.tip ? to_hex(state.tip->hash) : "-") + "\n";
    out += "final " + (state.final_block ? to_hex(state.final_block->hash) : "-") + "\n";
    for (const auto& row : store::value(database_->liquidations("dev", 0, 1'000'000))) {
        out += row.row + "\n";
    }
    for (const std::string& key : believe(alerts()).open) out += "open " + key + "\n";
    return out;
}

}  // namespace plimsoll::follow
