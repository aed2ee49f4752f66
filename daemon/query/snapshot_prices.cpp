#include "daemon/query/snapshot_prices.hpp"

#include "abi/address.hpp"
#include "daemon/bands/groups.hpp"
#include "daemon/bands/heatmap.hpp"
#include "daemon/http/params.hpp"
#include "daemon/query/columns.hpp"
#include "daemon/query/row_files.hpp"
#include "protocols/common/reverted.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <utility>

namespace plimsoll::query {
namespace {

using view::Row;

constexpr const char* kCommonColumns[] = {"schema",     "chain", "protocol",
                                          "kind",       "block", "block_hash",
                                          "block_time", "state", "coverage"};

/// One position as the question sees it.
struct Seen {
    const Row* row = nullptr;
    bool is_computable = true;
    bool is_liquidatable = false;
    std::optional<U256> price;  ///< at which it is liquidated, in units of the oracle
    bool is_below = true;       ///< at this price and under, or at it and over
    U256 collateral = 0;        ///< in the leader's smallest units
    std::int64_t collateral_cents = 0;
    std::int64_t debt_cents = 0;
};

/// The positions of one protocol, and what its rows tell of the leader.
struct Book {
    const Row* first = nullptr;
    std::vector<Seen> positions;
    std::string leader;
    std::optional<U256> price;
    unsigned price_decimals = 8;
    protocols::PriceQuote quote;
    unsigned decimals = 18;

    Row dollars(const U256& of) const {
        return view::dollars({OraclePrice::from_raw(of), price_decimals, quote});
    }
};

std::int64_t cents(const Row& value) {
    if (!value.is_number()) return 0;
    const double dollars = value.get<double>();
    return std::fabs(dollars) < 1e15 ? std::llround(dollars * 100) : 0;
}

U256 integer(const Row& value) {
    const auto parsed = parse_decimal(plain(value));
    return parsed ? *parsed : U256(0);
}

/// What the entry's price is stated in.
protocols::PriceQuote quote_of(const Row& entry) {
    protocols::PriceQuote out;
    if (!entry.contains("price_quote")) return out;
    out.name = text_of(entry, "price_quote");
    const std::string worth = text_of(entry, "quote_usd");
    const std::size_t slash = std::min(worth.find('/'), worth.size());
    const auto numerator = parse_decimal(worth.substr(0, slash));
    const auto denominator = parse_decimal(worth.substr(std::min(slash + 1, worth.size())));
    const bool is_known = numerator && denominator && *denominator != 0;
    out.numerator = is_known ? *numerator : U256(0);
    out.denominator = is_known ? *denominator : U256(1);
    return out;
}

bool is_asset(const Row& entry, const std::string& name) {
    if (text_of(entry, "asset") == name) return true;
    const auto address = parse_any_address(name);
    return address && parse_any_address(text_of(entry, "token")) == *address;
}

/// The entry's liquidation price by the rule of the question; null when it has none of it.
Row price_of(const Row& entry, const CollateralName& name, const std::string& leader) {
    const Row prices = member(entry, "liquidation_price");
    if (name.leader.empty()) return is_asset(entry, name.asked) ? member(prices, "alone") : Row();
    const Row group = member(prices, "group");
    return text_of(group, "leader") == leader ? group : Row();
}

std::vector<Row> entries_of(const Row& position) {
    std::vector<Row> out;
    for (const char* side : {"collateral", "debt"}) {
        const Row list = member(position, side);
        out.insert(out.end(), list.begin(), list.end());
    }
    return out;
}

/// The symbol, price and decimals of the leader, from the first entry that is `wanted`.
void learn_leader(Book& book, const std::vector<const Row*>& positions, const std::string& wanted) {
    for (const Row* position : positions) {
        for (const Row& entry : entries_of(*position)) {
            if (!is_asset(entry, wanted) || !member(entry, "price_raw").is_string()) continue;
            book.leader = text_of(entry, "asset");
            book.price = integer(member(entry, "price_raw"));
            book.price_decimals = entry.value("price_decimals", 8U);
            book.quote = quote_of(entry);
            book.decimals = entry.value("decimals", 18U);
            return;
        }
    }
}

/// Who leads in a protocol that does not list the group's leader: its rows say it.
std::string other_leader(const std::vector<const Row*>& positions, const CollateralName& name) {
    for (const Row* position : positions) {
        for (const Row& entry : entries_of(*position)) {
            const bool is_member =
                std::any_of(name.members.begin(), name.members.end(),
                            [&entry](const auto& one) { return is_asset(entry, one); });
            const Row group = member(member(entry, "liquidation_price"), "group");
            if (is_member && group.is_object()) return text_of(group, "leader");
        }
    }
    return {};
}

/// amount * price / leader's price, in the leader's smallest units, rounded down.
U256 in_leader_units(const Row& entry, const Book& book) {
    const auto exact = protocols::as_contract([&] {
        U512 value =
            U512(integer(member(entry, "amount_raw"))) * U512(integer(member(entry, "price_raw")));
        const unsigned from = entry.value("decimals", 18U) + entry.value("price_decimals", 8U);
        const unsigned to = book.decimals + book.price_decimals;
        for (unsigned i = from; i < to; ++i) value *= 10U;
        for (unsigned i = to; i < from; ++i) value /= 10U;
        return U256(value / U512(*book.price));
    });
    return exact ? *exact : U256(0);
}

Seen look_at(const Row& position, const CollateralName& name, const Book& book) {
    Seen out;
    out.row = &position;
    out.is_computable = member(position, "computable") != false;
    out.is_liquidatable = member(position, "liquidatable") == true;
    out.debt_cents = cents(member(position, "debt_usd"));
    for (const Row& entry : entries_of(position)) {
        const Row price = price_of(entry, name, book.leader);
        if (price.is_null()) continue;
        out.price = integer(member(price, "price_raw"));
        out.is_below = member(price, "side") == "below";
    }
    const Row collateral = member(position, "collateral");
    for (const Row& entry : collateral) {
        if (price_of(entry, name, book.leader).is_null()) continue;
        if (member(entry, "enabled") == false) continue;
        out.collateral += book.price && *book.price != 0 ? in_leader_units(entry, book) : U256(0);
        out.collateral_cents += cents(member(entry, "usd"));
    }
    if (!out.is_below) {
        out.collateral = 0;
        out.collateral_cents = cents(member(position, "collateral_usd"));
    }
    return out;
}

/// The books of those protocols whose rows know the leader and its price, in the rows' order.
std::vector<Book> books_of(const std::vector<Row>& positions, const CollateralName& name) {
    std::vector<std::string> order;
    std::map<std::string, std::vector<const Row*>> by_protocol;
    for (const Row& position : positions) {
        auto& rows = by_protocol[text_of(position, "protocol")];
        if (rows.empty()) order.push_back(text_of(position, "protocol"));
        rows.push_back(&position);
    }
    std::vector<Book> out;
    for (const std::string& protocol : order) {
        Book book;
        book.first = by_protocol[protocol].front();
        learn_leader(book, by_protocol[protocol], name.leader.empty() ? name.asked : name.leader);
        if (const auto other = other_leader(by_protocol[protocol], name); !book.price) {
            learn_leader(book, by_protocol[protocol], other);
        }
        if (!book.price || *book.price == 0) continue;
        for (const Row* position : by_protocol[protocol]) {
            book.positions.push_back(look_at(*position, name, book));
        }
        out.push_back(std::move(book));
    }
    return out;
}

Unexpected<std::string> not_there(const CollateralName& name) {
    const auto address = parse_any_address(name.asked);
    if (!address && has_address_form(name.asked)) {
        return Unexpected<std::string>{"collateral: " + address.error().message};
    }
    return Unexpected<std::string>{"collateral: no position of the snapshot holds or owes '" +
                                   name.asked +
                                   "'; a group such as ETH, a symbol or a token's address"};
}

Row begin_row(const Book& book, const CollateralName& name) {
    Row row;
    for (const char* column : kCommonColumns) row[column] = member(*book.first, column);
    row["collateral"] = name.asked;
    row["leader"] = book.leader;
    row["price"] = book.dollars(*book.price);
    return row;
}

/// One step of one side.
struct Heat {
    std::size_t positions = 0;
    std::size_t liquidatable = 0;
    U256 collateral = 0;
    std::int64_t collateral_cents = 0;
    std::int64_t debt_cents = 0;

    void add(const Seen& seen) {
        ++positions;
        liquidatable += seen.is_liquidatable ? 1U : 0U;
        collateral += seen.collateral;
        collateral_cents += seen.collateral_cents;
        debt_cents += seen.debt_cents;
    }
};

void add_heat_rows(std::vector<Row>& out, const Book& book, const CollateralName& name,
                   const http::WholeHeatRange& range) {
    const U256 step = range.step.raw();
    const auto to_price = [&](const U256& usd) {
        return bands::to_oracle_price(Usd8::from_raw(usd), book.price_decimals, book.quote, true)
            .raw();
    };
    std::size_t unknown = 0;
    for (const Seen& seen : book.positions) unknown += seen.is_computable ? 0U : 1U;
    for (U256 low = range.low.raw(); low < range.high.raw(); low += step) {
        const U256 high = std::min<U256>(low + step, range.high.raw());
        const U256 first = to_price(low);
        const U256 next = to_price(high);
        Heat below;
        Heat above;
        for (const Seen& seen : book.positions) {
            if (!seen.price || !seen.is_computable) continue;
            if (seen.is_below && *seen.price >= first && *seen.price < next) below.add(seen);
            if (!seen.is_below && *seen.price > first && *seen.price <= next) above.add(seen);
        }
        for (const bool is_below : {true, false}) {
            const Heat& heat = is_below ? below : above;
            if (!is_below && heat.positions == 0) continue;
            Row row = begin_row(book, name);
            row["low"] = view::scaled(low, 8, 8);
            row["high"] = view::scaled(high, 8, 8);
            row["side"] = is_below ? "below" : "above";
            row["positions"] = heat.positions;
            row["liquidatable"] = heat.liquidatable;
            row["collateral_raw"] = to_decimal(heat.collateral);
            row["collateral_decimals"] = book.decimals;
            row["collateral_usd"] = dollars_of(heat.collateral_cents);
            row["debt_usd"] = dollars_of(heat.debt_cents);
            row["not_computable"] = unknown;
            out.push_back(std::move(row));
        }
    }
}

/// The leader's price after the move; none: it makes no sense.
std::optional<U256> shocked(const Book& book, const std::string& price, const std::string& change) {
    if (!price.empty()) {
        const auto usd = http::parse_fixed(price, 8);
        if (!usd || *usd == 0) return std::nullopt;
        const auto scaled = protocols::as_contract([&] {
            return bands::to_oracle_price(Usd8::from_raw(*usd), book.price_decimals, book.quote,
                                          false);
        });
        return scaled && scaled->raw() != 0 ? std::optional(scaled->raw()) : std::nullopt;
    }
    const auto moved = http::parse_change(change);
    const auto out = moved ? moved->of(OraclePrice::from_raw(*book.price)) : std::nullopt;
    return out ? std::optional(out->raw()) : std::nullopt;
}

void add_shock(ShockRows& out, const Book& book, const CollateralName& name, const U256& price) {
    std::vector<const Seen*> endangered;
    Heat sum;
    std::size_t already = 0;
    std::size_t relieved = 0;
    std::size_t unknown = 0;
    for (const Seen& seen : book.positions) {
        const bool is_hit =
            seen.price && (seen.is_below ? price <= *seen.price : price >= *seen.price);
        if (!seen.is_computable) {
            ++unknown;
        } else if (seen.is_liquidatable) {
            // Without a price of its own the move does not touch it: it stays what it is.
            ++(is_hit || !seen.price ? already : relieved);
        } else if (is_hit) {
            endangered.push_back(&seen);
            sum.add(seen);
        }
    }
    std::sort(endangered.begin(), endangered.end(), [](const Seen* a, const Seen* b) {
        return std::pair(-a->debt_cents, text_of(*a->row, "account")) <
               std::pair(-b->debt_cents, text_of(*b->row, "account"));
    });
    Row summary = begin_row(book, name);
    summary["shocked_price"] = book.dollars(price);
    summary["positions"] = sum.positions;
    summary["collateral_usd"] = dollars_of(sum.collateral_cents);
    summary["debt_usd"] = dollars_of(sum.debt_cents);
    summary["already"] = already;
    summary["relieved"] = relieved;
    summary["not_computable"] = unknown;
    out.summary.push_back(std::move(summary));
    for (const Seen* seen : endangered) {
        Row row;
        for (const char* column : kCommonColumns) row[column] = member(*seen->row, column);
        row["account"] = member(*seen->row, "account");
        if (seen->row->contains("market")) row["market"] = member(*seen->row, "market");
        row["health_factor"] = member(*seen->row, "health_factor");
        row["collateral_raw"] = to_decimal(seen->collateral);
        row["collateral_decimals"] = book.decimals;
        row["collateral_usd"] = dollars_of(seen->collateral_cents);
        row["debt_usd"] = dollars_of(seen->debt_cents);
        out.rows.push_back(std::move(row));
    }
}

}  // namespace

CollateralName resolve_name(const std::string& asked, const std::vector<GroupName>& groups) {
    for (const GroupName& group : groups) {
        if (group.name == asked) return {asked, group.leader, group.members};
    }
    return {asked, {}, {}};
}

Expected<std::vector<Row>, std::string> heat_from_positions(const std::vector<Row>& positions,
                                                            const CollateralName& name,
                                                            const http::HeatRange& asked) {
    const auto books = books_of(positions, name);
    if (books.empty()) return not_there(name);
    const Book& first = books.front();
    const auto present = protocols::usd_price(
        {OraclePrice::from_raw(*first.price), first.price_decimals, first.quote});
    const auto range = http::complete(asked, present.value_or(Usd8::from_raw(u256_max())));
    if (!range) return Unexpected<std::string>{range.error()};
    std::vector<Row> out;
    const auto done = protocols::as_contract([&] {
        for (const Book& book : books) add_heat_rows(out, book, name, *range);
        return true;
    });
    if (!done) return Unexpected<std::string>{"low and high: out of range"};
    return out;
}

Expected<ShockRows, std::string> shock_from_positions(const std::vector<Row>& positions,
                                                      const CollateralName& name,
                                                      const std::string& price,
                                                      const std::string& change) {
    const auto books = books_of(positions, name);
    if (books.empty()) return not_there(name);
    ShockRows out;
    for (const Book& book : books) {
        const auto to = shocked(book, price, change);
        if (!to) {
            return Unexpected<std::string>{
                price.empty() ? "change: a percentage such as -20 or +12.5, more than -100"
                              : "price: a price in USD above 0"};
        }
        add_shock(out, book, name, *to);
    }
    return out;
}

}  // namespace plimsoll::query
