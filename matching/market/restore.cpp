#include "matching/market/restore.hpp"

#include <algorithm>

#include "billing/values/check.hpp"
#include "matching/market/engine.hpp"

namespace leadex::market {

namespace {

OpenSale open_sale(SaleImage const& image) {
  OpenSale open;
  open.key = {image.award.lead_no, image.award.slot};
  open.budget = image.award.budget;
  open.generator_no = image.award.generator_no;
  open.gross_micros = image.award.gross_micros;
  open.credited_micros = image.credited_micros;
  open.sold_us = image.award.sold_us;
  open.due_us = image.award.due_us;
  open.state = image.award.state;
  open.windows = image.award.windows;
  open.trial = image.award.trial;
  open.of_source = image.award.of_source;
  open.model = image.award.model;
  open.acquisition = image.award.acquisition;
  return open;
}

/// Writes one line per call: "word value value …".
class LineWriter {
 public:
  explicit LineWriter(std::string& out) : out_(out) {}

  void line(char const* word, auto const&... values) {
    out_ += word;
    (*this)(values...);
    out_ += '\n';
  }
  void operator()(auto const&... values) { (put(values), ...); }
  [[nodiscard]] static constexpr bool since(std::uint32_t) { return true; }

 private:
  void put(std::string const& value) {
    static constexpr char kHex[] = "0123456789abcdef";
    out_ += ' ';
    for (char const c : value) {
      bool const plain = c > ' ' && c < 127;
      if (plain) {
        out_ += c;
      } else {
        out_ += '%';
        out_ += kHex[(static_cast<unsigned char>(c) >> 4) & 15];
        out_ += kHex[static_cast<unsigned char>(c) & 15];
      }
    }
  }
  template <class T>
  void put(T const& value) {
    if constexpr (std::is_enum_v<T>) {
      put(static_cast<std::int64_t>(value));
    } else if constexpr (std::is_integral_v<T>) {
      out_ += ' ';
      out_ += std::to_string(value);
    } else if constexpr (requires { value.begin(); }) {
      out_ += " [";
      for (auto const& one : value) put(one);
      out_ += " ]";
    } else {
      T::fields(value, *this);
    }
  }
  std::string& out_;
};

bool has_something_to_come(SaleImage const& image) {
  switch (image.award.state) {
    case SaleState::pending:
    case SaleState::delivered:
    case SaleState::waiting:
      return true;
    case SaleState::settled:
      return image.award.due_us != 0;
    default:
      return false;
  }
}

Tick::Job job_of(SaleState state) {
  return state == SaleState::pending   ? Tick::delivery_deadline
         : state == SaleState::settled ? Tick::release_holdback
                                       : Tick::settlement;
}

}  // namespace

void Engine::restore(Image const& image) {
  LEADEX_CHECK(command_no_ == 0);
  numbers_ = image.numbers;
  for (auto const& rules : image.rules) {
    auto made = targeting::Schema::make(rules.attributes);
    LEADEX_CHECK(made.has_value());
    versions_[rules.version] = rules;
    rules_ = rules;
    index_ = targeting::TargetingIndex{*made};
    shop_ = storefront::Storefront{std::move(*made)};
  }
  for (auto const& entry : image.budgets) budgets_[entry.budget] = entry.available_micros;
  for (auto const& terms : image.source_terms) source_terms_[terms.generator_no] = terms;
  for (auto const& entry : image.deals) {
    deals_[entry.deal_no] = {entry.deal_no,      entry.buyer_no,  entry.generator_no,
                             entry.price_micros, entry.exclusive, entry.by_no,
                             entry.state};
    auto& of_its_state = entry.state == DealState::active ? agreed_ : proposed_;
    of_its_state[{entry.generator_no, entry.buyer_no}] = entry.deal_no;
  }
  if (image.estimates) estimates_ = *image.estimates;
  Applied nowhere;
  Context silent{0, nowhere};
  for (auto const& entry : image.campaigns) {
    auto const outcome = handle(silent, entry.latest);
    if (outcome.refusal == Refusal::targeting_invalid) {
      // Written for an older schema: kept, but it matches nothing until it is edited.
      auto blank = entry.latest;
      blank.terms.targeting.clear();
      auto const all = targeting::encode(targeting::all_of({}), schema(), texts_);
      blank.terms.targeting.assign(reinterpret_cast<char const*>(all.data()), all.size());
      LEADEX_CHECK(handle(silent, blank).refusal == Refusal::none);
      campaigns_.at(blank.campaign_no).terms = entry.latest.terms;
      campaigns_.at(blank.campaign_no).targeting_valid = false;
    }
    auto& campaign = campaigns_.at(entry.latest.campaign_no);
    campaign.status = entry.status;
    campaign.counters = entry.counters;
    campaign.turn = entry.turn;
    campaign.trial_sold = entry.trial_n;
    campaign.visits = entry.visits;
    campaign.visit_turn = entry.visit_turn;
  }
  for (auto const& entry : image.source_counts) {
    auto const found = campaigns_.find(entry.campaign_no);
    if (found == campaigns_.end()) continue;
    found->second.source_counters[entry.generator_no] = entry.windows;
  }
  std::unordered_map<std::int64_t, std::int64_t> relisted;  // lead → when its last round began
  for (auto const& entry : image.leads) {
    learn_texts(entry.lead);
    auto values = values_of(entry.lead);
    LEADEX_CHECK(values.has_value());
    Listing listing;
    listing.lead_no = entry.lead.lead_no;
    listing.generator_no = entry.lead.generator_no;
    listing.ask_micros = entry.lead.ask_micros;
    listing.score = entry.lead.score;
    listing.captured_us = entry.lead.captured_us;
    listing.vehicle = entry.lead.vehicle;
    listing.reason_id = static_cast<std::int32_t>(texts_.intern(entry.lead.reason));
    listing.version = entry.lead.version;
    listing.listed_us = entry.listed_us;
    listing.round = static_cast<std::int16_t>(entry.round);
    if (entry.relisted_us != 0) relisted[listing.lead_no] = entry.relisted_us;
    auto const& rules = versions_.at(listing.version);
    // Leads of an older format carry none; the market's has held for every lead.
    listing.reserve_micros = std::max(entry.reserve_micros, rules.reserve_micros);
    listing.access = access_of(entry.lead);
    listing.packed = pack(*values, schema().market_size());
    if (entry.state == LeadState::listed) {
      listing.resting = true;  // put on sale below, once it is known what is sold of it
      schedule(Tick::listing_expiry,
               {listing.listed_us + rules.listing_ttl_us, listing.lead_no, kDueExpiry});
      schedule(Tick::listing_expiry,
               {listing.listed_us + rules.listing_auction_us, listing.lead_no, kDueAuction});
    }
    listings_.emplace(listing.lead_no, std::move(listing));
  }
  for (auto const& entry : image.sales) {
    auto const& award = entry.award;
    auto const round = relisted.find(award.lead_no);
    bool const before = round != relisted.end() && award.sold_us < round->second;
    bool const voided = before || award.state == SaleState::voided;
    if (auto const found = listings_.find(award.lead_no); found != listings_.end()) {
      auto& listing = found->second;
      listing.owners.push_back({.buyer_no = award.budget.buyer_no,
                                .slot = award.slot,
                                .shares_max = static_cast<std::int16_t>(award.shares_max),
                                .voided = voided});
      if (!voided) {
        listing.shares_held |= static_cast<std::uint16_t>(1U << (award.slot % kSharesPerRound));
        listing.shares_max = std::min(listing.shares_max, award.shares_max);
        listing.exclusive_held = listing.exclusive_held || award.exclusive;
        if (award.state == SaleState::pending) ++listing.pending;
      }
    }
    if (!has_something_to_come(entry)) continue;
    auto const open = open_sale(entry);
    schedule(job_of(open.state), {open.due_us, open.key.lead_no, open.key.slot});
    if (open.pooled()) {
      campaigns_.at(open.budget.campaign_no)
          .pool.add(open.gross_micros, open.acquisition.held_micros);
    }
    keep_sale(open);
  }
  restore_shares(image);
  for (auto& [no, listing] : listings_) {
    if (listing.resting) put_on(listing, image.last_at_us);
  }
  for (auto const& entry : image.bids) {
    auto& listing = listings_.at(entry.bid.lead_no);
    listing.bids.push_back(
        {entry.bid_no, entry.bid.budget, entry.bid.price_micros, entry.bid.exclusive});
    bid_leads_[entry.bid_no] = entry.bid.lead_no;
    budget(entry.bid.budget) -= entry.bid.price_micros;
  }
  for (auto const& [no, listing] : listings_) {
    if (listing.resting) plan_fill(listing, image.last_at_us);
  }
  for (auto const& entry : image.returns) {
    auto const& latest = entry.latest;
    if (auto* sale = find_sale({latest.lead_no, latest.slot})) {
      sale->return_no = latest.return_no;
      sale->return_open =
          latest.state == ReturnState::open || latest.state == ReturnState::disputed;
    }
    if (latest.ruling != 1 && latest.state != ReturnState::denied) {
      buyers_[latest.buyer_no].returns[latest.return_no] = entry.opened_us;
    }
    if (latest.state != ReturnState::open && latest.state != ReturnState::disputed) continue;
    ReturnCase open;
    open.return_no = latest.return_no;
    open.sale = {latest.lead_no, latest.slot};
    open.buyer_no = latest.buyer_no;
    open.generator_no = latest.generator_no;
    open.reason = latest.reason;
    open.state = latest.state;
    open.opened_us = entry.opened_us;
    open.due_us = latest.due_us;
    if (open.state == ReturnState::open) {
      schedule(Tick::returns, {open.due_us, open.return_no, kDueReturn});
    }
    returns_.emplace(open.return_no, open);
  }
  for (auto const& entry : image.conversions) {
    auto open = entry;
    open.opened = false;
    sales_.at({open.lead_no, open.slot}).conversion_no = open.conversion_no;
    if (open.state == ConversionState::uncovered) {
      campaigns_.at(open.budget.campaign_no).uncovered.insert(open.conversion_no);
      debtors_.insert(open.budget.campaign_no);
    } else {
      schedule(Tick::settlement, {open.due_us, open.conversion_no, kDueConversion});
    }
    conversions_.emplace(open.conversion_no, std::move(open));
  }
  for (auto const& entry : image.delivered) {
    buyers_[entry.buyer_no].delivered[entry.hour] += entry.sales;
  }
  for (auto const& used : image.promises) {
    promises_[used.ping_no] = used.expires_us;
    pings_due_.push({used.expires_us, used.ping_no, 0});
  }
  live_campaigns_ = 0;
  for (auto& [no, campaign] : campaigns_) {
    refresh(campaign);
    live_campaigns_ += campaign.terms.live_bid ? 1 : 0;
  }
}

std::string Engine::describe_pings() const {
  std::string out;
  LineWriter write{out};
  for (auto const& [no, ping] : pings_) {
    write.line("ping", no, ping.expires_us, ping.generator_no, ping.bids, ping.of_trial);
  }
  for (auto const& [no, campaign] : campaigns_) {
    auto const& held = campaign.reserved;
    if (held.n != 0) write.line("reserved", no, held.n, held.micros, held.trial_n);
    for (auto const& [generator, n] : held.by_source) write.line(" source", generator, n);
  }
  return out;
}

/// Only what decides: caches, due queues and dropped history of buyers are left out, as is what a
/// reload may forget (a sweep's place, windows of zones).
std::string Engine::describe() const {
  std::string out;
  LineWriter write{out};
  write.line("market", rules_.version, numbers_, estimates_);
  for (auto const& [no, campaign] : campaigns_) {
    write.line("campaign", no, campaign.buyer_no, campaign.version, campaign.status,
               campaign.terms);
    write.line(" counters", campaign.counters, campaign.turn, campaign.trial_sold, campaign.visits,
               campaign.visit_turn);
    if (campaign.pool.held() != 0) write.line(" pool", campaign.pool.held());
    for (auto const& [generator, counted] : campaign.source_counters) {
      write.line(" source", generator, counted);
    }
  }
  for (auto const& [no, deal] : deals_) {
    write.line("deal", no, deal.buyer_no, deal.generator_no, deal.price_micros, deal.exclusive,
               deal.by_no, deal.state);
  }
  for (auto const& [generator, terms] : source_terms_) write.line("source", terms);
  for (auto const& [key, micros] : budgets_) {
    if (micros != 0) write.line("budget", key, micros);
  }
  std::map<std::int64_t, Listing const*> by_no;
  for (auto const& [no, listing] : listings_) by_no[no] = &listing;
  Values values;
  for (auto const& [no, listing] : by_no) {
    write.line("lead", no, listing->generator_no, listing->ask_micros, listing->score,
               listing->captured_us, listing->listed_us, listing->vehicle, listing->version,
               listing->shares_max, listing->shares_held, listing->pending, listing->exclusive_held,
               listing->resting, std::string{texts_.text(listing->reason_id)},
               listing->resting ? ask(*listing) : 0, listing->reserve_micros, listing->round);
    if (listing->access) {
      write.line(" access", listing->access->named, listing->access->named_for,
                 listing->access->withheld);
    }
    unpack(listing->packed, schema().market_size(), values);
    for (std::size_t i = 0; i < schema().market_size(); ++i) {
      auto const index = static_cast<targeting::AttributeIndex>(i);
      bool const text = schema().at(index).type == targeting::AttributeType::text &&
                        values[i] != targeting::kMissing;
      if (text) {
        write.line(" text", std::string{texts_.text(values[i])});
      } else {
        write.line(" value", values[i]);
      }
    }
    auto owners = listing->owners;
    std::sort(owners.begin(), owners.end(),
              [](auto const& a, auto const& b) { return a.slot < b.slot; });
    for (auto const& owner : owners) {
      write.line(" owner", owner.buyer_no, owner.slot, owner.shares_max, owner.voided);
    }
    for (auto const& bid : listing->bids) {
      write.line(" bid", bid.bid_no, bid.budget, bid.price_micros, bid.exclusive);
    }
  }
  std::map<SaleKey, OpenSale const*> sales;
  for (auto const& [key, sale] : sales_) sales[key] = &sale;
  for (auto const& [key, sale] : sales) {
    write.line("sale", key.lead_no, key.slot, sale->budget, sale->generator_no, sale->gross_micros,
               sale->credited_micros, sale->sold_us, sale->due_us, sale->return_no,
               sale->return_open, sale->state, sale->windows, sale->trial, sale->of_source,
               sale->model, sale->acquisition, sale->conversion_no);
  }
  std::map<std::int64_t, LeadTrade const*> trades;
  for (auto const& [no, trade] : trades_) {
    if (trade.settled != 0 || trade.share != LeadShare{}) trades[no] = &trade;
  }
  for (auto const& [no, trade] : trades) write.line("trade", no, trade->settled, trade->share);
  for (auto const& [no, conversion] : conversions_) write.line("conversion", conversion);
  for (auto const& [no, returned] : returns_) {
    write.line("return", no, returned.sale.lead_no, returned.sale.slot, returned.buyer_no,
               returned.generator_no, returned.reason, returned.state, returned.opened_us,
               returned.due_us);
  }
  return out;
}

}  // namespace leadex::market
