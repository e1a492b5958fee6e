#include "server/storage/postgres/market_statements.hpp"

#include "matching/market/codec.hpp"
#include "server/storage/postgres/binary_array.hpp"
#include "server/storage/postgres/source_call.hpp"

namespace leadex::storage::postgres {

namespace {

// Arrays of one length are unnested in the list of what is selected, where they go on row by row
// together: in `from` each would first be written to a store of its own, two thirds of an insert.
constexpr Statement kTransfers{
    "lx_transfers",
    "insert into leadex.transfer select $1::int8, $2::int8, unnest($3::int4[]), "
    "unnest($4::int8[]), unnest($5::int8[]), unnest($6::int8[]), unnest($7::int2[]), "
    "unnest($8::int2[]), unnest($9::int8[]), unnest($10::int4[]), unnest($11::int8[]), "
    "unnest($12::int4[])"};

constexpr Statement kAccounts{
    "lx_accounts",
    "insert into leadex.account select $1::int8, a.no, a.code, a.owner, a.sub, 0, 0, 0, 0, "
    "a.floor, $2::int8 from unnest($3::int8[], $4::int2[], $5::int8[], $6::int8[], $7::int8[]) "
    "as a(no, code, owner, sub, floor)"};

constexpr Statement kSales{
    "lx_sales",
    "insert into leadex.sale (market_id, batch_seq, lead_no, slot, n, buyer, campaign, generator, "
    "gross, fee, holdback, credited, state, exclusive, shares_max, auction_no, sold_us, due_us, "
    "windows, trial, of_source, model) select $1::int8, $2::int8, unnest($3::int8[]), "
    "unnest($4::int4[]), unnest($5::int4[]), unnest($6::int8[]), unnest($7::int8[]), "
    "unnest($8::int8[]), unnest($9::int8[]), unnest($10::int8[]), unnest($11::int8[]), "
    "unnest($12::int8[]), unnest($13::int2[]), unnest($14::bool[]), unnest($15::int2[]), "
    "unnest($16::int8[]), unnest($17::int8[]), unnest($18::int8[]), unnest($19::bytea[]), "
    "unnest($20::bool[]), unnest($21::bool[]), unnest($22::int2[])"};

constexpr Statement kLeads{
    "lx_leads",
    "insert into leadex.lead (market_id, lead_no, batch_no, row_no, tenant_no, version, state, "
    "score, vehicle, reason, captured_us, listed_us, ask_micros, consent_us, consent_digest, "
    "resale, attributes, external_id, reserve_micros, named_for, score_facts, warnings, "
    "domain_suggested, first_listed_us) select $1::int8, unnest($2::int8[]), unnest($3::int8[]), "
    "unnest($4::int8[]), unnest($5::int8[]), unnest($6::int4[]), unnest($7::int2[]), "
    "unnest($8::int4[]), unnest($9::int2[]), unnest($10::text[]), unnest($11::int8[]), "
    "unnest($12::int8[]), unnest($13::int8[]), unnest($14::int8[]), unnest($15::bytea[]), "
    "unnest($16::int2[]), unnest($17::bytea[]), unnest($18::text[]), unnest($19::int8[]), "
    "unnest($20::bytea[]), unnest($21::bytea[]), unnest($22::int4[]), unnest($23::text[]), "
    "unnest($12::int8[])"};

constexpr Statement kContacts{
    "lx_contacts",
    "insert into leadex.contact (market_id, lead_no, sealed, consent_sealed) select $1::int8, "
    "unnest($2::int8[]), unnest($3::bytea[]), unnest($4::bytea[])"};

constexpr Statement kLeadKeys{
    "lx_lead_keys",
    "insert into leadex.lead_key (market_id, lead_no, kek_id, wrapped) select $1::int8, "
    "unnest($2::int8[]), unnest($3::int4[]), unnest($4::bytea[])"};

constexpr Statement kAuctions{
    "lx_auctions",
    "insert into leadex.auction (market_id, batch_seq, auction_no, lead_no, record) select "
    "$1::int8, $2::int8, unnest($3::int8[]), unnest($4::int8[]), unnest($5::bytea[])"};

constexpr Statement kKeys{
    "lx_keys",
    "insert into leadex.idempotency (market_id, batch_seq, day, account_no, key, body_hash, code, "
    "n) select $1::int8, $2::int8, unnest($3::int4[]), unnest($4::int8[]), unnest($5::bytea[]), "
    "unnest($6::bytea[]), unnest($7::int2[]), unnest($8::int4[])"};

constexpr Statement kBids{
    "lx_bids",
    "insert into leadex.listing_bid (market_id, at_us, bid_no, lead_no, tenant_no, campaign, "
    "price, exclusive, state) select $1::int8, $2::int8, unnest($3::int8[]), unnest($4::int8[]), "
    "unnest($5::int8[]), unnest($6::int8[]), unnest($7::int8[]), unnest($8::bool[]), "
    "unnest($9::int2[])"};

constexpr Statement kReturns{
    "lx_returns",
    "insert into leadex.return_case (market_id, return_no, lead_no, slot, buyer, generator, "
    "reason, state, ruling, credited, due_us, opened_us, decided_us, buyer_note_sealed) select "
    "$1::int8, r.no, r.lead, r.slot, r.buyer, r.generator, r.reason, r.state, r.ruling, "
    "r.credited, r.due, r.opened, r.decided, nullif(r.note, ''::bytea) from unnest($2::int8[], "
    "$3::int8[], "
    "$4::int4[], $5::int8[], $6::int8[], $7::text[], $8::int2[], $9::int2[], $10::int8[], "
    "$11::int8[], $12::int8[], $13::int8[], $14::bytea[]) as r(no, lead, slot, buyer, generator, "
    "reason, state, ruling, credited, due, opened, decided, note)"};

constexpr Statement kIntents{
    "lx_intents",
    "insert into leadex.fund_intent (market_id, market_seq, intent_no, direction, tenant_no, "
    "sub_no, amount) select $1::int8, $2::int8, unnest($3::int8[]), unnest($4::int2[]), "
    "unnest($5::int8[]), unnest($6::int8[]), unnest($7::int8[])"};

constexpr Statement kCampaigns{
    "lx_campaigns",
    "insert into leadex.campaign (market_id, campaign_no, tenant_no, version, status) select "
    "$1::int8, unnest($2::int8[]), unnest($3::int8[]), unnest($4::int4[]), unnest($5::int2[])"};

constexpr Statement kCampaignVersions{
    "lx_campaign_versions",
    "insert into leadex.campaign_version (market_id, campaign_no, version, definition, terms, "
    "created_by) select $1::int8, unnest($2::int8[]), unnest($3::int4[]), unnest($4::text[]), "
    "unnest($5::bytea[]), unnest($6::int8[])"};

// Updates name their rows twice: by the list of keys, so that only these are ever read, whatever
// the planner thinks of the table's size; and joined with the new values.
constexpr Statement kAccountDeltas{
    "lx_account_deltas",
    "update leadex.account a set debits_pending = a.debits_pending + d.dp, debits_posted = "
    "a.debits_posted + d.dd, credits_pending = a.credits_pending + d.cp, credits_posted = "
    "a.credits_posted + d.cc, batch_seq = $2::int8 from unnest($3::int8[], $4::int8[], "
    "$5::int8[], $6::int8[], $7::int8[]) as d(no, dp, dd, cp, cc) where a.market_id = $1::int8 "
    "and a.account_no = any($3::int8[]) and a.account_no = d.no"};

constexpr Statement kSaleUpdates{
    "lx_sale_updates",
    "update leadex.sale s set state = u.state, due_us = u.due, holdback = u.holdback, credited = "
    "u.credited from unnest($2::int8[], $3::int4[], $4::int2[], $5::int8[], $6::int8[], "
    "$7::int8[]) as u(lead, slot, state, due, holdback, credited) where s.market_id = $1::int8 "
    "and s.lead_no = any($2::int8[]) and s.lead_no = u.lead and s.slot = u.slot"};

// After the relists, so that a lead listed in a later round alone has no first listing.
constexpr Statement kLeadUpdates{
    "lx_lead_updates",
    "update leadex.lead l set state = u.state, listed_us = u.listed, reserve_micros = u.reserve, "
    "first_listed_us = case when l.first_listed_us = 0 and l.round = 0 then u.listed else "
    "l.first_listed_us end from unnest($2::int8[], $3::int2[], $4::int8[], $5::int8[]) as u(lead, "
    "state, listed, reserve) where l.market_id = $1::int8 and l.lead_no = any($2::int8[]) and "
    "l.lead_no = u.lead"};

// Tables first: a lead that came back and rests again in one batch has its new round by then.
constexpr Statement kRelists{
    "lx_relists",
    "update leadex.lead l set round = u.round, relisted_us = u.relisted, ask_micros = u.ask from "
    "unnest($2::int8[], $3::int2[], $4::int8[], $5::int8[]) as u(lead, round, relisted, ask) "
    "where l.market_id = $1::int8 and l.lead_no = any($2::int8[]) and l.lead_no = u.lead"};

// Also what was dropped since it was looked up: the command has been applied by then.
constexpr Statement kRestsOver{
    "lx_rests_over",
    "update leadex.lead_rest r set market_seq = $2::int8 from unnest($3::int8[], $4::int2[]) as "
    "u(lead, round) where r.market_id = $1::int8 and r.lead_no = u.lead and r.round = u.round - 1 "
    "and r.market_seq is null"};

constexpr Statement kRests{
    "lx_rests",
    "insert into leadex.lead_rest as r (market_id, lead_no, round, cause, reason, ask_micros, "
    "rested_us, due_us) select $1::int8, u.lead, l.round, u.cause, u.reason, l.ask_micros, "
    "u.rested, u.due from unnest($2::int8[], $3::int2[], $4::text[], $5::int8[], $6::int8[]) as "
    "u(lead, cause, reason, rested, due) join leadex.lead l on l.market_id = $1::int8 and "
    "l.lead_no = u.lead and l.lead_no = any($2::int8[]) on conflict (market_id, lead_no, round) "
    "do update set cause = excluded.cause, reason = excluded.reason, rested_us = "
    "excluded.rested_us, due_us = excluded.due_us, dropped = false"};

constexpr Statement kCounters{
    "lx_counters",
    "insert into leadex.campaign_counter select $1::int8, unnest($2::int8[]), unnest($3::int8[]), "
    "unnest($4::int8[]), unnest($5::int8[]), unnest($6::int8[]), unnest($7::int8[]), "
    "unnest($8::int8[]), unnest($9::int8[]), unnest($10::int8[]), unnest($11::int8[]), "
    "unnest($12::int8[]), unnest($13::int8[]), unnest($14::int8[]), unnest($15::int8[]), "
    "unnest($16::int8[]), unnest($17::int8[]), unnest($18::int8[]), unnest($19::int8[]), "
    "unnest($20::int8[]), unnest($21::int8[]), unnest($22::int8[]), unnest($23::int8[]), "
    "unnest($24::int8[]), unnest($25::int8[]), unnest($26::int8[]), unnest($27::int8[]) on "
    "conflict (market_id, campaign_no) do update set hour_start_us = excluded.hour_start_us, "
    "hour_n = excluded.hour_n, hour_n_max = excluded.hour_n_max, hour_micros = "
    "excluded.hour_micros, hour_micros_max = excluded.hour_micros_max, day_start_us = "
    "excluded.day_start_us, day_n = excluded.day_n, day_n_max = excluded.day_n_max, day_micros = "
    "excluded.day_micros, day_micros_max = excluded.day_micros_max, week_start_us = "
    "excluded.week_start_us, week_n = excluded.week_n, week_n_max = excluded.week_n_max, "
    "week_micros = excluded.week_micros, week_micros_max = excluded.week_micros_max, "
    "month_start_us = excluded.month_start_us, month_n = excluded.month_n, month_n_max = "
    "excluded.month_n_max, month_micros = excluded.month_micros, month_micros_max = "
    "excluded.month_micros_max, turn = excluded.turn, trial_n = excluded.trial_n, trial_n_max = "
    "excluded.trial_n_max, day_visits = excluded.day_visits, visit_turn = excluded.visit_turn"};

constexpr Statement kSourceCounters{
    "lx_source_counters",
    "insert into leadex.campaign_source_counter select $1::int8, unnest($2::int8[]), "
    "unnest($3::int8[]), unnest($4::int8[]), unnest($5::int8[]), unnest($6::int8[]), "
    "unnest($7::int8[]), unnest($8::int8[]), unnest($9::int8[]), unnest($10::int8[]), "
    "unnest($11::int8[]), unnest($12::int8[]), unnest($13::int8[]), unnest($14::int8[]), "
    "unnest($15::int8[]) on conflict (market_id, campaign_no, generator) do update set "
    "hour_start_us = excluded.hour_start_us, hour_n = excluded.hour_n, hour_n_max = "
    "excluded.hour_n_max, day_start_us = excluded.day_start_us, day_n = excluded.day_n, day_n_max "
    "= excluded.day_n_max, week_start_us = excluded.week_start_us, week_n = excluded.week_n, "
    "week_n_max = excluded.week_n_max, month_start_us = excluded.month_start_us, month_n = "
    "excluded.month_n, month_n_max = excluded.month_n_max"};

// Those that end go in a call of their own, before others of the same two begin.
constexpr Statement kDeals{
    "lx_deals",
    "insert into leadex.deal (market_id, deal_no, buyer, generator, price_micros, exclusive, "
    "proposed_by, state, proposed_us, changed_us) select $1::int8, d.no, d.buyer, d.generator, "
    "d.price, d.exclusive, d.by, d.state, d.at, d.at from unnest($2::int8[], $3::int8[], "
    "$4::int8[], $5::int8[], $6::bool[], $7::int8[], $8::int2[], $9::int8[]) as d(no, buyer, "
    "generator, price, exclusive, by, state, at) on conflict (market_id, deal_no) do update set "
    "state = excluded.state, changed_us = excluded.changed_us"};

constexpr Statement kSourceTerms{
    "lx_source_terms",
    "insert into leadex.source_terms select $1::int8, unnest($2::int8[]), unnest($3::int8[]), "
    "unnest($4::int2[]) on conflict (market_id, generator) do update set reserve_micros = "
    "excluded.reserve_micros, grade = excluded.grade"};

constexpr Statement kWithheld{"lx_withheld",
                              "insert into leadex.lead_withheld select $1::int8, "
                              "unnest($2::int8[]), unnest($3::int8[]) on conflict do nothing"};

constexpr Statement kPromises{
    "lx_promises",
    "insert into leadex.ping_promise (market_id, expires_us, ping_no, lead_no, promised_micros, "
    "added_micros) select $1::int8, unnest($2::int8[]), unnest($3::int8[]), unnest($4::int8[]), "
    "unnest($5::int8[]), unnest($6::int8[])"};

constexpr Statement kClicks{
    "lx_clicks",
    "insert into leadex.click (market_id, click_no, placement_no, generator, campaign, visitor, "
    "subs, clicked_us) select $1::int8, unnest($2::int8[]), unnest($3::int8[]), "
    "unnest($4::int8[]), unnest($5::int8[]), unnest($6::bytea[]), unnest($7::bytea[]), "
    "unnest($8::int8[])"};

// Outcomes 0 and 9; all other rows of the table are for others to write.
constexpr Statement kClicksSold{
    "lx_clicks_sold",
    "insert into leadex.click_count as k (market_id, placement_no, day, outcome, n, gross, net) "
    "select $1::int8, * from unnest($2::int8[], $3::int4[], $4::int2[], $5::int8[], $6::int8[], "
    "$7::int8[]) as c(placement, day, outcome, n, gross, net) on "
    "conflict (market_id, placement_no, day, outcome) do update set n = k.n + excluded.n, gross = "
    "k.gross + excluded.gross, net = k.net + excluded.net"};
constexpr Statement kAcquisitions{
    "lx_acquisitions",
    "insert into leadex.acquisition (market_id, lead_no, slot, until_us, held, value_bp, event, "
    "visit) select $1::int8, unnest($2::int8[]), unnest($3::int4[]), unnest($4::int8[]), "
    "unnest($5::int8[]), unnest($6::int4[]), unnest($7::text[]), unnest($8::bool[])"};

constexpr Statement kEstimates{
    "lx_estimates",
    "insert into leadex.estimate_version (market_id, version, made_us, estimates) select $1::int8, "
    "unnest($2::int8[]), unnest($3::int8[]), unnest($4::bytea[])"};

constexpr Statement kLeadShares{
    "lx_lead_shares",
    "insert into leadex.lead_share (market_id, lead_no, generator, split_bp, at_us) select "
    "$1::int8, * from unnest($2::int8[], $3::int8[], $4::int4[], $5::int8[])"};

constexpr Statement kShareSteps{
    "lx_share_steps",
    "insert into leadex.share_step (market_id, batch_seq, lead_no, slot) select $1::int8, "
    "$2::int8, * from unnest($3::int8[], $4::int4[])"};

// Those that end go in a call of their own, before another of the same sale begins.
constexpr Statement kConversions{
    "lx_conversions",
    "insert into leadex.conversion (market_id, conversion_no, lead_no, slot, buyer, campaign, "
    "event, transaction_id, at_us, value, price, state, confirmed, due_us, told_us, moved_us, "
    "batch_seq) select $1::int8, c.no, c.lead, c.slot, c.buyer, c.campaign, c.event, "
    "c.transaction, c.at, "
    "c.value, c.price, c.state, c.confirmed, c.due, c.moved, c.moved, $16::int8 from "
    "unnest($2::int8[], "
    "$3::int8[], $4::int4[], $5::int8[], $6::int8[], $7::text[], $8::text[], $9::int8[], "
    "$10::int8[], $11::int8[], $12::int2[], $13::bool[], $14::int8[], $15::int8[]) as c(no, lead, "
    "slot, buyer, campaign, event, transaction, at, value, price, state, confirmed, due, moved) "
    "on conflict (market_id, conversion_no) do update set value = excluded.value, price = "
    "excluded.price, state = excluded.state, due_us = excluded.due_us, moved_us = "
    "excluded.moved_us, batch_seq = excluded.batch_seq"};

constexpr Statement kCampaignUpdates{
    "lx_campaign_updates",
    "update leadex.campaign c set version = u.version, status = u.status from unnest($2::int8[], "
    "$3::int4[], $4::int2[]) as u(no, version, status) where c.market_id = $1::int8 and "
    "c.campaign_no = any($2::int8[]) and c.campaign_no = u.no"};

constexpr Statement kBidUpdates{
    "lx_bid_updates",
    "update leadex.listing_bid b set state = u.state from unnest($2::int8[], $3::int2[]) as "
    "u(no, state) where b.market_id = $1::int8 and b.bid_no = any($2::int8[]) and b.bid_no = u.no"};

constexpr Statement kReturnUpdates{
    "lx_return_updates",
    "update leadex.return_case r set state = u.state, ruling = u.ruling, credited = u.credited, "
    "due_us = u.due, decided_us = u.decided, generator_note_sealed = coalesce(nullif(u.gnote, "
    "''::bytea), r.generator_note_sealed), decision_note_sealed = coalesce(nullif(u.dnote, "
    "''::bytea), r.decision_note_sealed) from unnest($2::int8[], $3::int2[], $4::int2[], "
    "$5::int8[], $6::int8[], $7::int8[], $8::bytea[], $9::bytea[]) as u(no, state, ruling, "
    "credited, due, decided, gnote, dnote) where r.market_id = $1::int8 and r.return_no = "
    "any($2::int8[]) and r.return_no = u.no"};

// Each intent arrives once: one that was applied before leaves the row count short.
constexpr Statement kIntentsDone{
    "lx_intents_done",
    "update leadex.fund_intent i set market_seq = $2::int8 where i.market_id = $1::int8 and "
    "i.intent_no = any($3::int8[]) and i.market_seq is null"};

// Each order is carried out once, as intents arrive once.
constexpr Statement kClawBacksDone{
    "lx_claw_backs_done",
    "update leadex.claw_back b set market_seq = $2::int8 where b.market_id = $1::int8 and "
    "b.order_no = any($3::int8[]) and b.ready and b.market_seq is null"};

constexpr Statement kMarketVersion{
    "lx_market_version", "update leadex.market set version = $2::int4 where market_id = $1::int8"};

constexpr Statement kHead{
    "lx_head",
    "with head as (update leadex.market_head set seq = $2::int8, hash = $5::bytea, last_at_us = "
    "$4::int8 where market_id = $1::int8 and epoch = $3::int8 and seq = $2::int8 - 1 returning "
    "seq) insert into leadex.commit_batch (market_id, seq, epoch, at_us, hash, body) values "
    "($1::int8, (select seq from head), $3::int8, $4::int8, $5::bytea, $6::bytea)"};

/// Adds `call` with its leading scalars and columns when there are rows.
class Calls {
 public:
  explicit Calls(std::int64_t market_id) : market_(int8_param(market_id)) {}

  template <class Rows>
  void add(Statement const& statement, Rows const& rows, std::vector<std::string> params) {
    if (rows.empty()) return;
    params.insert(params.begin(), market_);
    calls_.push_back({&statement, std::move(params), std::ssize(rows)});
  }
  /// Of rows that may be there already.
  template <class Rows>
  void add_missing(Statement const& statement, Rows const& rows, std::vector<std::string> params) {
    add(statement, rows, std::move(params));
    if (!rows.empty()) calls_.back().rows_expected = kAnyRows;
  }
  [[nodiscard]] std::vector<Call> take() { return std::move(calls_); }

 private:
  std::string market_;
  std::vector<Call> calls_;
};

// Field of a row, or of a member of a row, as a column of that type.
template <class Rows, class Of>
std::string i8(Rows const& rows, Of of) {
  return column<Element::int8>(rows, of);
}
template <class Rows, class Of>
std::string i4(Rows const& rows, Of of) {
  return column<Element::int4>(rows, of);
}
template <class Rows, class Of>
std::string i2(Rows const& rows, Of of) {
  return column<Element::int2>(rows, of);
}
template <class Rows, class Of>
std::string bytes(Rows const& rows, Of of) {
  return column<Element::bytea>(rows, of);
}
template <class Rows, class Of>
std::string texts(Rows const& rows, Of of) {
  return column<Element::text>(rows, of);
}
template <class Rows, class Of>
std::string flags(Rows const& rows, Of of) {
  return column<Element::bool_>(rows, of);
}

std::optional<std::int64_t> nullable(std::int64_t value) {
  return value == market::kNone ? std::nullopt : std::optional{value};
}

void add_leads(Calls& calls, std::span<NewLead const> leads) {
  using L = NewLead const&;
  calls.add(kLeads, leads,
            {i8(leads, [](L l) { return l.lead_no; }),
             i8(leads, [](L l) { return l.batch_no; }),
             i8(leads, [](L l) { return l.row_no; }),
             i8(leads, [](L l) { return l.tenant_no; }),
             i4(leads, [](L l) { return l.version; }),
             i2(leads, [](L l) { return l.state; }),
             i4(leads, [](L l) { return nullable(l.score); }),
             i2(leads, [](L l) { return l.vehicle; }),
             texts(leads, [](L l) { return l.reason; }),
             i8(leads, [](L l) { return l.captured_us; }),
             i8(leads, [](L l) { return l.listed_us; }),
             i8(leads, [](L l) { return l.ask_micros; }),
             i8(leads, [](L l) { return l.consent_us; }),
             bytes(leads, [](L l) { return l.consent_digest; }),
             i2(leads, [](L l) { return l.resale; }),
             bytes(leads, [](L l) { return l.attributes; }),
             texts(leads, [](L l) { return l.external_id; }),
             i8(leads, [](L l) { return l.reserve_micros; }),
             bytes(leads, [](L l) { return l.named_for; }),
             bytes(leads, [](L l) { return l.score_facts; }),
             i4(leads, [](L l) { return l.warnings; }),
             texts(leads, [](L l) {
               return l.domain_suggested.empty() ? std::nullopt : std::optional{l.domain_suggested};
             })});
  calls.add(
      kContacts, leads,
      {i8(leads, [](L l) { return l.lead_no; }), bytes(leads, [](L l) { return l.contact_sealed; }),
       bytes(leads, [](L l) { return l.consent_sealed; })});
  calls.add(kLeadKeys, leads,
            {i8(leads, [](L l) { return l.lead_no; }), i4(leads, [](L l) { return l.kek_id; }),
             bytes(leads, [](L l) { return l.key_wrapped; })});
  auto const told = sourced(leads);
  if (!told.empty()) calls.add(kLeadSources, told, source_columns(told));
}

void add_money(Calls& calls, std::string const& seq, BatchRows const& rows) {
  using A = Account const&;
  auto const& accounts = rows.new_accounts;
  calls.add(kAccounts, accounts,
            {seq, i8(accounts, [](A a) { return a.account_no; }),
             i2(accounts, [](A a) { return a.code; }), i8(accounts, [](A a) { return a.owner_no; }),
             i8(accounts, [](A a) { return a.sub_no; }),
             i8(accounts, [](A a) { return a.floor_micros; })});
  using T = TransferRow const&;
  auto const& t = rows.transfers;
  auto const pending_seq = [](T r) {
    return r.transfer.pending ? std::optional{r.transfer.pending->batch_seq} : std::nullopt;
  };
  auto const pending_n = [](T r) {
    return r.transfer.pending ? std::optional<std::int64_t>{r.transfer.pending->n} : std::nullopt;
  };
  calls.add(
      kTransfers, t,
      {seq, i4(t, [](T r) { return r.n; }), i8(t, [](T r) { return r.transfer.debit; }),
       i8(t, [](T r) { return r.transfer.credit; }),
       i8(t, [](T r) { return r.transfer.amount.micros; }),
       i2(t, [](T r) { return r.transfer.code; }), i2(t, [](T r) { return r.transfer.phase; }),
       i8(t, [](T r) { return r.transfer.lead_no; }), i4(t, [](T r) { return r.transfer.slot; }),
       i8(t, pending_seq), i4(t, pending_n)});
  using I = NewIntent const&;
  auto const& intents = rows.new_intents;
  calls.add(
      kIntents, intents,
      {seq, i8(intents, [](I i) { return i.intent_no; }),
       i2(intents, [](I i) { return i.direction; }), i8(intents, [](I i) { return i.tenant_no; }),
       i8(intents, [](I i) { return i.sub_no; }), i8(intents, [](I i) { return i.amount; })});
}

void add_trade(Calls& calls, std::string const& seq, BatchRows const& rows) {
  using S = SaleRow const&;
  auto const& s = rows.new_sales;
  calls.add(kSales, s,
            {seq,
             i8(s, [](S r) { return r.award.lead_no; }),
             i4(s, [](S r) { return r.award.slot; }),
             i4(s, [](S r) { return r.n; }),
             i8(s, [](S r) { return r.award.budget.buyer_no; }),
             i8(s, [](S r) { return r.award.budget.campaign_no; }),
             i8(s, [](S r) { return r.award.generator_no; }),
             i8(s, [](S r) { return r.award.gross_micros; }),
             i8(s, [](S r) { return r.fee; }),
             i8(s, [](S r) { return r.holdback; }),
             i8(s, [](S r) { return r.credited; }),
             i2(s, [](S r) { return r.award.state; }),
             flags(s, [](S r) { return r.award.exclusive; }),
             i2(s, [](S r) { return r.award.shares_max; }),
             i8(s, [](S r) { return r.award.auction_no; }),
             i8(s, [](S r) { return r.award.sold_us; }),
             i8(s, [](S r) { return r.award.due_us; }),
             bytes(s, [](S r) { return market::encode_value(r.award.windows); }),
             flags(s, [](S r) { return r.award.trial; }),
             flags(s, [](S r) { return r.award.of_source; }),
             i2(s, [](S r) { return r.award.model; })});
  using A = AuctionRow const&;
  auto const& a = rows.auctions;
  calls.add(kAuctions, a,
            {seq, i8(a, [](A r) { return r.auction_no; }), i8(a, [](A r) { return r.lead_no; }),
             bytes(a, [](A r) { return r.record; })});
  using B = market::BidMoved const&;
  auto const& b = rows.new_bids;
  calls.add(
      kBids, b,
      {int8_param(rows.at_us), i8(b, [](B r) { return r.bid_no; }),
       i8(b, [](B r) { return r.lead_no; }), i8(b, [](B r) { return r.budget.buyer_no; }),
       i8(b, [](B r) { return r.budget.campaign_no; }), i8(b, [](B r) { return r.price_micros; }),
       flags(b, [](B r) { return r.exclusive; }), i2(b, [](B r) { return r.state; })});
  using R = NewReturn const&;
  auto const& r = rows.new_returns;
  calls.add(
      kReturns, r,
      {i8(r, [](R x) { return x.moved.return_no; }), i8(r, [](R x) { return x.moved.lead_no; }),
       i4(r, [](R x) { return x.moved.slot; }), i8(r, [](R x) { return x.moved.buyer_no; }),
       i8(r, [](R x) { return x.moved.generator_no; }),
       texts(r, [](R x) { return x.moved.reason; }), i2(r, [](R x) { return x.moved.state; }),
       i2(r, [](R x) { return x.moved.ruling; }),
       i8(r, [](R x) { return x.moved.credited_micros; }),
       i8(r, [](R x) { return x.moved.due_us; }), i8(r, [](R x) { return x.opened_us; }),
       i8(r, [](R x) { return x.decided_us; }), bytes(r, [](R x) { return x.note_sealed; })});
}

void add_relists(Calls& calls, std::string const& seq, BatchRows const& rows) {
  using L = market::LeadRelisted const&;
  auto const& l = rows.relists;
  calls.add(kRelists, l,
            {i8(l, [](L r) { return r.lead_no; }), i2(l, [](L r) { return r.round; }),
             i8(l, [](L r) { return r.relisted_us; }), i8(l, [](L r) { return r.ask_micros; })});
  calls.add(kRestsOver, l,
            {seq, i8(l, [](L r) { return r.lead_no; }), i2(l, [](L r) { return r.round; })});
}

void add_rests(Calls& calls, BatchRows const& rows) {
  using R = RestRow const&;
  auto const& r = rows.rests;
  calls.add(kRests, r,
            {i8(r, [](R x) { return x.rested.lead_no; }), i2(r, [](R x) { return x.rested.cause; }),
             texts(r, [](R x) { return x.rested.reason; }), i8(r, [](R x) { return x.at_us; }),
             i8(r, [](R x) { return x.rested.due_us; })});
}

void add_routes(Calls& calls, BatchRows const& rows) {
  using C = market::SourceCounted const&;
  auto const& c = rows.source_counters;
  std::vector<std::string> columns{i8(c, [](C r) { return r.campaign_no; }),
                                   i8(c, [](C r) { return r.generator_no; })};
  for (std::size_t k = 0; k < market::kWindowKinds; ++k) {
    columns.push_back(i8(c, [=](C r) { return r.windows[k].start_us; }));
    columns.push_back(i8(c, [=](C r) { return r.windows[k].n; }));
    columns.push_back(i8(c, [=](C r) { return nullable(r.windows[k].n_max); }));
  }
  calls.add(kSourceCounters, c, std::move(columns));
  using D = DealRow const&;
  for (bool const ended : {true, false}) {
    std::vector<DealRow> d;
    for (auto const& row : rows.deals) {
      if ((row.moved.state == market::DealState::ended) == ended) d.push_back(row);
    }
    calls.add(
        kDeals, d,
        {i8(d, [](D r) { return r.moved.deal_no; }), i8(d, [](D r) { return r.moved.buyer_no; }),
         i8(d, [](D r) { return r.moved.generator_no; }),
         i8(d, [](D r) { return r.moved.price_micros; }),
         flags(d, [](D r) { return r.moved.exclusive; }), i8(d, [](D r) { return r.moved.by_no; }),
         i2(d, [](D r) { return r.moved.state; }), i8(d, [](D r) { return r.at_us; })});
  }
  using S = market::SetSourceTerms const&;
  auto const& s = rows.source_terms;
  calls.add(
      kSourceTerms, s,
      {i8(s, [](S r) { return r.generator_no; }),
       i8(s, [](S r) { return nullable(r.reserve_micros); }), i2(s, [](S r) { return r.grade; })});
}

void add_clicks(Calls& calls, BatchRows const& rows) {
  using C = NewClick const&;
  auto const& c = rows.clicks;
  calls.add(kClicks, c,
            {i8(c, [](C r) { return r.click_no; }), i8(c, [](C r) { return r.placement_no; }),
             i8(c, [](C r) { return r.generator_no; }), i8(c, [](C r) { return r.campaign_no; }),
             bytes(c, [](C r) { return r.visitor; }),
             bytes(c, [](C r) { return market::encode_value(r.subs); }),
             i8(c, [](C r) { return r.clicked_us; })});
}

void add_clicks_sold(Calls& calls, BatchRows const& rows) {
  using C = ClicksSold const&;
  auto const& c = rows.clicks_sold;
  calls.add(kClicksSold, c,
            {i8(c, [](C r) { return r.placement_no; }), i4(c, [](C r) { return r.day; }),
             i2(c, [](C r) { return r.outcome; }), i8(c, [](C r) { return r.n; }),
             i8(c, [](C r) { return r.gross; }), i8(c, [](C r) { return r.net; })});
}

void add_acquisitions(Calls& calls, BatchRows const& rows) {
  std::vector<market::SaleAwarded const*> agreed;
  for (auto const& sale : rows.new_sales) {
    if (sale.award.model == PricingModel::cpa) agreed.push_back(&sale.award);
  }
  using A = market::SaleAwarded const*;
  calls.add(kAcquisitions, agreed,
            {i8(agreed, [](A a) { return a->lead_no; }), i4(agreed, [](A a) { return a->slot; }),
             i8(agreed, [](A a) { return a->acquisition.until_us; }),
             i8(agreed, [](A a) { return nullable(a->acquisition.held_micros); }),
             i4(agreed, [](A a) { return a->acquisition.value_bp; }),
             texts(agreed, [](A a) { return a->acquisition.event; }),
             flags(agreed, [](A a) { return a->acquisition.visit; })});
  using E = EstimateRow const&;
  auto const& e = rows.estimates;
  calls.add(kEstimates, e,
            {i8(e, [](E r) { return r.version; }), i8(e, [](E r) { return r.made_us; }),
             bytes(e, [](E r) { return r.estimates; })});
}

void add_shares(Calls& calls, std::string const& seq, BatchRows const& rows) {
  using L = LeadShareRow const&;
  auto const& l = rows.lead_shares;
  calls.add(
      kLeadShares, l,
      {i8(l, [](L r) { return r.shared.lead_no; }),
       i8(l, [](L r) { return r.shared.share.generator_no; }),
       i4(l, [](L r) { return r.shared.share.split_bp; }), i8(l, [](L r) { return r.at_us; })});
  using S = ShareStep const&;
  auto const& s = rows.share_steps;
  calls.add(kShareSteps, s,
            {seq, i8(s, [](S r) { return r.lead_no; }), i4(s, [](S r) { return r.slot; })});
}

void add_conversions(Calls& calls, std::string const& seq, BatchRows const& rows) {
  using C = market::ConversionMoved const&;
  for (bool const ended : {true, false}) {
    std::vector<market::ConversionMoved> c;
    for (auto const& row : rows.conversions) {
      if ((row.state == market::ConversionState::rejected) == ended) c.push_back(row);
    }
    calls.add(
        kConversions, c,
        {i8(c, [](C r) { return r.conversion_no; }), i8(c, [](C r) { return r.lead_no; }),
         i4(c, [](C r) { return r.slot; }), i8(c, [](C r) { return r.budget.buyer_no; }),
         i8(c, [](C r) { return r.budget.campaign_no; }), texts(c, [](C r) { return r.event; }),
         texts(c, [](C r) { return r.transaction_id; }), i8(c, [](C r) { return r.at_us; }),
         i8(c, [](C r) { return nullable(r.value_micros); }),
         i8(c, [](C r) { return nullable(r.price_micros); }), i2(c, [](C r) { return r.state; }),
         flags(c, [](C r) { return r.confirmed; }), i8(c, [](C r) { return r.due_us; }),
         i8(c, [](C r) { return r.moved_us; }), seq});
  }
}

}  // namespace

// Without persons: claim_calls.hpp has them.
std::vector<Call> body_calls(std::int64_t market_id, BatchRows const& rows) {
  Calls calls{market_id};
  auto const seq = int8_param(rows.seq);
  add_leads(calls, rows.new_leads);
  add_money(calls, seq, rows);
  add_trade(calls, seq, rows);
  add_acquisitions(calls, rows);
  using C = NewCampaign const&;
  auto const& c = rows.new_campaigns;
  calls.add(kCampaigns, c,
            {i8(c, [](C r) { return r.campaign_no; }), i8(c, [](C r) { return r.tenant_no; }),
             i4(c, [](C r) { return r.version; }), i2(c, [](C r) { return r.status; })});
  using V = CampaignVersionRow const&;
  auto const& v = rows.campaign_versions;
  calls.add(kCampaignVersions, v,
            {i8(v, [](V r) { return r.campaign_no; }), i4(v, [](V r) { return r.version; }),
             texts(v, [](V r) { return r.definition; }), bytes(v, [](V r) { return r.terms; }),
             i8(v, [](V r) { return r.created_by; })});
  using Q = PromiseRow const&;
  auto const& q = rows.promises;
  calls.add(kPromises, q,
            {i8(q, [](Q r) { return r.used.expires_us; }),
             i8(q, [](Q r) { return r.used.ping_no; }), i8(q, [](Q r) { return r.used.lead_no; }),
             i8(q, [](Q r) { return r.used.net_micros; }), i8(q, [](Q r) { return r.added; })});
  add_clicks(calls, rows);
  add_shares(calls, seq, rows);
  using K = IdempotencyRow const&;
  auto const& k = rows.keys;
  calls.add(kKeys, k,
            {seq, i4(k, [](K r) { return r.day; }), i8(k, [](K r) { return r.account_no; }),
             bytes(k, [](K r) { return r.key; }), bytes(k, [](K r) { return r.body_hash; }),
             i2(k, [](K r) { return r.operation; }), i4(k, [](K r) { return r.n; })});
  return calls.take();
}

std::vector<Call> tail_calls(std::int64_t market_id, BatchRows const& rows) {
  Calls calls{market_id};
  auto const seq = int8_param(rows.seq);
  using D = AccountDelta const&;
  auto const& d = rows.account_deltas;
  calls.add(
      kAccountDeltas, d,
      {seq, i8(d, [](D r) { return r.account_no; }), i8(d, [](D r) { return r.debits_pending; }),
       i8(d, [](D r) { return r.debits_posted; }), i8(d, [](D r) { return r.credits_pending; }),
       i8(d, [](D r) { return r.credits_posted; })});
  using S = SaleUpdate const&;
  auto const& s = rows.sale_updates;
  calls.add(kSaleUpdates, s,
            {i8(s, [](S r) { return r.lead_no; }), i4(s, [](S r) { return r.slot; }),
             i2(s, [](S r) { return r.state; }), i8(s, [](S r) { return r.due_us; }),
             i8(s, [](S r) { return r.holdback; }), i8(s, [](S r) { return r.credited; })});
  add_relists(calls, seq, rows);
  using L = market::LeadMoved const&;
  auto const& l = rows.lead_updates;
  calls.add(kLeadUpdates, l,
            {i8(l, [](L r) { return r.lead_no; }), i2(l, [](L r) { return r.state; }),
             i8(l, [](L r) { return r.listed_us; }), i8(l, [](L r) { return r.reserve_micros; })});
  add_rests(calls, rows);
  // Neighbouring batches may hold the same pair. In the bodies, which are sent at once, the earlier
  // one could wait for the row of the later one, which waits for the earlier one's turn.
  using W = WithheldRow const&;
  auto const& w = rows.withheld;
  calls.add_missing(kWithheld, w,
                    {i8(w, [](W r) { return r.lead_no; }), i8(w, [](W r) { return r.buyer_no; })});
  using C = market::CounterMoved const&;
  auto const& c = rows.counters;
  std::vector<std::string> counter_columns{i8(c, [](C r) { return r.campaign_no; })};
  for (std::size_t k = 0; k < market::kWindowKinds; ++k) {
    counter_columns.push_back(i8(c, [=](C r) { return r.windows[k].start_us; }));
    counter_columns.push_back(i8(c, [=](C r) { return r.windows[k].n; }));
    counter_columns.push_back(i8(c, [=](C r) { return nullable(r.windows[k].n_max); }));
    counter_columns.push_back(i8(c, [=](C r) { return r.windows[k].micros; }));
    counter_columns.push_back(i8(c, [=](C r) { return nullable(r.windows[k].micros_max); }));
  }
  counter_columns.push_back(i8(c, [](C r) { return r.turn; }));
  counter_columns.push_back(i8(c, [](C r) { return r.trial_n; }));
  counter_columns.push_back(i8(c, [](C r) { return nullable(r.trial_n_max); }));
  counter_columns.push_back(i8(c, [](C r) { return r.visits; }));
  counter_columns.push_back(i8(c, [](C r) { return r.visit_turn; }));
  calls.add(kCounters, c, std::move(counter_columns));
  add_routes(calls, rows);
  add_conversions(calls, seq, rows);
  using M = market::CampaignMoved const&;
  auto const& m = rows.campaign_updates;
  calls.add(kCampaignUpdates, m,
            {i8(m, [](M r) { return r.campaign_no; }), i4(m, [](M r) { return r.version; }),
             i2(m, [](M r) { return r.status; })});
  using B = market::BidMoved const&;
  auto const& b = rows.bid_updates;
  calls.add(kBidUpdates, b,
            {i8(b, [](B r) { return r.bid_no; }), i2(b, [](B r) { return r.state; })});
  using R = ReturnUpdate const&;
  auto const& r = rows.return_updates;
  calls.add(kReturnUpdates, r,
            {i8(r, [](R x) { return x.moved.return_no; }), i2(r, [](R x) { return x.moved.state; }),
             i2(r, [](R x) { return x.moved.ruling; }),
             i8(r, [](R x) { return x.moved.credited_micros; }),
             i8(r, [](R x) { return x.moved.due_us; }), i8(r, [](R x) { return x.decided_us; }),
             bytes(r, [](R x) { return x.generator_note_sealed; }),
             bytes(r, [](R x) { return x.decision_note_sealed; })});
  calls.add(kIntentsDone, rows.intents_done,
            {seq, i8(rows.intents_done, [](std::int64_t no) { return no; })});
  calls.add(kClawBacksDone, rows.claw_backs_done,
            {seq, i8(rows.claw_backs_done, [](std::int64_t no) { return no; })});
  add_clicks_sold(calls, rows);
  if (rows.market_version) {
    calls.add(kMarketVersion, std::vector{1}, {int4_param(*rows.market_version)});
  }
  return calls.take();
}

Call head_call(std::int64_t market_id, std::int64_t epoch, std::int64_t seq, std::int64_t at_us,
               std::string const& hash, std::string const& body) {
  return {
      &kHead,
      {int8_param(market_id), int8_param(seq), int8_param(epoch), int8_param(at_us), hash, body},
      1};
}

std::vector<Call> lead_calls(std::int64_t market_id, std::span<NewLead const> leads) {
  Calls calls{market_id};
  add_leads(calls, leads);
  return calls.take();
}

std::string image_of(std::span<Call const> calls) {
  std::string image;
  for (auto const& call : calls) {
    market::encode_to(image, std::string{call.statement->name});
    market::encode_to(image, call.params);
  }
  return image;
}

}  // namespace leadex::storage::postgres
