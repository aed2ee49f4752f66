#include "daemon/rules/compose.hpp"
#include "daemon/rules/stated_price.hpp"
#include "daemon/rules/text.hpp"

namespace plimsoll::rules {

namespace {

using alerts::amount;
using bands::BandPosition;
using bands::BandReport;
using nlohmann::json;

std::string interval_text(const BandReport& band) {
    const auto side = [](const Usd8& usd) {
        std::string text = decimal(usd.raw(), 8, 8);
        text.erase(text.find_last_not_of('0') + 1);
        if (text.back() == '.') text.pop_back();
        return text;
    };
    return side(band.low) + "-" + side(band.high);
}

json top_json(const BandReport& band, const Scene& scene) {
    json out = json::array();
    for (const BandPosition& one : band.largest) {
        json entry{{"account", scene.address_text(one.key.account)},
                   {"collateral", amount(one.collateral, band.leader_decimals)},
                   {"collateral_usd", amount(one.collateral_usd.raw(), 8)},
                   {"debt_usd", amount(one.debt_usd.raw(), 8)}};
        out.push_back(std::move(entry));
    }
    return out;
}

std::string distance_text(const BandReport& band) {
    const std::string percent = bands::distance_pct(band.distance);
    switch (band.place) {
        case bands::Place::above:
            return percent + "% above the band";
        case bands::Place::inside:
            return "inside the band";
        case bands::Place::below:
            break;
    }
    return (percent.front() == '-' ? percent.substr(1) : percent) + "% below the band";
}

std::string exposure_text(const BandReport& band) {
    std::string text = amount_text(band.collateral_amount, band.leader_decimals) + " " +
                       name_text(band.leader) + " (" + usd_text(band.collateral_usd) + ") of " +
                       count_text(band.positions, "position") +
                       " can be liquidated while the price crosses " + interval_text(band) +
                       " USD; they owe " + usd_text(band.debt_usd) + ".";
    if (band.liquidatable != 0) {
        text += " " + std::to_string(band.liquidatable) + " of them can be liquidated now.";
    }
    return text + "\n";
}

std::string largest_text(const BandReport& band, const Scene& scene) {
    if (band.largest.empty()) return {};
    const BandPosition& one = band.largest.front();
    return "The largest is " + scene.address_text(one.key.account) + " with " +
           amount_text(one.collateral, band.leader_decimals) + " " + name_text(band.leader) + " (" +
           usd_text(one.collateral_usd) + ").\n";
}

}  // namespace

std::string band_phrase(const std::string& type, const BandReport& band,
                        const std::string& protocol) {
    return name_text(band.collateral) + " band " + interval_text(band) +
           (type == "band.approached" ? " is approached on " : " is exposed on ") + protocol;
}

Payload band_payload(const Scene& scene, const BandReport& band) {
    Payload out;
    json& extra = out.extra;
    extra["band"] = {{"low", amount(band.low.raw(), 8)}, {"high", amount(band.high.raw(), 8)}};
    extra["collateral"] = amount(band.collateral_amount, band.leader_decimals);
    extra["collateral_usd"] = amount(band.collateral_usd.raw(), 8);
    extra["debt_usd"] = amount(band.debt_usd.raw(), 8);
    extra["leader"] = name_text(band.leader);
    extra["positions"] = band.positions;
    extra["liquidatable"] = band.liquidatable;
    extra["top"] = top_json(band, scene);
    if (band.positions > band.largest.size()) extra["more"] = band.positions - band.largest.size();
    if (band.not_computable != 0) extra["not_computable"] = band.not_computable;
    out.text = exposure_text(band);
    if (band.price) {
        add_price(extra, {*band.price, band.price_decimals, band.quote});
        extra["distance_pct"] = bands::distance_pct(band.distance);
        out.text += name_text(band.leader) + " is at " +
                    price_text({*band.price, band.price_decimals, band.quote}, 2) + " USD, " +
                    distance_text(band) + ".\n";
    }
    out.text += largest_text(band, scene);
    if (band.not_computable != 0) {
        out.text += count_text(band.not_computable, "position") +
                    " of the protocol cannot be computed and may belong to it.\n";
    }
    add_provenance(out, scene);
    std::string title = scene.row.about.phrase;
    if (scene.word != Word::resolved) {
        title += ": " + usd_text(band.collateral_usd) + ", " + distance_text(band);
    }
    out.title = titled(scene.word, title);
    return out;
}

}  // namespace plimsoll::rules
