#include "daemon/snapshots/snapshotter.hpp"

#include "daemon/view/copy.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <optional>
#include <utility>

namespace plimsoll::snapshots {
namespace {

/// A liquidations table longer than this in one run is cut; the next run goes on behind it.
constexpr std::size_t kMaxLiquidations = 1'000'000;
constexpr std::int64_t kRetrySeconds = 30;
/// One chain's tables are made and written within this time.
constexpr std::chrono::minutes kLongestWork{5};

std::int64_t in_seconds(config::Milliseconds duration) {
    return std::chrono::duration_cast<std::chrono::seconds>(duration).count();
}

void add_rows(Tables& tables, const std::vector<std::string>& wanted,
              const view::ProtocolView& view) {
    const auto asked = [&wanted](const char* table) {
        return std::find(wanted.begin(), wanted.end(), table) != wanted.end();
    };
    if (asked("tvl")) tables.lines["tvl"].push_back(view::tvl_row(view).dump());
    if (asked("markets")) {
        for (const auto& market : view.ledger->markets()) {
            tables.lines["markets"].push_back(view::market_row(view, market).dump());
        }
    }
    if (asked("positions")) {
        for (const auto& health : view.healths) {
            tables.lines["positions"].push_back(view::position_row(view, health).dump());
        }
    }
    if (asked("bands")) {
        for (const auto& band : view.bands) {
            tables.lines["bands"].push_back(view::band_row(view, band).dump());
        }
    }
}

}  // namespace

BlockNumber liquidations_after(const std::optional<std::string>& previous, BlockNumber block) {
    if (!previous) return 0;
    const std::size_t slash = previous->find('/');
    const BlockNumber before = std::strtoull(previous->c_str(), nullptr, 10);
    if (slash == std::string::npos) return block > before ? before : 0;
    const BlockNumber last = std::strtoull(previous->c_str() + slash + 1, nullptr, 10);
    return block > last ? last : before;
}

Snapshotter::Snapshotter(Parts parts)
    : parts_(std::move(parts)),
      next_(parts_.last_success == 0
                ? 0
                : parts_.last_success + in_seconds(parts_.settings.snapshots.every)),
      last_success_(parts_.last_success) {
    if (parts_.pulses != nullptr) pulse_ = parts_.pulses->begin("snapshots", kLongestWork);
    pulse_.rest();
}

Snapshotter::~Snapshotter() { stop(); }

void Snapshotter::start() {
    pulse_.beat();
    thread_ = std::thread([this] { run(); });
}

void Snapshotter::stop() {
    {
        const std::scoped_lock lock(mutex_);
        stopping_ = true;
    }
    changed_.notify_all();
    if (thread_.joinable()) thread_.join();
    pulse_.rest();
}

void Snapshotter::wake() {
    {
        const std::scoped_lock lock(mutex_);
        woken_ = true;
    }
    changed_.notify_all();
}

void Snapshotter::take_soon() {
    {
        const std::scoped_lock lock(mutex_);
        asked_ = true;
    }
    changed_.notify_all();
}

bool Snapshotter::is_stopping() const {
    const std::scoped_lock lock(mutex_);
    return stopping_;
}

std::int64_t Snapshotter::last_success() const {
    const std::scoped_lock lock(mutex_);
    return last_success_;
}

bool Snapshotter::is_due() const {
    const std::int64_t now = parts_.unix_seconds();
    // A clock set back must not put snapshots off for long.
    return now >= next_ || next_ - now > in_seconds(parts_.settings.snapshots.every);
}

void Snapshotter::run() {
    for (;;) {
        pulse_.beat();
        {
            std::unique_lock lock(mutex_);
            changed_.wait_for(lock, std::chrono::seconds(1),
                              [this] { return stopping_ || woken_ || asked_; });
            if (stopping_) return;
            woken_ = false;
            if (!std::exchange(asked_, false) && !is_due()) continue;
        }
        const auto taken = take_now();
        if (!taken && !is_stopping()) spdlog::error("snapshot: {}", taken.error().message);
    }
}

Expected<std::size_t, WriteError> Snapshotter::take_now() {
    const std::scoped_lock one_at_a_time(taking_);
    auto taken = take();
    const std::scoped_lock lock(mutex_);
    if (taken && *taken > 0) last_success_ = parts_.unix_seconds();
    if (taken && *taken > 0)
        next_ = parts_.unix_seconds() + in_seconds(parts_.settings.snapshots.every);
    if (!taken) next_ = parts_.unix_seconds() + kRetrySeconds;
    return taken;
}

Expected<std::size_t, WriteError> Snapshotter::take() {
    const auto folder = parts_.settings.daemon.state_dir / "snapshots";
    const std::int64_t keep = in_seconds(parts_.settings.snapshots.keep);
    std::int64_t newest = 0;  // by block time, as the folders are
    std::size_t written = 0;
    for (const view::ChainStatus& chain : parts_.live.chains()) {
        if (is_stopping()) return Unexpected<WriteError>{WriteError{"stopping"}};
        pulse_.beat();
        auto tables = tables_of(chain.name, chain.caip2);
        if (!tables) return Unexpected<WriteError>{tables.error()};
        if (tables->block.hash.is_zero()) continue;  // no round finished yet: nothing is known
        if (auto done = write_tables(folder, *tables); !done) {
            return Unexpected<WriteError>{done.error()};
        }
        const auto marked = parts_.store.set_meta(
            "snapshot/" + chain.name,
            std::to_string(tables->since) + "/" + std::to_string(tables->block.number));
        if (!marked) return Unexpected<WriteError>{WriteError{marked.error().message}};
        spdlog::info("snapshot of {} at block {}", chain.name, tables->block.number);
        newest = std::max(newest, static_cast<std::int64_t>(tables->block.time));
        ++written;
    }
    if (newest > keep) remove_before(folder, utc_date(static_cast<std::uint64_t>(newest - keep)));
    return written;
}

Expected<Tables, WriteError> Snapshotter::tables_of(const std::string& chain,
                                                    const std::string& caip2) {
    std::vector<std::unique_ptr<view::ProtocolCopy>> copies;
    parts_.live.read([&](std::span<const view::ProtocolView> views) {
        for (const auto& view : views) {
            if (view.caip2 == caip2 && view.status.chain == chain) {
                copies.push_back(std::make_unique<view::ProtocolCopy>(view));
            }
        }
    });
    Tables tables;
    tables.chain = chain;
    if (copies.empty()) return tables;
    const auto block_of = [](const auto& copy) { return copy->view().status.block; };
    tables.block =
        block_of(*std::max_element(copies.begin(), copies.end(), [&](const auto& a, const auto& b) {
            return block_of(a).number < block_of(b).number;
        }));
    // One that stands at an older block is left out: all tables of a run are of one.
    std::erase_if(copies, [&](const auto& one) { return block_of(one).hash != tables.block.hash; });
    const auto& wanted = parts_.settings.snapshots.tables;
    for (const std::string& table : wanted) tables.lines[table];
    for (const auto& copy : copies) add_rows(tables, wanted, copy->view());
    if (!tables.lines.contains("liquidations")) return tables;
    const auto fail = [](const store::StoreError& error) {
        return Unexpected<WriteError>{WriteError{error.message}};
    };
    auto previous = parts_.store.meta("snapshot/" + chain);
    if (!previous) return fail(previous.error());
    tables.since = liquidations_after(*previous, tables.block.number);
    auto rows = parts_.store.liquidations(chain, 0, kMaxLiquidations);
    if (!rows) return fail(rows.error());
    for (auto& row : *rows) {
        if (row.block > tables.since && row.block <= tables.block.number) {
            tables.lines["liquidations"].push_back(std::move(row.row));
        }
    }
    return tables;
}

}  // namespace plimsoll::snapshots
