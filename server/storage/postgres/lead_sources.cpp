#include "server/storage/postgres/lead_sources.hpp"

#include <memory>

#include "billing/values/check.hpp"
#include "matching/market/codec.hpp"
#include "server/storage/postgres/audit_rows.hpp"
#include "server/storage/postgres/binary_call.hpp"
#include "server/storage/postgres/instant_sql.hpp"
#include "server/storage/postgres/statement.hpp"
#include "server/storage/postgres/trade_sql.hpp"

namespace leadex::storage::postgres {

namespace {

constexpr int kVehicleTold = 1;
constexpr int kReasonTold = 2;

constexpr Statement kPut{
    "lx_lead_sources",
    "insert into leadex.lead_source (market_id, lead_no, said, class_vehicle, class_reason, "
    "taxonomy_own, taxonomy_version, utm_source, utm_medium, utm_campaign, sub1, sub2, sub3, sub4, "
    "sub5, hops, touchpoints) select $1::int8, * from unnest($2::int8[], $3::int2[], $4::int2[], "
    "$5::text[], $6::bool[], $7::int4[], $8::text[], $9::text[], $10::text[], $11::text[], "
    "$12::text[], $13::text[], $14::text[], $15::text[], $16::int2[], $17::bytea[]) on conflict do "
    "nothing"};

#define LEADEX_TAXONOMY \
  "select market_id, version, terms, " LEADEX_MICROS("created_at") " from taxonomy_version "
constexpr char const* kInForce =
    LEADEX_TAXONOMY "where market_id in ($1, 0) order by market_id desc, version desc limit 1";
constexpr char const* kTaxonomy = LEADEX_TAXONOMY
    "where market_id = $1 and ($2::integer is null or version = $2::integer) order by version desc "
    "limit 1";
constexpr char const* kAddTaxonomy =
    "insert into taxonomy_version (market_id, version, terms, created_by, created_at) select "
    "$1::bigint, $2::integer, $3::bytea, $4::bigint, now() where $2::integer = 1 + (select "
    "coalesce(max(version), 0) from taxonomy_version where market_id = $1::bigint) on conflict do "
    "nothing";

constexpr char const* kLastLead = "select coalesce(max(lead_no), 0) from lead where market_id = $1";
// A click has a number of its own, so its sale is nobody's here. Sales that lapsed, wait for what
// comes of them or were voided brought nothing. Groups by tag are the lead's, whatever it touched.
constexpr char const* kLeads =
    "select l.lead_no, l.captured_us, l.vehicle, l.reason, case $7::integer when 2 then "
    "z.utm_source when 3 then z.utm_campaign when 4 then z.sub1 else '' end, case when "
    "$7::integer in (0, 1) then z.touchpoints end, s.gross, s.fee, s.credited from lead l left "
    "join lead_source z on z.market_id = l.market_id "
    "and z.lead_no = l.lead_no left join sale s on s.market_id = l.market_id and s.lead_no = "
    "l.lead_no and s.state in (0, 1, 2, 3) and s.credited < s.gross where l.market_id = $2 and "
    "l.lead_no > $3 and l.lead_no <= $4 and l.captured_us >= $5 and l.captured_us < $6 "
    "and " LEADEX_OWN("$1", "l.tenant_no") " order by l.lead_no, s.slot";

template <class T>
T decoded(pqxx::field const& field) {
  auto value = market::decode_stored<T>(read_bytes(field));
  if (!value) throw std::runtime_error("a stored source or taxonomy cannot be read");
  return std::move(*value);
}

TaxonomyVersion read_taxonomy(pqxx::row const& row) {
  return {row.at(0).as<MarketNo>(), row.at(1).as<std::int32_t>(),
          decoded<quality::Taxonomy>(row.at(2)), read_time(row.at(3))};
}

template <std::size_t kTag>
std::string tags(std::vector<LeadSource> const& sources) {
  return column<Element::text>(
      sources, [](LeadSource const& s) -> std::string const& { return s.tags[kTag]; });
}

std::int64_t put_sources(pqxx::transaction_base& tx, MarketNo market,
                         std::vector<LeadSource> const& sources) {
  using S = LeadSource const&;
  Call const call{
      &kPut,
      {int8_param(market), column<Element::int8>(sources, [](S s) { return s.lead_no; }),
       column<Element::int2>(sources,
                             [](S s) {
                               return (s.vehicle_told ? kVehicleTold : 0) +
                                      (s.reason_told ? kReasonTold : 0);
                             }),
       column<Element::int2>(sources, [](S s) { return s.found.vehicle; }),
       column<Element::text>(sources, [](S s) -> std::string const& { return s.found.reason; }),
       column<Element::bool_>(sources, [](S s) { return s.taxonomy_own; }),
       column<Element::int4>(sources, [](S s) { return s.taxonomy_version; }), tags<0>(sources),
       tags<1>(sources), tags<2>(sources), tags<3>(sources), tags<4>(sources), tags<5>(sources),
       tags<6>(sources), tags<7>(sources),
       column<Element::int2>(sources, [](S s) { return s.hops; }),
       column<Element::bytea>(sources, [](S s) { return market::encode_value(s.touches); })},
      kAnyRows};
  run_binary(tx, call);
  return std::ssize(sources);
}

std::optional<TaxonomyVersion> find_taxonomy(pqxx::transaction_base& tx, MarketNo market,
                                             std::optional<std::int32_t> version) {
  auto const rows = execute(tx, kTaxonomy, Parameters(market, version));
  if (!rows.empty()) return read_taxonomy(rows.at(0));
  if (version.value_or(0) != 0) return std::nullopt;
  return TaxonomyVersion{.market = market, .version = 0, .terms = {}, .created_at = {}};
}

bool add_version(pqxx::transaction_base& tx, TaxonomyVersion const& taxonomy,
                 AuditEntry const& entry) {
  auto const done =
      execute(tx, kAddTaxonomy,
              Parameters(taxonomy.market, taxonomy.version,
                         bytea(std::string_view{market::encode_value(taxonomy.terms)}),
                         entry.principal_no));
  if (done.affected_rows() != 1) return false;
  auto const now = execute(tx, "select " LEADEX_MICROS("now()"));
  append_audit(tx, read_time(now.at(0).at(0)), 0, std::span{&entry, 1});
  return true;
}

/// Rows of one lead follow each other, one for each of its sales.
std::vector<SourcedLead> read_leads(pqxx::result const& rows) {
  std::vector<SourcedLead> leads;
  for (auto const& row : rows) {
    auto const no = row.at(0).as<std::int64_t>();
    if (leads.empty() || leads.back().lead_no != no) {
      auto& lead = leads.emplace_back();
      lead.lead_no = no;
      lead.captured_us = row.at(1).as<std::int64_t>();
      lead.vehicle = row.at(2).as<std::int32_t>();
      lead.reason = row.at(3).as<std::string>();
      lead.tag = row.at(4).as<std::string>("");
      if (!row.at(5).is_null()) lead.touches = decoded<std::vector<Touch>>(row.at(5));
    }
    if (row.at(6).is_null()) continue;
    leads.back().sales.push_back({Money{row.at(6).as<std::int64_t>()},
                                  Money{row.at(7).as<std::int64_t>()},
                                  Money{row.at(8).as<std::int64_t>()}});
  }
  return leads;
}

}  // namespace

PostgresLeadSources::Later<std::int64_t> PostgresLeadSources::put(MarketNo market,
                                                                  std::vector<LeadSource> sources) {
  if (sources.empty()) co_return 0;
  auto const rows = std::make_shared<std::vector<LeadSource> const>(std::move(sources));
  co_return co_await pool_.run(
      [market, rows](pqxx::work& tx) { return put_sources(tx, market, *rows); });
}

PostgresLeadSources::Later<TaxonomyVersion> PostgresLeadSources::in_force(MarketNo market) {
  co_return co_await pool_.run([market](pqxx::work& tx) {
    auto const rows = execute(tx, kInForce, Parameters(market));
    if (rows.empty()) return TaxonomyVersion{};
    return read_taxonomy(rows.at(0));
  });
}

PostgresLeadSources::Later<std::optional<TaxonomyVersion>> PostgresLeadSources::taxonomy(
    MarketNo market, std::optional<std::int32_t> version) {
  co_return co_await pool_.run(
      [market, version](pqxx::work& tx) { return find_taxonomy(tx, market, version); });
}

PostgresLeadSources::Later<bool> PostgresLeadSources::add_taxonomy(TaxonomyVersion taxonomy,
                                                                   AuditEntry entry) {
  co_return co_await pool_.run(
      [taxonomy, entry](pqxx::work& tx) { return add_version(tx, taxonomy, entry); });
}

PostgresLeadSources::Later<std::int64_t> PostgresLeadSources::last_lead(MarketNo market) {
  co_return co_await pool_.run([market](pqxx::work& tx) {
    return execute(tx, kLastLead, Parameters(market)).at(0).at(0).as<std::int64_t>();
  });
}

PostgresLeadSources::Later<std::vector<SourcedLead>> PostgresLeadSources::leads(
    SourcedFilter filter, LeadNumbers numbers) {
  LEADEX_CHECK(numbers.last - numbers.after <= kNumbersMax);
  co_return co_await pool_.run([filter, numbers](pqxx::work& tx) {
    return read_leads(
        execute(tx, kLeads,
                Parameters(filter.viewer.scope(), filter.market, numbers.after, numbers.last,
                           filter.captured_from_us, filter.captured_until_us,
                           static_cast<int>(filter.group))));
  });
}

}  // namespace leadex::storage::postgres
