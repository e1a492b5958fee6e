#include "server/intake/lead_source_row.hpp"

#include <algorithm>

#include "server/intake/contact/text.hpp"

namespace leadex::intake {

namespace {

static_assert(index_of(Column::sub5) - index_of(Column::utm_source) + 1 == storage::kSourceTags);

bool told(CheckedLead const& lead, Column column) { return !trim(lead.at(column)).empty(); }

}  // namespace

std::shared_ptr<storage::LeadSource const> source_row(CheckedLead const& lead,
                                                      storage::TaxonomyVersion const* taxonomy) {
  storage::LeadSource row;
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
  if (taxonomy != nullptr) {
    row.taxonomy_own = taxonomy->market != 0;
    row.taxonomy_version = taxonomy->version;
  }
  bool const empty = row.taxonomy_version == 0 && row.hops == storage::kHopsUntold &&
                     row.touches.empty() && std::ranges::all_of(row.tags, &std::string::empty);
  if (empty) return nullptr;
  return std::make_shared<storage::LeadSource const>(std::move(row));
}

}  // namespace leadex::intake
