#pragma once
// The bank-marketing corpus as leads with known outcomes, in the order of the file, which is that
// of time. What each column holds is told by the file itself. One thread.

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <fstream>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "matching/quality/conversion_model.hpp"

namespace leadex::quality {

struct BankMarketing {
  std::vector<targeting::AttributeDef> attributes;  // without the outcome
  std::vector<KnownLead> leads;

  [[nodiscard]] std::optional<std::size_t> place_of(std::string_view name) const {
    auto const at = std::ranges::find(attributes, name, &targeting::AttributeDef::name);
    if (at == attributes.end()) return std::nullopt;
    return static_cast<std::size_t>(at - attributes.begin());
  }
  void drop(std::string_view name) {
    auto const at = place_of(name);
    if (!at) return;
    auto const offset = static_cast<std::ptrdiff_t>(*at);
    attributes.erase(attributes.begin() + offset);
    for (auto& one : leads) one.lead.values.erase(one.lead.values.begin() + offset);
  }
};

inline std::vector<std::string> cells_of_line(std::string const& line) {
  std::vector<std::string> cells;
  std::stringstream stream(line);
  for (std::string cell; std::getline(stream, cell, ',');) {
    if (!cell.empty() && cell.back() == '\r') cell.pop_back();
    cells.push_back(cell);
  }
  return cells;
}

/// The file below LEADEX_SHARED_DATA; nothing when it is not there. NaN is a missing value.
inline std::optional<BankMarketing> read_bank_marketing() {
  char const* const folder = std::getenv("LEADEX_SHARED_DATA");
  if (folder == nullptr) return std::nullopt;
  std::ifstream file(std::string{folder} + "/leads/bank-marketing-half.csv");
  std::string line;
  if (!std::getline(file, line)) return std::nullopt;
  auto const names = cells_of_line(line);
  std::vector<std::vector<std::string>> rows;
  while (std::getline(file, line)) {
    auto row = cells_of_line(line);
    if (row.size() == names.size()) rows.push_back(std::move(row));
  }
  auto const number = [](std::string const& text) -> std::optional<std::int64_t> {
    std::int64_t value{};
    auto const end = text.data() + text.size();
    auto const read = std::from_chars(text.data(), end, value);
    if (text.empty() || read.ec != std::errc{} || read.ptr != end) return std::nullopt;
    return value;
  };
  BankMarketing data;
  data.leads.resize(rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    data.leads[i].won = rows[i].back() == "yes";
    data.leads[i].lead.vehicle = 2;  // all were called
    data.leads[i].lead.reason = "campaign";
  }
  for (std::size_t c = 0; c + 1 < names.size(); ++c) {
    targeting::AttributeDef def{.name = names[c], .type = targeting::AttributeType::integer};
    std::set<std::string> words;
    for (auto const& row : rows) {
      if (row[c] == "NaN") continue;
      words.insert(row[c]);
      if (!number(row[c])) def.type = targeting::AttributeType::choice;
    }
    bool const choice = def.type == targeting::AttributeType::choice;
    if (choice) def.choices.assign(words.begin(), words.end());
    for (std::size_t i = 0; i < rows.size(); ++i) {
      auto& value = data.leads[i].lead.values.emplace_back();
      if (rows[i][c] == "NaN") continue;
      value.kind = choice ? market::AttributeText::Kind::text : market::AttributeText::Kind::number;
      if (choice) {
        value.text = rows[i][c];
      } else {
        value.number = *number(rows[i][c]);
      }
    }
    data.attributes.push_back(std::move(def));
  }
  return data;
}

}  // namespace leadex::quality
