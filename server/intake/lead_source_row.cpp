#include "server/intake/lead_source_row.hpp"

#include <algorithm>

#include "server/intake/contact/text.hpp"

namespace leadex::intake {

namespace {

static_assert(index_of(Column::sub5) - index_of(Column::utm_source) + 1 == storage::kSourceTags);

bool told(CheckedLead const& lead, Column column) { return !trim(lead.at(column)).empty(); }

}  // namespace

std::optional<storage::LeadSource> source_row(CheckedLead const& lead, MarketRules const& rules,
                                              std::int64_t lead_no) {
  storage::LeadSource row;
  row.lead_no = lead_no;
  row.vehicle_told = told(lead, Column::vehicle);
  row.reason_told = told(lead, Column::source_reason);
  row.found = lead.source_class;
  row.hops = lead.hops;
  for (std::size_t i = 0; i < row.tags.size(); ++i) {
    row.tags.at(i) = lead.columns.at(index_of(Column::utm_source) + i);
  }
  for (auto const& touch : lead.touchpoints) {
    row.touches.push_back(
        {to_unix_micros(touch.at), static_cast<std::int32_t>(touch.vehicle), touch.reason});
  }
  if (rules.taxonomy) {
    row.taxonomy_own = rules.taxonomy->market != 0;
    row.taxonomy_version = rules.taxonomy->version;
  }
  bool const empty = row.taxonomy_version == 0 && row.hops == storage::kHopsUntold &&
                     row.touches.empty() && std::ranges::all_of(row.tags, &std::string::empty);
  if (empty) return std::nullopt;
  return row;
}

}  // namespace leadex::intake
