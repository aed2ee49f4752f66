#include "config/keys.hpp"
#include "config/reference.hpp"

#include <nlohmann/json.hpp>

namespace plimsoll::config {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kName = "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$";
/// Any text may hold a reference to a secret instead of its value.
constexpr const char* kReference = "\\$\\{";

Json text_like(const std::string& pattern) {
    return {{"type", "string"}, {"pattern", "(" + pattern + ")|" + kReference}};
}

Json enumeration(const std::vector<std::string_view>& values) {
    Json choices{{"enum", Json::array()}};
    for (const std::string_view value : values) choices["enum"].push_back(value);
    return {{"anyOf", {choices, {{"type", "string"}, {"pattern", kReference}}}}};
}

Json integer_schema(const KeySpec& row) {
    Json out{{"type", "integer"}};
    if (!row.least.empty()) out["minimum"] = std::stoll(std::string(row.least));
    if (!row.most.empty()) out["maximum"] = std::stoll(std::string(row.most));
    return out;
}

Json form_schema(const KeySpec& row) {
    switch (row.form) {
        case Form::boolean:
            return {{"type", "boolean"}};
        case Form::integer:
            return integer_schema(row);
        case Form::duration:
            return text_like("^(0|([0-9]+(ms|s|m|h|d))+)$");
        case Form::usd:
        case Form::ratio:
        case Form::factor:
            return {{"anyOf",
                     {{{"type", "integer"}, {"minimum", 0}},
                      text_like("^[0-9][0-9_]*(\\.[0-9_]+)?$")}}};
        case Form::address:
            return text_like("^0x[0-9a-fA-F]{40}$");
        case Form::depth:
            return {{"anyOf",
                     {{{"type", "integer"}, {"minimum", 0}},
                      text_like("^(finalized|safe|latest|[0-9]+)$")}}};
        case Form::window:
            return {{"anyOf",
                     {{{"type", "integer"}, {"minimum", 1}},
                      text_like("^([0-9]+|([0-9]+(ms|s|m|h|d))+)$")}}};
        case Form::choice:
            return enumeration(split_bars(row.choices));
        case Form::url:
            return text_like("^https?://");
        case Form::headers:
        case Form::matchers:
            return {{"type", "object"}, {"additionalProperties", {{"type", "string"}}}};
        case Form::endpoints:
            return {{"anyOf", {text_like("^https?://"), {{"$ref", "#/$defs/endpoints"}}}}};
        case Form::text:
        case Form::path:
        case Form::listen:
        case Form::secret:
        case Form::expression:
        case Form::cidr:
            break;
    }
    return {{"type", "string"}};
}

Json default_of(const KeySpec& row) {
    const std::string text(row.fallback);
    if (row.list) {
        Json out = Json::array();
        for (const std::string_view part : split_bars(text)) out.push_back(part);
        return out;
    }
    if (row.form == Form::boolean) return text == "true";
    if (row.form == Form::integer) return std::stoll(text);
    return text;
}

Json key_schema(const KeySpec& row) {
    Json out;
    if (row.list) {
        out["type"] = "array";
        out["items"] = form_schema(row);
        if (row.required) out["minItems"] = 1;
        if (row.key == "between") out["minItems"] = out["maxItems"] = 2;
    } else {
        out = form_schema(row);
    }
    out["description"] = row.help;
    if (!row.fallback.empty()) out["default"] = default_of(row);
    return out;
}

Json table_schema(const SectionSpec& section) {
    Json out{{"type", "object"}};
    if (!section.help.empty()) out["description"] = section.help;
    out["properties"] = Json::object();
    out["additionalProperties"] = false;
    for (const KeySpec& row : key_specs()) {
        if (row.section != section.id) continue;
        out["properties"][std::string(row.key)] = key_schema(row);
        if (row.required) out["required"].push_back(row.key);
    }
    return out;
}

Json section_schema(const SectionSpec& section) {
    const Json table = table_schema(section);
    if (section.shape == Shape::named) {
        return {{"type", "object"},
                {"propertyNames", {{"pattern", kName}}},
                {"additionalProperties", table}};
    }
    if (section.shape == Shape::repeated) return {{"type", "array"}, {"items", table}};
    return table;
}

}  // namespace

std::string schema_json() {
    Json out{{"$schema", "https://json-schema.org/draft/2020-12/schema"},
             {"title", "Plimsoll configuration"}};
    out.update(table_schema(*find_section("")));
    out["required"] = {"chains", "protocols"};
    for (const SectionSpec& section : section_specs()) {
        const std::string id(section.id);
        if (section.shape == Shape::root) continue;
        Json& place = section.shape == Shape::inside ? out["$defs"][id] : out["properties"][id];
        place = section_schema(section);
    }
    return out.dump(2) + '\n';
}

}  // namespace plimsoll::config
