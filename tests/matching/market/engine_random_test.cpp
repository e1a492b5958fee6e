#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <set>

#include "matching/market/codec.hpp"
#include "tests/matching/market/market_run.hpp"
#include "tests/matching/market/shadow_tables.hpp"

namespace leadex::market {
namespace {

int rounds() { return std::getenv("LEADEX_TEST_FULL") != nullptr ? 200 : 12; }
constexpr int kCommands = 2500;
constexpr int kManyRounds = 100;  // enough for what is rare

/// Reservations as a plain list, kept by what commands said and when.
class PlainPings {
 public:
  void apply(std::int64_t at_us, Command const& command, Applied const& applied) {
    std::erase_if(open_, [&](auto const& entry) { return entry.second.expires_us < at_us; });
    if (applied.outcome.refusal != Refusal::none) return;
    if (std::holds_alternative<ForgetPings>(command)) open_.clear();
    if (auto const* post = std::get_if<PostPing>(&command)) open_.erase(post->ping_no);
    for (auto const& effect : applied.effects) {
      if (auto const* held = std::get_if<PingReserved>(&effect)) open_[held->ping_no] = *held;
    }
  }
  [[nodiscard]] Reserved of(std::int64_t campaign_no) const {
    Reserved sum;
    for (auto const& [no, ping] : open_) {
      for (auto const& bid : ping.bids) {
        if (bid.campaign_no != campaign_no) continue;
        sum.n += 1;
        sum.micros += bid.price_micros;
      }
    }
    return sum;
  }
  [[nodiscard]] std::size_t size() const { return open_.size(); }

 private:
  std::map<std::int64_t, PingReserved> open_;
};

/// A reservation counts against caps, budget and trial as a sale would.
void expect_within_limits(Engine const& engine, PingReserved const& ping) {
  for (auto const& bid : ping.bids) {
    auto const& campaign = *engine.campaign(bid.campaign_no);
    auto const& held = campaign.reserved;
    ASSERT_GE(engine.available({campaign.buyer_no, campaign.campaign_no}), 0);
    for (auto const& window : campaign.counters) {
      ASSERT_TRUE(window.n_max == kNone || window.n + held.n <= window.n_max);
      ASSERT_TRUE(window.micros_max == kNone || window.micros + held.micros <= window.micros_max);
    }
    ASSERT_TRUE(held.trial_n == 0 ||
                campaign.trial_sold + held.trial_n <= campaign.terms.trial.leads);
  }
}

/// A visit is sold once, to a campaign that pays for clicks or for what comes of visits.
void expect_click(ShadowTables const& tables, Engine const& engine, SaleAwarded const& award) {
  ASSERT_EQ(award.slot, 0);
  ASSERT_TRUE(award.exclusive);
  ASSERT_FALSE(tables.leads().contains(award.lead_no)) << "a lead and a click";
  ASSERT_NE(award.state, SaleState::voided);
  ASSERT_NE(award.state, SaleState::pending);
  bool const as_such = award.model == PricingModel::cpc;
  ASSERT_EQ(engine.campaign(award.budget.campaign_no)->pays_for_clicks(), as_such);
  ASSERT_TRUE(as_such || award.state != SaleState::delivered) << "it waits from the start";
}

/// What a visit goes for as it is sold: by the estimates, looked up plainly, its price is worth the
/// click reserve; the campaign's terms are what it was agreed on.
void expect_visit_sold(ShadowTables const& tables, Engine const& engine, SaleAwarded const& award) {
  auto const& campaign = *engine.campaign(award.budget.campaign_no);
  auto const reserve = std::max<std::int64_t>(engine.rules().click_reserve_micros, 1);
  if (award.model == PricingModel::cpc) {
    ASSERT_GE(award.gross_micros, reserve);
    ASSERT_EQ(award.due_us, award.sold_us + engine.rules().click_review_us);
    return;
  }
  auto const p = tables.estimates().visits.probability(
      {campaign.campaign_no, campaign.buyer_no, award.generator_no});
  auto const worth = auction::value_of(award.gross_micros, p.ppb);
  ASSERT_GE(worth, reserve);
  ASSERT_FALSE(campaign.terms.landing_url.empty());
  ASSERT_FALSE(award.trial);
  auto const& agreed = award.acquisition;
  bool const cpa = campaign.terms.model == PricingModel::cpa;
  ASSERT_EQ(agreed.event, cpa ? campaign.terms.event : "lead");
  ASSERT_EQ(agreed.until_us, award.sold_us + engine.rules().cpa_window_us);
  ASSERT_EQ(award.due_us, agreed.until_us + engine.rules().cpa_review_us);
  bool const pooled = engine.rules().cpa_hold == CpaHold::pooled;
  ASSERT_EQ(agreed.held_micros, pooled ? worth : kNone);
}

/// What must hold of the tables after every command.
void expect_invariants(ShadowTables const& tables, Engine const& engine, PlainPings const& pings) {
  ASSERT_EQ(engine.ping_count(), pings.size());
  std::int64_t held = 0;
  std::map<std::int64_t, std::map<std::int64_t, int>> owners;  // lead → share → live sales
  std::map<std::pair<std::int64_t, std::int64_t>, int> had;    // (lead, buyer) → sales
  // (campaign, begin of a day) → visits that it pays for by results, but those that lapsed
  std::map<std::pair<std::int64_t, std::int64_t>, std::int64_t> visits;
  for (auto const& [key, sale] : tables.sales()) {
    auto const& award = sale.award;
    bool const paid = award.state != SaleState::lapsed && award.state != SaleState::voided &&
                      !ShadowTables::in_pool(sale);
    if (award.of_visit()) {
      ASSERT_NO_FATAL_FAILURE(expect_click(tables, engine, award));
      if (paid) held += award.gross_micros - sale.credited_micros;
      bool const counts = award.acquisition.visit && award.state != SaleState::lapsed;
      if (counts) ++visits[{award.budget.campaign_no, award.windows[1]}];
      continue;
    }
    ASSERT_GE(award.gross_micros, kUnit) << "below the reserve";
    ASSERT_FALSE(award.budget.campaign_no != 0 &&
                 engine.campaign(award.budget.campaign_no)->pays_for_clicks());
    auto const& offer = tables.leads().at(key.lead_no).lead;
    ASSERT_TRUE(!offer.named || std::ranges::binary_search(offer.named_for, award.budget.buyer_no))
        << "sold to a company the consent does not name";
    ++had[{key.lead_no, award.budget.buyer_no}];
    if (award.state == SaleState::voided) continue;
    bool const before = award.sold_us < tables.leads().at(key.lead_no).relisted_us;
    if (before) {
      ASSERT_EQ(award.state, SaleState::returned) << "listed again though a sale stands";
      continue;
    }
    if (paid) held += award.gross_micros - sale.credited_micros;
    ++owners[key.lead_no][key.slot % kSharesPerRound];
    if (award.exclusive) owners[key.lead_no][99] += 100;
  }
  for (auto const& [lead, shares] : owners) {
    bool const exclusive = shares.contains(99);
    ASSERT_LE(shares.size(), exclusive ? 2U : 4U) << "lead " << lead << " sold too often";
    for (auto const& [share, count] : shares) {
      ASSERT_EQ(share == 99 ? count / 100 : count, 1) << "lead " << lead;
    }
  }
  for (auto const& [who, count] : had) ASSERT_EQ(count, 1) << "a lead twice to one buyer";
  std::int64_t available = 0;
  for (auto const& [key, micros] : tables.budgets()) {
    ASSERT_GE(micros, 0);
    ASSERT_GE(engine.available(key), 0);
    auto const pinged = key.campaign_no == 0 ? 0 : pings.of(key.campaign_no).micros;
    auto const free = micros - tables.held_by_bids(key) - pinged - tables.pooled(key);
    ASSERT_EQ(engine.available(key), std::max<std::int64_t>(0, free));
    available += micros;
  }
  ASSERT_EQ(available + held, tables.funded()) << "money appeared or vanished";
  for (auto const& [no, campaign] : tables.campaigns()) {
    ASSERT_EQ(engine.campaign(no)->reserved.n, pings.of(no).n);
    auto const of_day = visits.find({no, campaign.counters[1].start_us});
    ASSERT_EQ(campaign.visits, of_day == visits.end() ? 0 : of_day->second);
    for (auto const& window : campaign.counters) {
      ASSERT_TRUE(window.n_max == kNone || window.n <= window.n_max);
      ASSERT_TRUE(window.micros_max == kNone || window.micros <= window.micros_max);
      ASSERT_GE(window.n, 0);
      ASSERT_GE(window.micros, 0);
    }
    auto const& trial = tables.trial_n_max();
    auto const limit = trial.find(no);
    ASSERT_TRUE(limit == trial.end() || limit->second == kNone ||
                campaign.trial_n <= limit->second);
  }
  for (auto const& [key, counted] : tables.source_counts()) {
    for (auto const& window : counted.windows) {
      ASSERT_TRUE(window.n_max == kNone || window.n <= window.n_max);
      ASSERT_GE(window.n, 0);
    }
  }
}

std::vector<PromisedBid> reserved_bids(Applied const& applied) {
  for (auto const& effect : applied.effects) {
    if (auto const* held = std::get_if<PingReserved>(&effect)) return held->bids;
  }
  return {};
}

/// What a conversion that was approved costs is what its sale brings, once. A debt may be paid by
/// the same command, with what a ping that was over gave back.
void expect_paid(ShadowTables const& tables, ConversionMoved const& conversion) {
  auto const now = tables.conversions().at(conversion.conversion_no).state;
  if (now == ConversionState::uncovered) {
    ASSERT_TRUE(ShadowTables::in_pool(tables.sales().at({conversion.lead_no, conversion.slot})));
  }
  if (conversion.state == ConversionState::noted) {
    auto const& click = tables.sales().at({conversion.lead_no, 0}).award;
    ASSERT_EQ(click.model, PricingModel::cpc);
    ASSERT_GE(conversion.at_us, click.sold_us - kUnit);
    ASSERT_EQ(conversion.price_micros, kNone);
  }
  if (conversion.state != ConversionState::approved) return;
  auto const& sale = tables.sales().at({conversion.lead_no, conversion.slot});
  ASSERT_EQ(sale.award.state, SaleState::settled);
  ASSERT_EQ(conversion.price_micros, sale.award.gross_micros - sale.credited_micros);
  ASSERT_GT(conversion.price_micros, 0);
  ASSERT_LE(conversion.at_us, sale.award.acquisition.until_us);
  for (auto const& [no, other] : tables.conversions()) {
    bool const same = other.lead_no == conversion.lead_no && other.slot == conversion.slot;
    ASSERT_TRUE(!same || no == conversion.conversion_no ||
                other.state == ConversionState::rejected);
  }
}

/// Whether a lead can be shared with that generator, as the tables say it: it is on sale, or a sale
/// of it is not over, and none of them stands settled.
bool can_share(ShadowTables const& tables, ShareLead const& command) {
  auto const lead = tables.leads().find(command.lead_no);
  if (lead == tables.leads().end() || tables.shares().contains(command.lead_no)) return false;
  bool open = lead->second.state == LeadState::listed;
  for (auto const& [key, sale] : tables.sales()) {
    if (key.lead_no != command.lead_no) continue;
    auto const state = sale.award.state;
    if (state == SaleState::settled) return false;
    open = open || state == SaleState::pending || state == SaleState::delivered ||
           state == SaleState::waiting;
  }
  bool const part = command.share.split_bp >= 1 && command.share.split_bp <= 9999;
  return open && part && lead->second.lead.generator_no != command.share.generator_no;
}

/// Sales that are settled, or were, say whom their lead is shared with; all others nothing.
void expect_share_told(ShadowTables const& tables, SaleStepped const& step, bool was_settled) {
  auto const known = tables.shares().find(step.lead_no);
  bool const told = step.step == SaleStep::settled || was_settled;
  auto const share = told && known != tables.shares().end() ? known->second.share : LeadShare{};
  ASSERT_EQ(step.share, share) << "lead " << step.lead_no;
}

/// What a ping was promised, as a preview of its lead would tell it.
std::vector<SoldShare> promised(Applied const& applied) {
  std::vector<SoldShare> shares;
  for (auto const& effect : applied.effects) {
    auto const* held = std::get_if<PingReserved>(&effect);
    if (held == nullptr) continue;
    for (auto const& bid : held->bids) {
      shares.push_back({.slot = static_cast<std::int32_t>(shares.size()),
                        .gross_micros = bid.price_micros,
                        .exclusive = bid.exclusive});
    }
  }
  return shares;
}

/// The sale of a visit; null when nobody got it.
SaleAwarded const* sold_to(Applied const& applied) {
  for (auto const& effect : applied.effects) {
    if (auto const* sale = std::get_if<SaleAwarded>(&effect)) return sale;
  }
  return nullptr;
}

/// Shares as a preview tells them: numbered as they come.
std::vector<SoldShare> as_tried(std::vector<SoldShare> sold) {
  for (std::size_t i = 0; i < sold.size(); ++i) sold[i].slot = static_cast<std::int32_t>(i);
  return sold;
}

/// The windows that the engine before knew: what its actor says first after a reload.
void tell_windows(Engine const& before, Engine& after, Timestamp now) {
  for (auto const& [zone, end_us] : before.zones()) {
    if (end_us == 0) continue;
    (void)after.apply(now,
                      SetZoneWindows{zone, before.zone_windows(zone), before.week_minute(zone)});
  }
}

TEST(Engine, RandomTradesKeepEveryInvariantAndReloadToTheSameState) {
  auto const first = std::random_device{}();
  int reserved = 0;
  int posted = 0;
  int relisted = 0;
  int clicked = 0;
  int approved = 0;
  int owed = 0;
  int lapsed = 0;
  int awaited = 0;
  int from_visits = 0;
  int noted = 0;
  int shared = 0;
  int shared_settled = 0;
  for (int round = 0; round < rounds(); ++round) {
    auto const seed = first + static_cast<unsigned>(round);
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    MarketRun run{seed};
    Engine engine;
    ShadowTables tables;
    PlainPings pings;
    auto const step = [&](Command const& command) {
      auto const* const ping = std::get_if<OfferPing>(&command);
      // Time alone: what is over is over before anything is tried.
      (void)engine.apply(run.now(), Tick{.jobs = 0});
      bool const plain = ping != nullptr && ping->minimum_micros == 0 && ping->live.empty() &&
                         engine.live_bidders(*ping, run.now_us(), 1).empty();
      auto const* const offer = std::get_if<OfferLead>(&command);
      bool const fresh = offer != nullptr && engine.listing(offer->lead_no) == nullptr;
      auto const tried = fresh ? engine.preview(*offer, run.now_us()) : std::nullopt;
      auto const price = plain ? engine.preview(ping->lead, run.now_us(), true) : std::nullopt;
      bool const fits = ping != nullptr && ping->minimum_micros >= 0;
      auto const bids = fits ? engine.preview(*ping, run.now_us()) : std::nullopt;
      auto const* const click = std::get_if<OfferClick>(&command);
      auto const way = click != nullptr ? engine.preview(*click, run.now_us()) : 0;
      auto const* const share = std::get_if<ShareLead>(&command);
      bool const shares = share != nullptr && can_share(tables, *share);
      std::set<SaleKey> settled;
      for (auto const& [key, sale] : tables.sales()) {
        if (sale.award.state == SaleState::settled) settled.insert(key);
      }
      auto const applied = engine.apply(run.now(), command);
      if (share != nullptr) {
        ASSERT_EQ(applied.outcome.refusal == Refusal::none, shares) << "lead " << share->lead_no;
        shared += shares ? 1 : 0;
      }
      if (click != nullptr) {
        auto const* const sale = sold_to(applied);
        ASSERT_EQ(way, sale == nullptr ? 0 : sale->budget.campaign_no);
        ASSERT_FALSE(std::ranges::binary_search(click->paid_by, way));
        ASSERT_EQ(applied.effects.empty(), way == 0) << "a trace of nothing";
        clicked += way != 0 ? 1 : 0;
        if (sale != nullptr) {
          ASSERT_NO_FATAL_FAILURE(expect_visit_sold(tables, engine, *sale));
          if (sale->acquisition.visit) ++awaited;
        }
      }
      if (tried) ASSERT_EQ(encode_value(*tried), encode_value(as_tried(applied.outcome.sold)));
      if (price) ASSERT_EQ(encode_value(*price), encode_value(promised(applied)));
      if (bids) ASSERT_EQ(encode_value(*bids), encode_value(reserved_bids(applied)));
      tables.apply(command, run.now_us(), applied);
      pings.apply(run.now_us(), command, applied);
      run.learn(applied);
      for (auto const& effect : applied.effects) {
        if (auto const* held = std::get_if<PingReserved>(&effect)) {
          ++reserved;
          ASSERT_NO_FATAL_FAILURE(expect_within_limits(engine, *held));
        }
        if (std::holds_alternative<PromiseUsed>(effect)) ++posted;
        if (std::holds_alternative<LeadRelisted>(effect)) ++relisted;
        if (auto const* told = std::get_if<ConversionMoved>(&effect)) {
          if (told->state == ConversionState::approved) ++approved;
          if (told->state == ConversionState::uncovered) ++owed;
          if (told->state == ConversionState::noted) ++noted;
          if (told->state == ConversionState::approved &&
              tables.sales().at({told->lead_no, told->slot}).award.of_visit()) {
            ++from_visits;
          }
          ASSERT_NO_FATAL_FAILURE(expect_paid(tables, *told));
        }
        auto const* stepped = std::get_if<SaleStepped>(&effect);
        if (stepped != nullptr && stepped->step == SaleStep::lapsed) ++lapsed;
        if (stepped != nullptr) {
          bool const was = settled.contains({stepped->lead_no, stepped->slot});
          ASSERT_NO_FATAL_FAILURE(expect_share_told(tables, *stepped, was));
          shared_settled += stepped->share.generator_no != 0 ? 1 : 0;
        }
      }
    };
    for (auto const& command : run.opening()) step(command);
    for (int i = 0; i < kCommands; ++i) {
      ASSERT_NO_FATAL_FAILURE(step(run.next(engine)));
      if (i % 16 == 0) ASSERT_NO_FATAL_FAILURE(expect_invariants(tables, engine, pings));
      if (i % 300 == 0) {
        Engine again;
        again.restore(tables.image(engine.numbers()));
        tell_windows(engine, again, run.now());
        ASSERT_EQ(again.describe(), engine.describe()) << "after command " << i;
      }
    }
    EXPECT_GT(tables.sales().size(), 50U) << "the run traded too little to say much";
  }
  // Far below the average: twelve short rounds differ much, and only a generator gone wrong shall
  // fail here.
  EXPECT_GT(reserved, 6 * rounds()) << "hardly a ping was matched";
  EXPECT_GT(clicked, 4 * rounds()) << "hardly a visit was sold";
  EXPECT_GT(posted, rounds()) << "hardly a promise was called in";
  EXPECT_GT(relisted, rounds()) << "hardly a lead was listed again";
  EXPECT_GT(approved, rounds() / 4) << "hardly a conversion was paid";
  if (rounds() >= kManyRounds) {
    EXPECT_GT(lapsed, rounds()) << "hardly a sale lapsed";
    EXPECT_GT(owed, 0) << "no pool ran dry";
  }
  EXPECT_GT(awaited, 0) << "hardly a visit went to who pays for what comes of it";
  EXPECT_GT(from_visits, 0) << "hardly a visit came to anything";
  EXPECT_GT(noted, 0) << "hardly a conversion of a click was noted";
  EXPECT_GT(shared, rounds()) << "hardly a lead was shared";
  EXPECT_GT(shared_settled, 0) << "hardly a shared lead brought anything";
}

TEST(Engine, AReloadedEngineDecidesAsTheOneBefore) {
  auto const seed = std::random_device{}();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  MarketRun run{seed};
  Engine engine;
  ShadowTables tables;
  for (auto const& command : run.opening()) {
    tables.apply(command, run.now_us(), engine.apply(run.now(), command));
  }
  for (int i = 0; i < 600 || (i < 20'000 && engine.ping_count() == 0); ++i) {
    auto const command = run.next(engine);
    auto const applied = engine.apply(run.now(), command);
    tables.apply(command, run.now_us(), applied);
    run.learn(applied);
  }
  Engine again;
  again.restore(tables.image(engine.numbers()));
  tell_windows(engine, again, run.now());
  EXPECT_GT(engine.ping_count(), 0U) << "there was no reservation to forget";
  (void)engine.apply(run.now(), ForgetPings{});  // what an actor says after a reload
  for (int i = 0; i < 600; ++i) {
    auto const command = run.next(engine);
    auto const applied = engine.apply(run.now(), command);
    auto const twin = again.apply(run.now(), command);
    ASSERT_EQ(encode_value(applied.outcome), encode_value(twin.outcome)) << "command " << i;
    ASSERT_EQ(encode_value(applied.effects), encode_value(twin.effects)) << "command " << i;
    run.learn(applied);
  }
}

TEST(Engine, TheSameLogGivesTheSameBytes) {
  auto const seed = std::random_device{}();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  MarketRun run{seed};
  Engine engine;
  struct Logged {
    std::int64_t at_us;
    std::string command;
    std::string outcome;
    std::string effects;
  };
  std::vector<Logged> log;
  auto const step = [&](Command const& command) {
    auto const applied = engine.apply(run.now(), command);
    run.learn(applied);
    log.push_back({run.now_us(), encode_value(command), encode_value(applied.outcome),
                   encode_value(applied.effects)});
  };
  for (auto const& command : run.opening()) step(command);
  for (int i = 0; i < 2000; ++i) step(run.next(engine));
  Engine replay;
  for (auto const& entry : log) {
    auto const command = decode_value<Command>(entry.command);
    ASSERT_TRUE(command.has_value());
    auto const applied = replay.apply(from_unix_micros(entry.at_us), *command);
    ASSERT_EQ(encode_value(applied.outcome), entry.outcome);
    ASSERT_EQ(encode_value(applied.effects), entry.effects);
  }
  EXPECT_EQ(replay.describe(), engine.describe());
  EXPECT_EQ(replay.describe_pings(), engine.describe_pings());
}

TEST(Codec, CutOrAlteredBytesAreRefusedOrDecodeToOtherValues) {
  auto const seed = std::random_device{}();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  MarketRun run{seed};
  Engine engine;
  for (auto const& command : run.opening()) {
    auto const bytes = encode_value(command);
    for (std::size_t cut = 0; cut < bytes.size(); ++cut) {
      ASSERT_FALSE(decode_value<Command>(bytes.substr(0, cut)).has_value());
    }
    for (std::size_t at = 0; at < bytes.size(); ++at) {
      auto other = bytes;
      other[at] = static_cast<char>(other[at] ^ (1 << run.below(8)));
      auto const read = decode_value<Command>(other);
      if (read) ASSERT_EQ(encode_value(*read), other) << "two forms of one value";
    }
  }
}

}  // namespace
}  // namespace leadex::market
