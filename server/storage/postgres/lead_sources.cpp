#include "server/storage/postgres/lead_sources.hpp"

#include <memory>

#include "matching/market/codec.hpp"
#include "server/storage/postgres/audit_rows.hpp"
#include "server/storage/postgres/binary_call.hpp"
#include "server/storage/postgres/instant_sql.hpp"
#include "server/storage/postgres/statement.hpp"
#include "server/storage/postgres/trade_sql.hpp"

namespace leadex::storage::postgres {

namespace {

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

// By index lead_captured, so that a read takes as long however many leads the market has.
constexpr char const* kReadEnd =
    "select captured_us, lead_no from lead where market_id = $1 and (captured_us, lead_no) > "
    "($2::bigint, $3::bigint) and captured_us < $4 order by captured_us, lead_no offset $5 limit 1";
// A click has a number of its own, so its sale is nobody's here. Sales that lapsed, wait for what
// comes of them or were voided brought nothing. Groups by tag are the lead's, whatever it touched.
// The planner knows how much a range of captures holds, not one of pairs.
constexpr char const* kLeads =
    "select l.lead_no, l.captured_us, l.vehicle, l.reason, case $7::integer when 2 then "
    "z.utm_source when 3 then z.utm_campaign when 4 then z.sub1 else '' end, case when "
    "$7::integer in (0, 1) then z.touchpoints end, s.gross, s.fee, s.credited from lead l left "
    "join lead_source z on z.market_id = l.market_id and z.lead_no = l.lead_no left join sale s on "
    "s.market_id = l.market_id and s.lead_no = l.lead_no and s.state in (0, 1, 2, 3) and "
    "s.credited < s.gross where l.market_id = $2 and l.captured_us between $3::bigint and "
    "$5::bigint and (l.captured_us, l.lead_no) > ($3::bigint, $4::bigint) and (l.captured_us, "
    "l.lead_no) <= ($5::bigint, $6::bigint) and " LEADEX_OWN("$1", "l.tenant_no") " order by "
    "l.captured_us, l.lead_no, s.slot";

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

/// The last lead of a whole read; nothing when the rest is less than one.
std::optional<CapturePlace> read_end(pqxx::transaction_base& tx, SourcedFilter const& filter,
                                     CapturePlace after) {
  auto const rows = execute(tx, kReadEnd,
                            Parameters(filter.market, after.captured_us, after.lead_no,
                                       filter.captured_until_us, LeadSources::kReadMax - 1));
  if (rows.empty()) return std::nullopt;
  return CapturePlace{rows.at(0).at(0).as<std::int64_t>(), rows.at(0).at(1).as<std::int64_t>()};
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

PostgresLeadSources::Later<SourcedLeads> PostgresLeadSources::leads(SourcedFilter filter,
                                                                    CapturePlace after) {
  co_return co_await pool_.run([filter, after](pqxx::work& tx) {
    SourcedLeads found;
    found.next = read_end(tx, filter, after);
    auto const end = found.next.value_or(CapturePlace{filter.captured_until_us, 0});
    found.leads = read_leads(
        execute(tx, kLeads,
                Parameters(filter.viewer.scope(), filter.market, after.captured_us, after.lead_no,
                           end.captured_us, end.lead_no, static_cast<int>(filter.group))));
    return found;
  });
}

}  // namespace leadex::storage::postgres
