#include "tests/daemon/store/support.hpp"

#include "abi/hex.hpp"

#include <cstdlib>
#include <sstream>
#include <unistd.h>

namespace plimsoll::store {
namespace {

template <class Bytes>
void fill(Bytes& bytes, std::uint64_t seed) {
    bytes[0] = 0xab;
    for (std::size_t i = 0; i < 8; ++i) {
        bytes[bytes.size() - 1 - i] = static_cast<std::uint8_t>(seed >> (8 * i));
    }
}

/// The text, or size and fingerprint of a long one.
std::string brief(const std::string& text) {
    return text.size() <= 200 ? text
                              : std::to_string(text.size()) + " bytes " +
                                    std::to_string(std::hash<std::string>{}(text));
}

void describe_alerts(std::ostream& out, Store& store) {
    for (const StoredAlert& alert : value(store.alerts_since(0, 100'000))) {
        out << "alert " << alert.id << ' ' << alert.alert_key << ' ' << alert.type << ' '
            << alert.body << '\n';
    }
    for (const OutboxCounts& counts : value(store.outbox_counts())) {
        out << "outbox " << counts.sink << ' ' << counts.pending << ' ' << counts.done << ' '
            << counts.dead << ' ' << counts.superseded << ' ' << counts.oldest_pending_ms << '\n';
        const std::int64_t end_of_time = std::numeric_limits<std::int64_t>::max();
        for (const DueMessage& message : value(store.due(counts.sink, end_of_time, 100'000))) {
            out << "head " << message.alert.id << ' ' << message.attempts << ' '
                << message.first_try_ms << ' ' << message.expires_ms << '\n';
        }
    }
    for (const SinkState& state : value(store.sink_states())) {
        out << "sink " << state.sink << ' ' << state.circuit_open << ' ' << state.fails << '\n';
    }
}

void describe_protocol(std::ostream& out, Store& store, const std::string& protocol) {
    for (const protocols::Record& record : value(store.records(protocol))) {
        out << "record " << record.key << ' ' << brief(*record.value) << '\n';
    }
    for (const OwedRange& range : value(store.owed(protocol))) {
        out << "owed " << range.purpose << ' ' << range.from << ' ' << range.to << '\n';
    }
    for (const Address& account : value(store.candidates(protocol))) {
        out << "candidate " << to_lower_hex(account) << '\n';
    }
}

}  // namespace

TempDir::TempDir() {
    const std::filesystem::path memory = "/dev/shm";
    const std::filesystem::path base =
        ::access(memory.c_str(), W_OK) == 0 ? memory : std::filesystem::temp_directory_path();
    std::string pattern = (base / "plimsoll-XXXXXX").string();
    EXPECT_NE(::mkdtemp(pattern.data()), nullptr);
    path_ = pattern;
}

TempDir::~TempDir() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

void StoreTest::reopen() {
    store_.reset();
    auto opened = Store::open(dir(), {});
    ASSERT_TRUE(opened.has_value()) << opened.error().message;
    EXPECT_EQ(opened->moved_aside, "");
    store_ = std::move(opened->store);
}

Database StoreTest::closed() {
    store_.reset();
    return Database(dir() / "state.db");
}

void StoreTest::queue(std::vector<NewAlert> alerts, std::int64_t now_ms) {
    RoundCommit round;
    round.chain = "ethereum";
    round.now_ms = now_ms;
    round.alerts = std::move(alerts);
    ok(store().commit(round));
}

std::vector<std::string> StoreTest::due(const std::string& sink, std::int64_t now_ms,
                                        std::size_t limit) {
    std::vector<std::string> ids;
    for (const DueMessage& message : value(store().due(sink, now_ms, limit))) {
        ids.push_back(message.alert.id);
    }
    return ids;
}

void StoreTest::deliver(const std::string& sink, const std::string& id, std::int64_t now_ms) {
    EXPECT_TRUE(value(store().mark_attempt(sink, id, now_ms)));
    ok(store().mark_done(sink, {id}, now_ms));
}

OutboxCounts StoreTest::counts(const std::string& sink) {
    for (const OutboxCounts& counts : value(store().outbox_counts())) {
        if (counts.sink == sink) {
            return counts;
        }
    }
    return {};
}

Bytes32 hash_of(std::uint64_t seed) {
    Bytes32 hash;
    fill(hash.bytes, seed);
    return hash;
}

Address account_of(std::uint64_t seed) {
    Address account;
    fill(account.bytes, seed);
    return account;
}

BlockRef block_of(std::uint64_t number) {
    return BlockRef{number, hash_of(number), hash_of(number - 1), 1'700'000'000 + 12 * number};
}

LiquidationRow liquidation_of(std::uint64_t seed, BlockNumber block) {
    LiquidationRow row;
    row.tx = hash_of(seed);
    row.log_index = static_cast<std::uint32_t>(seed);
    row.protocol = "aave";
    row.block = block;
    row.time = 1'700'000'000 + 12 * block;
    row.row = "{\"n\":" + std::to_string(seed) + "}";
    return row;
}

NewAlert alert_of(const std::string& id, const std::string& key, const std::string& type) {
    NewAlert alert;
    alert.id = id;
    alert.alert_key = key;
    alert.episode = 7;
    alert.seq = 1;
    alert.type = type;
    alert.severity = 1;
    alert.chain = "ethereum";
    alert.block = 7;
    alert.block_hash = hash_of(7);
    alert.at = 1'700'000'000;
    alert.body = "{\"id\":\"" + id + "\"}";
    alert.signature = "0x01";
    alert.signer = "0x02";
    alert.typed_signature = "0x03";
    alert.sinks = {Destination{"hook"}};
    return alert;
}

std::string describe(Store& store) {
    std::ostringstream out;
    const ChainState chain = value(store.chain_state("ethereum"));
    for (const auto& block : {chain.tip, chain.final_block}) {
        out << "block " << (block ? std::to_string(block->number) : "none") << '\n';
    }
    for (const BlockRef& block : chain.recent_blocks) {
        out << "recent " << block.number << '\n';
    }
    describe_protocol(out, store, "aave");
    for (const RuleStateRow& row : value(store.rule_states())) {
        out << "rule " << row.rule << ' ' << row.subject << ' ' << row.state << ' ' << row.last_seq
            << '\n';
    }
    for (const LiquidationRow& row : value(store.liquidations("ethereum", 0, 100'000))) {
        out << "liquidation " << row.log_index << ' ' << row.row << '\n';
    }
    describe_alerts(out, store);
    return out.str();
}

}  // namespace plimsoll::store
