#include "tests/bench/bench_market.hpp"

#include <pqxx/pqxx>

#include "billing/values/check.hpp"
#include "matching/market/codec.hpp"
#include "server/crypto/hash.hpp"
#include "server/market/commit_body.hpp"
#include "server/storage/postgres/claim_calls.hpp"
#include "server/storage/postgres/market_chain.hpp"

namespace leadex::bench {

namespace {

namespace pg = storage::postgres;

constexpr std::int64_t kDayUs = 86'400 * kUnit;
constexpr std::size_t kDigestBytes = 16;
constexpr std::size_t kHashBytes = 32;
constexpr std::size_t kContactBytes = 260;  // a contact of eight fields, sealed
constexpr std::size_t kConsentBytes = 240;
constexpr std::size_t kWrappedKeyBytes = 65;
constexpr std::int32_t kKekId = 202611;

/// The platform's half of a fund.
void add_intent(std::string const& owner, std::int64_t market_id, market::FundBudget const& fund) {
  pqxx::connection connection{owner};
  pqxx::work work{connection};
  work.exec_params(
      "insert into leadex.fund_intent (market_id, intent_no, direction, tenant_no, sub_no, amount, "
      "platform_seq) values ($1, $2, 0, $3, $4, $5, 1)",
      market_id, fund.intent_no, fund.budget.buyer_no, fund.budget.campaign_no, fund.amount_micros);
  work.commit();
}

}  // namespace

market::MarketSettings bench_settings() {
  market::MarketSettings settings;
  settings.rules = TradeWorld::rules(1);
  settings.visibility.assign(settings.rules.attributes.size(), market::Visibility::exact);
  settings.required.assign(settings.rules.attributes.size(), 0);
  settings.currency = "USD";
  settings.country = "US";
  settings.commission_bp = 1500;
  settings.holdback_bp = 1000;
  settings.dedupe_us = 90 * kDayUs;
  return settings;
}

void add_market(std::string const& owner, std::int64_t market_id) {
  pqxx::connection connection{owner};
  pqxx::work work{connection};
  auto const bytes = market::encode_value(bench_settings());
  work.exec_params(
      "insert into leadex.market (market_id, name, title, currency, country) values ($1, $2, "
      "'Bench', 'USD', 'US')",
      market_id, "bench-" + std::to_string(market_id) + ".us.usd");
  work.exec_params("insert into leadex.market_version values ($1, 1, '{}', $2, 0)", market_id,
                   pqxx::binarystring{bytes});
  work.exec_params(
      "insert into leadex.market_head values ($1, 0, 0, decode(repeat('00', 32), 'hex'), 0)",
      market_id);
  work.commit();
}

std::vector<market::Submission> open_buyers(std::string const& owner, std::int64_t market_id,
                                            std::int64_t buyers) {
  std::vector<market::Submission> submissions;
  for (std::int64_t buyer = 1; buyer <= buyers; ++buyer) {
    auto const campaign = TradeWorld::takes_all(buyer, buyer);
    auto const fund = TradeWorld::fund(campaign, buyer);
    add_intent(owner, market_id, fund);
    submissions.emplace_back().command = campaign;
    submissions.back().definition = "{}";
    submissions.emplace_back().command = fund;
  }
  return submissions;
}

std::string SaleSource::bytes(std::size_t count) {
  std::string made;
  made.reserve(count + sizeof(std::uint64_t));
  while (made.size() < count) {
    auto const word = random_();
    made.append(reinterpret_cast<char const*>(&word), sizeof word);
  }
  made.resize(count);
  return made;
}

market::Submission SaleSource::next(std::int64_t now_us) {
  ++leads_;
  auto offer = world_.offer(leads_, 101 + leads_ % generators_, now_us);
  market::Submission made;
  auto& lead = made.lead.emplace();
  lead.lead_no = offer.lead_no;
  lead.tenant_no = offer.generator_no;
  lead.version = offer.version;
  lead.vehicle = offer.vehicle;
  lead.reason = offer.reason;
  lead.captured_us = offer.captured_us;
  lead.consent_us = offer.captured_us;
  lead.consent_digest = bytes(kHashBytes);
  lead.attributes = market::encode_value(offer.attributes);
  lead.external_id = "lead-" + std::to_string(leads_);
  lead.contact_sealed = bytes(kContactBytes);
  lead.consent_sealed = bytes(kConsentBytes);
  lead.kek_id = kKekId;
  lead.key_wrapped = bytes(kWrappedKeyBytes);
  made.persons = {bytes(kDigestBytes), bytes(kDigestBytes)};
  made.idempotency = {offer.generator_no, bytes(kDigestBytes), bytes(kHashBytes),
                      market::Operation::post_lead};
  made.command = std::move(offer);
  return made;
}

RowMaker::RowMaker(std::int64_t market_id, std::int64_t now_us)
    : market_id_(market_id), now_us_(now_us), hash_(kHashBytes, '\0') {
  auto settings = std::make_shared<market::MarketSettings>(bench_settings());
  begin(engine_, settings->rules, now_us);
  books_.use(std::move(settings));
}

OneSale RowMaker::decide(market::Submission submission) {
  storage::BatchRows rows;
  rows.seq = ++seq_;
  rows.at_us = ++now_us_;
  books_.begin(rows);
  if (auto const* offer = std::get_if<market::OfferLead>(&submission.command)) {
    rows.person_seen_before_us = now_us_ - bench_settings().dedupe_us;
    for (auto const& digest : submission.persons) {
      rows.persons.push_back({digest, offer->lead_no, now_us_, std::nullopt});
    }
  }
  auto applied = engine_.apply(from_unix_micros(now_us_), submission.command);
  LEADEX_CHECK(applied.outcome.refusal == market::Refusal::none);
  books_.write(submission, applied, now_us_);
  if (auto const& claim = submission.idempotency) {
    rows.keys.push_back({static_cast<std::int32_t>(now_us_ / kDayUs), claim->account_no, claim->key,
                         claim->body_hash, static_cast<std::int32_t>(claim->operation), 0});
  }
  market::CommitBody body;
  body.numbers = engine_.numbers();
  body.items.push_back({now_us_, submission.command, std::move(applied.outcome),
                        market::log_form(std::move(applied.effects))});
  books_.finish();
  rows.body = market::encode_value(body);

  OneSale made{
      rows.seq, rows.at_us, pg::body_calls(market_id_, rows), pg::tail_calls(market_id_, rows),
      {},       {}};
  for (auto& call : pg::claim_calls(market_id_, rows, {})) made.body.push_back(std::move(call));
  auto const rest = crypto::sha256(pg::image_of(made.body) + pg::image_of(made.tail));
  made.stored_body = pg::store_body(crypto::view_of(rest), rows.body);
  auto const transfers = pg::transfers_digest(rows.transfers);
  auto const auctions = pg::auctions_digest(rows.auctions);
  made.hash = pg::chain_hash(
      hash_, {market_id_, rows.seq, rows.at_us, made.stored_body, transfers, auctions});
  hash_ = made.hash;
  return made;
}

}  // namespace leadex::bench
