#include "server/storage/postgres/source_call.hpp"

#include "matching/market/codec.hpp"
#include "server/storage/postgres/binary_array.hpp"

namespace leadex::storage::postgres {

namespace {

constexpr int kVehicleTold = 1;
constexpr int kReasonTold = 2;

using Leads = std::vector<NewLead const*>;
using Lead = NewLead const*;

int told(LeadSource const& source) {
  return (source.vehicle_told ? kVehicleTold : 0) + (source.reason_told ? kReasonTold : 0);
}

template <std::size_t kTag>
std::string tags(Leads const& leads) {
  return column<Element::text>(
      leads, [](Lead l) -> std::string const& { return std::get<kTag>(l->source->tags); });
}

}  // namespace

constinit Statement const kLeadSources{
    "lx_lead_sources",
    "insert into leadex.lead_source (market_id, lead_no, said, class_vehicle, class_reason, "
    "taxonomy_own, taxonomy_version, utm_source, utm_medium, utm_campaign, sub1, sub2, sub3, sub4, "
    "sub5, hops, touchpoints) select $1::int8, unnest($2::int8[]), unnest($3::int2[]), "
    "unnest($4::int2[]), unnest($5::text[]), unnest($6::bool[]), unnest($7::int4[]), "
    "unnest($8::text[]), unnest($9::text[]), unnest($10::text[]), unnest($11::text[]), "
    "unnest($12::text[]), unnest($13::text[]), unnest($14::text[]), unnest($15::text[]), "
    "unnest($16::int2[]), unnest($17::bytea[])"};

std::vector<NewLead const*> sourced(std::span<NewLead const> leads) {
  Leads found;
  for (auto const& lead : leads) {
    if (lead.source) found.push_back(&lead);
  }
  return found;
}

std::vector<std::string> source_columns(std::vector<NewLead const*> const& leads) {
  return {column<Element::int8>(leads, [](Lead l) { return l->lead_no; }),
          column<Element::int2>(leads, [](Lead l) { return told(*l->source); }),
          column<Element::int2>(leads, [](Lead l) { return l->source->found.vehicle; }),
          column<Element::text>(
              leads, [](Lead l) -> std::string const& { return l->source->found.reason; }),
          column<Element::bool_>(leads, [](Lead l) { return l->source->taxonomy_own; }),
          column<Element::int4>(leads, [](Lead l) { return l->source->taxonomy_version; }),
          tags<0>(leads),
          tags<1>(leads),
          tags<2>(leads),
          tags<3>(leads),
          tags<4>(leads),
          tags<5>(leads),
          tags<6>(leads),
          tags<7>(leads),
          column<Element::int2>(leads, [](Lead l) { return l->source->hops; }),
          column<Element::bytea>(leads,
                                 [](Lead l) { return market::encode_value(l->source->touches); })};
}

}  // namespace leadex::storage::postgres
