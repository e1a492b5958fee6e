#include "tests/matching/market/market_run.hpp"

#include <algorithm>

#include "matching/market/barred.hpp"
#include "matching/market/found_bad.hpp"

namespace leadex::market {

namespace {

constexpr std::int64_t kBuyers = 6;
constexpr std::int64_t kCampaigns = 14;

std::string bytes_of(targeting::Expression const& tree) {
  auto const made = targeting::Schema::make(MarketRun::rules().attributes);
  targeting::TextInterner texts;
  auto const bytes = targeting::encode(tree, *made, texts);
  return {reinterpret_cast<char const*>(bytes.data()), bytes.size()};
}

}  // namespace

MarketRules MarketRun::rules(std::int32_t version) {
  MarketRules rules;
  rules.version = version;
  rules.max_shares = 4;
  rules.reserve_micros = kUnit;
  rules.ask_micros = 3 * kUnit;
  rules.listing_ttl_us = 600 * kMinuteUs;
  rules.listing_auction_us = 60 * kMinuteUs;
  rules.return_window_us = 120 * kMinuteUs;
  rules.contest_us = 30 * kMinuteUs;
  rules.decide_us = 60 * kMinuteUs;
  rules.holdback_us = 240 * kMinuteUs;
  rules.delivery_deadline_us = 5 * kMinuteUs;
  rules.return_ceiling_bp = 5000;
  rules.click_reserve_micros = kUnit / 2;
  rules.click_review_us = 90 * kMinuteUs;
  rules.attributes = {
      {.name = "state", .type = targeting::AttributeType::choice, .choices = {"CA", "TX", "NY"}},
      {.name = "age", .type = targeting::AttributeType::integer, .minimum = 16, .maximum = 110},
      {.name = "own_home", .type = targeting::AttributeType::boolean}};
  return rules;
}

MarketRules MarketRun::own_rules() {
  auto own = rules();
  own.routing = static_cast<auction::Routing>(below(5));
  own.hybrid_n = static_cast<std::int32_t>(1 + below(3));
  own.price_rule = static_cast<auction::PriceRule>(below(3));
  if (own.routing != auction::Routing::price &&
      own.price_rule == auction::PriceRule::second_price) {
    own.price_rule = auction::PriceRule::first_price;
  }
  if (below(2) == 0) own.fall_us = 120 * kMinuteUs;
  if (below(2) == 0) own.fallback_campaign = 1 + below(kCampaigns);
  if (below(3) == 0) own.click_reserve_micros = 0;
  own.grade_reserve = {kUnit, 2 * kUnit, 3 * kUnit};
  own.recycle_rounds = static_cast<std::int32_t>(below(4));
  own.recycle_rest_us = kMinuteUs;
  own.recycle_price_bp = static_cast<std::int32_t>(5000 + below(5001));
  if (below(3) == 0) own.rank_by = RankBy::expected_value;
  own.cpa_window_us = (60 + below(200)) * kMinuteUs;
  own.cpa_review_us = below(60) * kMinuteUs;
  own.cpa_hold = static_cast<CpaHold>(below(2));
  pooled_ = own.cpa_hold == CpaHold::pooled;
  return own;
}

OfferLead MarketRun::plain_lead(std::int64_t lead_no) {
  OfferLead offer;
  offer.lead_no = lead_no;
  offer.generator_no = 101;
  offer.version = 1;
  offer.reason = "quote";
  offer.attributes.resize(rules().attributes.size());
  return offer;
}

std::vector<Command> MarketRun::opening() {
  std::vector<Command> commands{ConfigureMarket{own_rules()}, estimates()};
  for (std::int64_t i = 0; i < kCampaigns; ++i) {
    commands.push_back(campaign());
    auto const no = campaigns_;
    commands.push_back(FundBudget{{buyer_of_[no], no}, ++intents_, (10 + below(60)) * kUnit});
  }
  for (std::int64_t buyer = 1; buyer <= kBuyers; ++buyer) {
    commands.push_back(FundBudget{{buyer, 0}, ++intents_, 200 * kUnit});
  }
  return commands;
}

std::string MarketRun::targeting() {
  switch (below(4)) {
    case 0:
      return bytes_of(targeting::all_of({}));
    case 1:
      return bytes_of(targeting::in_list(0, {below(3), below(3)}));
    case 2:
      return bytes_of(targeting::in_range(1, 16 + below(30), 60 + below(50)));
    default:
      return bytes_of(targeting::all_of(
          {targeting::in_range(1, 20, 90), targeting::not_of(targeting::equal_to(2, below(2)))}));
  }
}

/// What came with format 2: tiers, weights, hours, pace, caps per source, trials.
void MarketRun::narrow(CampaignTerms& terms) {
  if (below(3) == 0) terms.priority = static_cast<std::int32_t>(4 + below(3));
  terms.weight = static_cast<std::int32_t>(1 + below(4));
  if (below(6) == 0) terms.pacing = Pacing::even;
  if (below(4) == 0) {
    for (std::int32_t day = 0; day < 7; ++day) {
      auto const from = day * kMinutesOfDay + static_cast<std::int32_t>(below(700));
      terms.schedule.push_back({from, from + 60 + static_cast<std::int32_t>(below(600))});
    }
  }
  if (below(4) == 0) {
    terms.source_leads_max[static_cast<std::size_t>(below(4))] = 1 + below(5);
  }
  if (below(5) == 0) {
    terms.trial = {1 + below(6), kUnit + below(2 * kUnit), 200 * kMinuteUs, 8000};
  }
}

/// Proposals, answers to them, ends.
Command MarketRun::deal() {
  auto const generator = 101 + below(3);
  auto const buyer = 1 + below(kBuyers);
  if (deals_.empty() || below(3) == 0) {
    return ProposeDeal{buyer, generator, kUnit + below(4 * kUnit), below(3) == 0,
                       below(2) == 0 ? buyer : generator};
  }
  auto const known = any_of(deals_);
  auto const by = below(2) == 0 ? known.buyer_no : known.generator_no;
  if (below(3) == 0) return EndDeal{known.deal_no, by};
  return AcceptDeal{known.deal_no, by};
}

/// High rates, so that bids per acquisition are worth something; where they are pooled lower than
/// what will come, so that pools run dry. Now and then an old version.
Command MarketRun::estimates() {
  SetEstimates set;
  auto& made = set.estimates;
  made.version = below(5) == 0 ? estimates_ : ++estimates_;
  made.made_at_us = now_us_;
  auto const rate = [&] { return pooled_ ? 150 + below(250) : 500 + below(500); };
  made.conversions.market_ppb = rate() * 1'000'000;
  made.conversions.sources = {{101, rate() * 1'000'000}};
  made.conversions.buyers = {{1, 500'000'000 + below(1'000'000'000)}};
  made.conversions.campaigns = {{2, 500'000'000 + below(1'000'000'000)}};
  made.conversions.pairs = {{102, 3, below(estimate::kWhole)}};
  made.visits = made.conversions;
  made.visits.market_ppb = rate() * 1'000'000;
  made.returns.market_ppb = below(200'000'000);
  return set;
}

/// Of a sale per acquisition as a rule; in time, of its event, once.
Command MarketRun::conversion() {
  if (acquisitions_.empty()) return Tick{};
  auto const sale = below(12) == 0 ? any_of(sales_) : any_of(acquisitions_);
  ReportConversion report;
  report.lead_no = sale.lead_no;
  report.slot = sale.slot;
  report.buyer_no = below(20) == 0 ? 1 + below(kBuyers) : sale.budget.buyer_no;
  report.event = below(12) == 0 ? "other" : sale.acquisition.event;
  report.transaction_id = "t" + std::to_string(++transactions_);
  report.at_us = now_us_ - (below(8) == 0 ? below(300) * kMinuteUs : 0);
  if (below(2) == 0) report.value_micros = below(20 * kUnit);
  report.confirmed = below(3) != 0;
  return report;
}

/// Of a click that was paid for as such; now and then of one that has not happened yet.
Command MarketRun::note() {
  if (clicks_.empty()) return Tick{};
  auto const sale = any_of(clicks_);
  NoteConversion note;
  note.click_no = sale.lead_no;
  note.budget = sale.budget;
  note.clicked_us = sale.sold_us;
  note.event = below(12) == 0 ? "" : "conversion";
  note.transaction_id = "t" + std::to_string(++transactions_);
  note.at_us = below(6) == 0 ? sale.sold_us - below(300) * kMinuteUs : now_us_;
  if (below(2) == 0) note.value_micros = below(20 * kUnit);
  note.confirmed = below(2) == 0;
  return note;
}

Command MarketRun::word_on_conversion() {
  if (conversions_.empty()) return Tick{};
  auto const known = any_of(conversions_);
  return DecideConversion{known.conversion_no,
                          below(8) == 0 ? 1 + below(kBuyers) : below(3) * known.budget.buyer_no / 2,
                          below(3) != 0, below(3) == 0 ? below(9 * kUnit) : kNone};
}

/// Some with a minimum, some with answers from buyers' endpoints.
Command MarketRun::ping() {
  OfferPing ping;
  ping.ping_no = ++pings_;
  ping.ttl_us = below(40) * kMinuteUs;
  if (below(3) == 0) ping.minimum_micros = below(4 * kUnit);
  ping.lead = any_lead(0);
  for (std::int64_t no = 1; no <= campaigns_ && below(4) == 0; ++no) {
    if (below(3) != 0) continue;
    ping.live.push_back({no, below(4) == 0 ? 0 : below(9 * kUnit), below(3) == 0});
  }
  last_ping_ = ping;
  return ping;
}

/// The lead behind a ping, with all of its bids or some; now and then once more or too late.
Command MarketRun::post() {
  if (pinged_.empty()) return Tick{};
  auto const& known = below(4) == 0 ? any_of(pinged_) : pinged_.back();
  PostPing post;
  post.ping_no = known.ping.ping_no;
  post.expires_us = known.expires_us;
  for (auto bid : known.bids) {
    bid.net_micros = bid.price_micros - bid.price_micros / 7;
    if (below(8) != 0) post.promised.push_back(bid);
  }
  post.lead = known.ping.lead;
  post.lead.lead_no = ++leads_;
  if (below(6) == 0) post.lead.withheld = {1 + below(kBuyers)};
  return post;
}

/// A visit; some campaigns have paid for its visitor already.
Command MarketRun::click() {
  OfferClick click;
  click.click_no = ++leads_;
  click.generator_no = 101 + below(3);
  click.version = below(40) == 0 ? 99 : 1;
  click.attributes = any_lead(0).attributes;
  for (std::int64_t no = 1; no <= campaigns_; ++no) {
    if (below(8) == 0) click.paid_by.push_back(no);
  }
  return click;
}

Command MarketRun::campaign() {
  bool const edit = campaigns_ >= kCampaigns;
  auto const no = edit ? 1 + below(campaigns_) : ++campaigns_;
  if (!edit) buyer_of_[no] = 1 + below(kBuyers);
  UpsertCampaign upsert;
  upsert.campaign_no = no;
  upsert.buyer_no = buyer_of_[no];
  upsert.version = ++version_of_[no];
  auto& terms = upsert.terms;
  terms.bid_micros = kUnit / 2 + below(6 * kUnit);
  if (below(3) == 0) terms.exclusive_bid_micros = terms.bid_micros + below(9 * kUnit);
  terms.exclusivity = static_cast<auction::Exclusivity>(below(3));
  terms.max_shares = static_cast<std::int32_t>(1 + below(5));
  terms.zone = no % 2 == 0 || below(20) == 0 ? "UTC" : "America/New_York";
  for (std::size_t k = 0; k < kWindowKinds; ++k) {
    if (below(3) == 0) terms.leads_max[k] = below(12) + 1;
    if (below(4) == 0) terms.spend_max[k] = (2 + below(20)) * kUnit;
  }
  if (below(4) == 0) terms.minimum_score = below(80);
  if (below(5) == 0) terms.sources_blocked = {101};
  if (below(6) == 0) terms.sources_allowed = {102, 103};
  terms.buys_listings = below(3) == 0;
  terms.delivery = below(2) == 0 ? Delivery::pull : Delivery::webhook;
  terms.live_bid = below(6) == 0;
  terms.targeting = targeting();
  narrow(terms);
  bool const clicks = no % 4 == 1;  // now and then one is to change over
  if (clicks == (below(25) != 0)) {
    terms.model = PricingModel::cpc;
    terms.landing_url = "https://example.com/?c={click_id}";
  } else if (below(5) < 2) {
    terms.model = PricingModel::cpa;
    terms.bid_micros += (pooled_ ? 9 : 3) * kUnit;
    terms.event = below(8) == 0 ? "policy" : "conversion";
    if (below(3) == 0) terms.value_bp = static_cast<std::int32_t>(1 + below(10'000));
  }
  if (terms.model != PricingModel::cpc && below(3) == 0) {
    terms.landing_url = "https://example.com/?a={click_id}";
  }
  return upsert;
}

Command MarketRun::lead() {
  auto offer = any_lead(++leads_);
  offered_[offer.lead_no] = offer;
  return offer;
}

/// As the job does that looks rested leads up: only those of which no sale stands.
Command MarketRun::relist() {
  if (rested_.empty()) return Tick{};
  auto const lead_no = any_of(rested_);
  auto const offered = offered_.find(lead_no);
  if (offered == offered_.end()) return Tick{};
  RelistLead again{offered->second, rounds_[lead_no] + 1, {}};
  for (auto at = rows_.lower_bound({lead_no, 0}); at != rows_.end(); ++at) {
    auto const& award = at->second.award;
    if (award.lead_no != lead_no) break;
    if (award.state != SaleState::returned && award.state != SaleState::voided) return Tick{};
    again.owners.push_back({award.budget.buyer_no, award.slot, award.shares_max});
  }
  std::erase(rested_, lead_no);
  if (auto const known = shared_.find(lead_no); known != shared_.end()) again.share = known->second;
  if (below(3) == 0) again.lead.withheld = {1 + below(kBuyers)};
  return again;
}

OfferLead MarketRun::any_lead(std::int64_t lead_no) {
  OfferLead offer;
  offer.lead_no = lead_no;
  offer.generator_no = 101 + below(3);
  offer.version = 1;
  offer.score = below(5) == 0 ? kNone : below(100);
  offer.vehicle = static_cast<std::int32_t>(below(10));
  offer.reason = below(2) == 0 ? "quote" : "move";
  offer.captured_us = now_us_ - below(48) * 60 * kMinuteUs;
  if (below(3) == 0) offer.ask_micros = kUnit + below(6 * kUnit);
  AttributeText state{AttributeText::Kind::text, 0,
                      any_of(std::vector<std::string>{"CA", "TX", "NY"})};
  AttributeText age{AttributeText::Kind::number, 16 + below(90), {}};
  AttributeText home{AttributeText::Kind::number, below(2), {}};
  if (below(6) == 0) home = {};
  offer.attributes = {state, age, home};
  offer.named = below(6) == 0;
  for (std::int64_t buyer = 1; buyer <= kBuyers; ++buyer) {
    if (offer.named && below(2) == 0) offer.named_for.push_back(buyer);
    if (below(10) == 0) offer.withheld.push_back(buyer);
  }
  return offer;
}

Command MarketRun::zone_roll(std::string const& zone) {
  constexpr std::int64_t kHour = 60 * kMinuteUs;
  auto const hour = now_us_ / kHour * kHour;
  auto const offset = zone == "UTC" ? 0 : 5 * kHour;
  auto const day = (now_us_ - offset) / (24 * kHour) * (24 * kHour) + offset;
  zone_end_us_ = hour + kHour;
  auto const local_minute = (hour - offset) / kMinuteUs;
  auto const week_minute =
      static_cast<std::int32_t>((local_minute + 3 * kMinutesOfDay) % kMinutesOfWeek);
  return SetZoneWindows{zone,
                        {Window{hour, hour + kHour}, Window{day, day + 24 * kHour},
                         Window{day / (7 * 24 * kHour) * (7 * 24 * kHour), day + 24 * 7 * kHour},
                         Window{day / (30 * 24 * kHour) * (30 * 24 * kHour), day + 720 * kHour}},
                        week_minute};
}

Command MarketRun::next(Engine const& engine) {
  now_us_ += below(2 * kMinuteUs);
  for (auto const& [zone, end_us] : engine.zones()) {
    if (end_us <= now_us_) return zone_roll(zone);
  }
  auto const buyer = 1 + below(kBuyers);
  auto const own_campaign = [&]() -> std::int64_t {
    for (auto const& [no, owner] : buyer_of_) {
      if (owner == buyer && below(2) == 0) return no;
    }
    return 0;
  };
  switch (below(50)) {
    case 0:
      return campaign();
    case 1: {
      auto const no = 1 + below(campaigns_);
      return PauseCampaign{no, buyer_of_[no], below(3) == 0};
    }
    case 2: {
      auto const no = 1 + below(campaigns_);
      return FundBudget{{buyer_of_[no], no}, ++intents_, (1 + below(20)) * kUnit};
    }
    case 3: {
      auto const no = 1 + below(campaigns_);
      return DefundBudget{{buyer_of_[no], no}, ++intents_, (1 + below(5)) * kUnit};
    }
    case 4:
      return SweepListings{1 + below(campaigns_)};
    case 5:
    case 6:
      return PlaceBid{1 + below(leads_ + 1),
                      {buyer, own_campaign()},
                      kUnit / 2 + below(14 * kUnit),
                      below(4) == 0};
    case 7:
      if (bids_.empty()) return Tick{};
      return WithdrawBid{any_of(bids_).bid_no, buyer};
    case 8:
      return Purchase{{buyer, own_campaign()},
                      targeting(),
                      1 + below(6),
                      kUnit + below(12 * kUnit),
                      below(4) == 0};
    case 9:
    case 10:
      if (sales_.empty()) return Tick{};
      {
        auto const sale = any_of(sales_);
        if (below(3) == 0) return RefuseDelivery{sale.lead_no, sale.slot};
        return ConfirmDelivery{sale.lead_no, sale.slot};
      }
    case 11:
    case 12:
      if (sales_.empty()) return Tick{};
      {
        auto const sale = any_of(sales_);
        if (below(8) == 0) return credit_found_bad(sale.lead_no, sale.slot, "bogus");
        return OpenReturn{sale.lead_no, sale.slot, sale.budget.buyer_no,
                          below(2) == 0 ? "wrong_number" : "out_of_area", below(6) == 0};
      }
    case 13:
      if (returns_.empty()) return Tick{};
      {
        auto const returned = any_of(returns_);
        switch (below(3)) {
          case 0:
            return AcceptReturn{returned.return_no, returned.generator_no};
          case 1:
            return ContestReturn{returned.return_no, returned.generator_no};
          default:
            return DecideDispute{returned.return_no, static_cast<Ruling>(below(3)),
                                 below(4 * kUnit)};
        }
      }
    case 14:
      return WithdrawLead{1 + below(leads_ + 1), below(2) == 0 ? 0 : 101 + below(3)};
    case 15:
    case 16:
      now_us_ += below(20 * kMinuteUs);
      return Tick{Tick::all, static_cast<std::int32_t>(1 + below(64))};
    case 17:
      return claw_back();
    case 18:
      return deal();
    case 19:
      if (below(3) != 0)
        return WithholdLeads{below(8) == 0 ? kEverybody : buyer,
                             {1 + below(leads_ + 1), 1 + below(leads_ + 1)}};
      return SetSourceTerms{101 + below(3), below(2) == 0 ? kNone : below(3 * kUnit),
                            static_cast<std::int32_t>(below(4))};
    case 20:
    case 21:
    case 22:
      return ping();
    case 23:
    case 24:
      return post();
    case 25:
    case 26:
      return relist();
    case 27:
    case 28:
      return click();
    case 29:
    case 30:
    case 31:
    case 32:
    case 33:
    case 34:
      return conversion();
    case 35:
      return below(4) == 0 ? note() : conversion();
    case 36:
      return word_on_conversion();
    case 37:
      return below(4) == 0 ? estimates() : conversion();
    case 38:
    case 39:
      return share();
    default:
      return lead();
  }
}

/// With one of the generators that trade here or a fourth; now and then by no part.
Command MarketRun::share() {
  auto const lead_no = sales_.empty() || below(2) == 0
                           ? 1 + leads_ - below(std::min<std::int64_t>(leads_ + 1, 60))
                           : any_of(sales_).lead_no;
  return ShareLead{
      lead_no, {101 + below(4), static_cast<std::int32_t>(below(30) == 0 ? 0 : 1 + below(9999))}};
}

/// Of any sale, also of one that the market has forgotten; now and then of one that is not settled
/// or for more than is left.
Command MarketRun::claw_back() {
  if (rows_.empty()) return Tick{};
  auto at = rows_.begin();
  std::advance(at, below(std::ssize(rows_)));
  auto const& award = at->second.award;
  bool const held = award.state == SaleState::pending || award.state == SaleState::delivered ||
                    award.state == SaleState::waiting;
  auto const left = award.gross_micros - at->second.credited_micros;
  if (!held && award.state != SaleState::settled) return Tick{};  // no order is made for those
  ClawBack command;
  command.order_no = ++orders_;
  command.lead_no = award.lead_no;
  command.slot = award.slot;
  command.amount_micros = below(3) == 0 ? left : below(left + left / 4 + 1);
  command.budget = award.budget;
  command.generator_no = award.generator_no;
  command.gross_micros = award.gross_micros;
  command.fee_micros = award.gross_micros / 7;
  command.credited_micros = at->second.credited_micros;
  if (auto const known = shared_.find(award.lead_no); known != shared_.end()) {
    command.share = known->second;
  }
  return command;
}

void MarketRun::learn(Applied const& applied) {
  for (auto const& effect : applied.effects) {
    if (auto const* step = std::get_if<SaleStepped>(&effect)) {
      auto& row = rows_.at({step->lead_no, step->slot});
      switch (step->step) {
        case SaleStep::delivered:
          row.award.state = SaleState::delivered;
          break;
        case SaleStep::voided:
        case SaleStep::expired:
          row.award.state = SaleState::voided;
          break;
        case SaleStep::credited:
          row.credited_micros += step->amount_micros;
          break;
        case SaleStep::returned:
          row.award.state = SaleState::returned;
          row.credited_micros = row.award.gross_micros;
          break;
        case SaleStep::settled:
          row.award.state = SaleState::settled;
          break;
        case SaleStep::waiting:
          row.award.state = SaleState::waiting;
          break;
        case SaleStep::lapsed:
          row.award.state = SaleState::lapsed;
          break;
        case SaleStep::holdback_released:
          break;
      }
    }
    if (auto const* sale = std::get_if<SaleAwarded>(&effect)) {
      sales_.push_back(*sale);
      if (sale->model == PricingModel::cpa) acquisitions_.push_back(*sale);
      if (sale->model == PricingModel::cpc) clicks_.push_back(*sale);
      rows_[{sale->lead_no, sale->slot}] = {*sale, 0};
    }
    if (auto const* bid = std::get_if<BidMoved>(&effect)) bids_.push_back(*bid);
    if (auto const* returned = std::get_if<ReturnMoved>(&effect)) returns_.push_back(*returned);
    if (auto const* moved = std::get_if<DealMoved>(&effect)) deals_.push_back(*moved);
    if (auto const* rested = std::get_if<LeadRested>(&effect)) rested_.push_back(rested->lead_no);
    if (auto const* shared = std::get_if<LeadShared>(&effect)) {
      shared_[shared->lead_no] = shared->share;
    }
    if (auto const* again = std::get_if<LeadRelisted>(&effect)) {
      rounds_[again->lead_no] = again->round;
      offered_.at(again->lead_no).ask_micros = again->ask_micros;
    }
    if (auto const* told = std::get_if<ConversionMoved>(&effect); told && told->opened) {
      conversions_.push_back(*told);
    }
    if (auto const* held = std::get_if<PingReserved>(&effect)) {
      pinged_.push_back({last_ping_, held->expires_us, held->bids});
    }
  }
  auto const forget = [](auto& list) {
    if (list.size() > 40) list.erase(list.begin());
  };
  forget(sales_);
  forget(bids_);
  forget(returns_);
  forget(deals_);
  forget(conversions_);
  forget(acquisitions_);
  forget(clicks_);
  forget(pinged_);
}

}  // namespace leadex::market
