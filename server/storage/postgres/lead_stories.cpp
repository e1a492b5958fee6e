#include "server/storage/postgres/lead_stories.hpp"

#include "server/storage/postgres/lead_reads.hpp"
#include "server/storage/postgres/statement.hpp"
#include "server/storage/postgres/trade_sql.hpp"

namespace leadex::storage::postgres {

namespace {

constexpr char const* kScored =
    "select l.version, l.score, l.score_facts, l.vehicle, l.reason, l.captured_us, l.attributes "
    "from lead l where l.market_id = $2 and l.lead_no = $3 and " LEADEX_OWN("$1", "l.tenant_no");

// Visits have no person of whom anything could be told.
#define LEADEX_TOLD_SALE                                                                      \
  "select s.generator, s.state in (1, 2, 5, 6), s.sold_us, k.kek_id, k.wrapped from sale s "  \
  "left join lead_key k on k.market_id = s.market_id and k.lead_no = s.lead_no where "        \
  "s.market_id = $2 and s.lead_no = $3 and s.slot = $4 and exists (select from lead l where " \
  "l.market_id = s.market_id and l.lead_no = s.lead_no) and "
constexpr char const* kBought = LEADEX_TOLD_SALE "s.buyer = $1";
constexpr char const* kVisible = LEADEX_TOLD_SALE LEADEX_OF("$1", "s.buyer", "s.generator");

#define LEADEX_DISPOSITION                                                                       \
  "select d.lead_no, d.slot, d.n, d.buyer, d.generator, d.stage, d.reason, d.loss_group, "       \
  "d.at_us, d.told_us, d.bant_sealed from disposition d where d.market_id = $2 and d.lead_no = " \
  "$3 and " LEADEX_OF("$1", "d.buyer", "d.generator")
constexpr char const* kTold = LEADEX_DISPOSITION " and d.slot = $4 order by d.n";
constexpr char const* kToldOfLead = LEADEX_DISPOSITION " order by d.slot, d.n";
constexpr char const* kListedAgain =
    "select b.at_us from lead_rest r join lead l on "
    "l.market_id = r.market_id and l.lead_no = r.lead_no join commit_batch b on b.market_id = "
    "r.market_id and b.seq = r.market_seq where r.market_id = $2 and r.lead_no = $3 "
    "and " LEADEX_OWN("$1", "l.tenant_no") " order by r.round";
constexpr char const* kAdd =
    "insert into disposition (market_id, lead_no, slot, n, buyer, generator, stage, reason, "
    "loss_group, at_us, told_us, bant_sealed) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, "
    "$11, $12)";

constexpr char const* kLosses =
    "select d.at_us / 86400000000, d.loss_group, d.reason, d.market_id, m.name, d.generator, "
    "l.vehicle, l.reason, count(*) from disposition d join market m on m.market_id = d.market_id "
    "join lead l on l.market_id = d.market_id and l.lead_no = d.lead_no where d.stage = 5 and "
    "d.at_us >= $2::bigint * 86400000000 and d.at_us < $3::bigint * 86400000000 and ($4::bigint "
    "is null or d.market_id = $4::bigint) and " LEADEX_OWN(
        "$1",
        "d.generator") " group by 1, 2, 3, 4, 5, 6, 7, 8 order by 1 desc, 2, 3, 7, 8, 4, 6 limit "
                       "$5";

std::optional<ToldSale> read_sale(pqxx::result const& rows, SaleId id) {
  if (rows.empty()) return std::nullopt;
  auto const row = rows.at(0);
  ToldSale sale;
  sale.id = id;
  sale.generator_no = row.at(0).as<std::int64_t>();
  sale.standing = row.at(1).as<bool>();
  sale.sold_us = row.at(2).as<std::int64_t>();
  sale.erased = row.at(4).is_null();
  if (!sale.erased) {
    sale.kek_id = row.at(3).as<std::int32_t>();
    sale.key_wrapped = read_bytes(row.at(4));
  }
  return sale;
}

DispositionRow read_word(pqxx::row const& row, MarketNo market) {
  DispositionRow word;
  word.sale = {market, row.at(0).as<std::int64_t>(), row.at(1).as<std::int32_t>()};
  word.n = row.at(2).as<std::int32_t>();
  word.buyer_no = row.at(3).as<std::int64_t>();
  word.generator_no = row.at(4).as<std::int64_t>();
  word.stage = read_number_enum(row.at(5), quality::DispositionStage::lost);
  word.reason = row.at(6).as<std::string>();
  if (!row.at(7).is_null()) {
    word.group = read_number_enum(row.at(7), quality::LossGroup::refused_to_buy);
  }
  word.at_us = row.at(8).as<std::int64_t>();
  word.told_us = row.at(9).as<std::int64_t>();
  word.bant_sealed = read_bytes_maybe(row.at(10)).value_or("");
  return word;
}

std::vector<DispositionRow> read_words(pqxx::result const& rows, MarketNo market) {
  std::vector<DispositionRow> words;
  for (auto const& row : rows) words.push_back(read_word(row, market));
  return words;
}

}  // namespace

std::optional<ScoredLeadRow> PostgresLeadStories::scored(Viewer viewer, LeadId lead) {
  auto const rows = execute(tx_, kScored, Parameters(viewer.scope(), lead.market, lead.no));
  if (rows.empty()) return std::nullopt;
  auto const row = rows.at(0);
  ScoredLeadRow found;
  found.id = lead;
  found.version = row.at(0).as<std::int32_t>();
  found.score = read_maybe<std::int64_t>(row.at(1));
  found.score_facts = read_bytes_maybe(row.at(2));
  found.vehicle = row.at(3).as<std::int32_t>();
  found.reason = row.at(4).as<std::string>();
  found.captured_us = row.at(5).as<std::int64_t>();
  found.attributes = read_attributes(row.at(6));
  return found;
}

LeadStoryRows PostgresLeadStories::story(Viewer viewer, LeadId lead) {
  LeadStoryRows story;
  auto const parameters = Parameters(viewer.scope(), lead.market, lead.no);
  for (auto const& row : execute(tx_, kListedAgain, parameters)) {
    story.recycled_us.push_back(row.at(0).as<std::int64_t>());
  }
  story.told = read_words(execute(tx_, kToldOfLead, parameters), lead.market);
  for (auto& word : story.told) word.bant_sealed.clear();
  return story;
}

std::optional<ToldSale> PostgresLeadStories::bought(std::int64_t buyer_no, SaleId sale) {
  return read_sale(
      execute(tx_, kBought, Parameters(buyer_no, sale.market, sale.lead_no, sale.slot)), sale);
}

std::optional<ToldSale> PostgresLeadStories::visible(Viewer viewer, SaleId sale) {
  return read_sale(
      execute(tx_, kVisible, Parameters(viewer.scope(), sale.market, sale.lead_no, sale.slot)),
      sale);
}

std::vector<DispositionRow> PostgresLeadStories::told(Viewer viewer, SaleId sale) {
  return read_words(
      execute(tx_, kTold, Parameters(viewer.scope(), sale.market, sale.lead_no, sale.slot)),
      sale.market);
}

void PostgresLeadStories::add(DispositionRow const& word) {
  std::optional<std::string> bant;
  if (!word.bant_sealed.empty()) bant = word.bant_sealed;
  std::optional<int> group;
  if (word.group) group = static_cast<int>(*word.group);
  execute(tx_, kAdd,
          Parameters(word.sale.market, word.sale.lead_no, word.sale.slot, word.n, word.buyer_no,
                     word.generator_no, static_cast<int>(word.stage), word.reason, group,
                     word.at_us, word.told_us, bytea(bant)));
}

std::vector<LossCount> PostgresLeadStories::losses(Viewer viewer, LossFilter const& filter) {
  std::vector<LossCount> counts;
  for (auto const& row : execute(tx_, kLosses,
                                 Parameters(viewer.scope(), filter.from_day, filter.until_day,
                                            filter.market, filter.limit))) {
    LossCount count;
    count.day = row.at(0).as<std::int32_t>();
    count.group = read_number_enum(row.at(1), quality::LossGroup::refused_to_buy);
    count.reason = row.at(2).as<std::string>();
    count.market = read_market_no(row.at(3));
    count.market_name = row.at(4).as<std::string>();
    count.generator_no = row.at(5).as<std::int64_t>();
    count.vehicle = row.at(6).as<std::int32_t>();
    count.source_reason = row.at(7).as<std::string>();
    count.sales = row.at(8).as<std::int64_t>();
    counts.push_back(std::move(count));
  }
  return counts;
}

}  // namespace leadex::storage::postgres
