#include "server/api/v1/campaign_terms.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>

#include "billing/values/check.hpp"
#include "server/api/v1/opening_hours.hpp"
#include "server/api/v1/placement_attributes.hpp"
#include "server/api/v1/targeting_json.hpp"
#include "server/http/link_template.hpp"
#include "server/json/money_text.hpp"
#include "server/json/writer.hpp"
#include "server/market/zone_windows.hpp"
#include "server/render/ids.hpp"
#include "server/render/words.hpp"

namespace leadex::api {

namespace {

using json::ObjectReader;
using json::Value;

constexpr std::array<std::string_view, market::kWindowKinds> kWindows{"hour", "day", "week",
                                                                      "month"};
constexpr std::int64_t kLeadsMax = 1'000'000'000;
constexpr std::size_t kDefinitionBytesMax = 128 * 1024;  // a page shows up to 500 of them

class Reader {
 public:
  Reader(Value const& body, market::MarketSettings const& settings,
         crypto::PublicIdCodec const& ids, bool allow_local)
      : settings_(settings), ids_(ids), allow_local_(allow_local), top_(body, errors_) {}

  Result<CampaignDraft, json::FieldErrors> run() {
    name_ = top_.require_string("name");
    market_ = top_.require_string("market");
    read_pricing();
    read_targeting();
    read_sharing();
    read_zone();
    read_caps();
    read_sources();
    read_schedule();
    read_route();
    read_trial();
    read_delivery();
    read_bid_url();
    draft_.terms.buys_listings = top_.optional_bool("buys_listings").value_or(false);
    read_landing();
    check_acquisition();
    top_.refuse_unknown_fields();
    if (!errors_.empty()) return refuse(std::move(errors_));
    draft_.definition = write();
    if (draft_.definition.size() > kDefinitionBytesMax) {
      top_.fail("targeting", "too_complex", "A campaign's definition has 128 KiB at most.");
      return refuse(std::move(errors_));
    }
    return std::move(draft_);
  }

 private:
  [[nodiscard]] json::MoneyRule price() const {
    return {.currency = settings_.currency, .min = Money{1}};
  }

  void read_pricing() {
    auto pricing = top_.require_object("pricing");
    auto const word = pricing.require_string("model");
    auto const model = render::pricing_model(word);
    if (!model) pricing.fail("model", "value_invalid", "One of cpl, cpa, cpc.");
    draft_.terms.model = model.value_or(PricingModel::cpl);
    if (model == PricingModel::cpa) read_acquisition(pricing);
    draft_.terms.bid_micros = json::require_money(pricing, "bid", price()).micros;
    auto const whole = json::optional_money(pricing, "exclusive_bid", price());
    if (whole) draft_.terms.exclusive_bid_micros = whole->micros;
    pricing.refuse_unknown_fields();
  }

  /// Where visitors go; and what a campaign that pays for clicks has no use for.
  void read_landing() {
    auto& terms = draft_.terms;
    auto const url = top_.optional_string("landing_url");
    if (url) read_landing_url(*url);
    if (terms.model != PricingModel::cpc) return;
    if (!url) {
      top_.fail("landing_url", "missing_field", "Who pays for visitors says where they go.");
    }
    auto const none = [&](std::string_view name, bool given) {
      if (given) top_.fail(name, "not_for_model", "Not for campaigns that pay per click.");
    };
    none("pricing", terms.exclusive_bid_micros != market::kNone);
    none("buys_listings", terms.buys_listings);
    none("trial", terms.trial.leads != 0);
    none("minimum_score", terms.minimum_score != market::kNone);
    none("webhook_endpoint_id", terms.delivery == market::Delivery::webhook);
    terms.exclusivity = auction::Exclusivity::exclusive;
  }

  void read_landing_url(std::string const& url) {
    auto& terms = draft_.terms;
    terms.landing_url = url;
    if (auto const right = http::check_link(url, landing_macros(settings_), allow_local_); !right) {
      top_.fail(
          "landing_url", std::string{to_string(right.error())},
          "An https address of a public host, port 443 or 8443, with known macros behind it.");
    }
    if (terms.model == PricingModel::cpc) return;
    if (!trades_results()) {
      top_.fail("landing_url", "not_supported", "This market pays for nothing that comes later.");
    }
    if (terms.minimum_score != market::kNone) {
      top_.fail("minimum_score", "not_supported", "Visitors have no score.");
    }
  }

  [[nodiscard]] bool trades_results() const {
    auto const& rules = settings_.rules;
    return rules.price_rule != auction::PriceRule::fixed && rules.cpa_window_us > 0;
  }

  void read_acquisition(ObjectReader& pricing) {
    if (!trades_results()) {
      pricing.fail("model", "not_supported", "This market sells leads at fixed prices alone.");
    }
    auto& terms = draft_.terms;
    terms.event = pricing.optional_string("event").value_or(std::string{kDefaultEvent});
    if (terms.event.empty() || terms.event.size() > market::kEventBytesMax) {
      pricing.fail("event", "value_invalid", "1 to 64 bytes.");
    }
    auto const part = pricing.optional_int("value_bp", {.min = 1, .max = kBasisPointsWhole});
    terms.value_bp = static_cast<std::int32_t>(part.value_or(0));
  }

  /// A trial's price and the asks of what rests are prices of leads.
  void check_acquisition() {
    if (draft_.terms.model != PricingModel::cpa) return;
    if (draft_.terms.trial.leads > 0) {
      top_.fail("trial", "not_supported", "Only campaigns that pay per lead begin with a trial.");
    }
    if (draft_.terms.buys_listings) {
      top_.fail("buys_listings", "not_supported", "What rests is sold per lead.");
    }
  }

  void read_targeting() {
    auto const schema = targeting::Schema::make(settings_.rules.attributes);
    LEADEX_CHECK(schema.has_value());
    targeting_ = top_.find("targeting");
    if (targeting_ == nullptr) {
      draft_.terms.targeting = targeting_of_all(*schema);
      return;
    }
    auto bytes = targeting_bytes(*targeting_, *schema, "/targeting");
    if (bytes) {
      draft_.terms.targeting = std::move(*bytes);
    } else {
      errors_.push_back(bytes.error());
    }
  }

  void read_sharing() {
    auto const word = top_.optional_string("exclusivity").value_or("any");
    if (auto const known = render::exclusivity(word)) {
      draft_.terms.exclusivity = *known;
    } else {
      top_.fail("exclusivity", "value_invalid", "One of exclusive, shared, any.");
    }
    auto const shares = top_.optional_int("max_shares", {.min = 1, .max = kSharesPerRound});
    if (shares) {
      draft_.terms.max_shares = static_cast<std::int32_t>(*shares);
      max_shares_ = *shares;
    }
  }

  void read_zone() {
    draft_.terms.zone = top_.optional_string("time_zone").value_or("UTC");
    if (!market::known_zone(draft_.terms.zone)) {
      top_.fail("time_zone", "time_zone_unknown", "No such time zone.");
    }
  }

  void read_caps() {
    auto caps = top_.optional_object("caps");
    if (!caps) return;
    if (auto leads = caps->optional_object("leads")) read_counts(*leads, draft_.terms.leads_max);
    if (auto spend = caps->optional_object("spend")) {
      for (std::size_t k = 0; k < kWindows.size(); ++k) {
        auto const cap = json::optional_money(*spend, kWindows.at(k),
                                              {.currency = settings_.currency, .min = Money{0}});
        draft_.terms.spend_max.at(k) = cap ? cap->micros : market::kNone;
      }
      spend->refuse_unknown_fields();
    }
    caps->refuse_unknown_fields();
  }

  static void read_counts(ObjectReader& counts,
                          std::array<std::int64_t, market::kWindowKinds>& into) {
    for (std::size_t k = 0; k < kWindows.size(); ++k) {
      auto const cap = counts.optional_int(kWindows.at(k), {.min = 0, .max = kLeadsMax});
      into.at(k) = cap.value_or(market::kNone);
    }
    counts.refuse_unknown_fields();
  }

  void read_schedule() {
    auto const pacing = top_.optional_string("pacing").value_or("asap");
    if (pacing == "even") {
      draft_.terms.pacing = market::Pacing::even;
    } else if (pacing != "asap") {
      top_.fail("pacing", "value_invalid", "One of asap, even.");
    }
    auto schedule = top_.optional_object("schedule");
    if (!schedule) return;
    auto spans = read_opening_hours(*schedule);
    if (!spans.empty()) {
      draft_.terms.schedule = std::move(spans);
    } else if (schedule->ok()) {
      top_.fail("schedule", "empty", "Name the hours of one day at least; null is always open.");
    }
    schedule_ = top_.find("schedule");
  }

  void read_route() {
    auto& terms = draft_.terms;
    auto const number = [&](std::string_view name, std::int32_t max, std::int32_t& into) {
      if (auto const given = top_.optional_int(name, {.min = 1, .max = max})) {
        into = static_cast<std::int32_t>(*given);
      }
    };
    number("priority", market::kPriorityMax, terms.priority);
    number("weight", market::kWeightMax, terms.weight);
    terms.minimum_score =
        top_.optional_int("minimum_score", {.min = 0, .max = 100}).value_or(market::kNone);
  }

  void read_trial() {
    auto trial = top_.optional_object("trial");
    if (!trial) return;
    auto& terms = draft_.terms.trial;
    terms.leads = trial->require_int("leads", {.min = 1, .max = market::kTrialLeadsMax});
    terms.price_micros = json::require_money(*trial, "price", price()).micros;
    auto const window = trial->optional_int(
        "return_window_s", {.min = 0, .max = market::kTrialWindowMaxUs / kMicrosPerUnit});
    terms.return_window_us = window.value_or(0) * kMicrosPerUnit;
    terms.return_ceiling_bp = static_cast<std::int32_t>(
        trial->optional_int("return_ceiling_bp", {.min = 0, .max = kBasisPointsWhole}).value_or(0));
    trial->refuse_unknown_fields();
  }

  void read_sources() {
    auto sources = top_.optional_object("sources");
    if (!sources) return;
    if (auto caps = sources->optional_object("leads_max")) {
      read_counts(*caps, draft_.terms.source_leads_max);
    }
    read_accounts(*sources, "allow", draft_.terms.sources_allowed);
    read_accounts(*sources, "block", draft_.terms.sources_blocked);
    sources->refuse_unknown_fields();
    draft_.sources = draft_.terms.sources_allowed;
    draft_.sources.insert(draft_.sources.end(), draft_.terms.sources_blocked.begin(),
                          draft_.terms.sources_blocked.end());
    std::sort(draft_.sources.begin(), draft_.sources.end());
    draft_.sources.erase(std::unique(draft_.sources.begin(), draft_.sources.end()),
                         draft_.sources.end());
  }

  void read_accounts(ObjectReader& sources, std::string_view name,
                     std::vector<std::int64_t>& into) {
    auto const* const list = sources.optional_array(name);
    if (list == nullptr) return;
    for (auto const& item : list->GetArray()) {
      auto const account = item.IsString() ? ids_.open_as<AccountId>(json::text_of(item))
                                           : refuse(crypto::IdError::malformed);
      if (!account || account->market != 0) {
        return sources.fail(name, "account_unknown", "An id in the list is no generator's.");
      }
      into.push_back(account->no);
    }
  }

  void read_delivery() {
    auto const id = top_.optional_string("webhook_endpoint_id");
    if (!id) return;
    auto const endpoint = ids_.open(*id, crypto::IdKind::webhook_endpoint);
    if (!endpoint || endpoint->market != 0) {
      return top_.fail("webhook_endpoint_id", "endpoint_unknown", "No such endpoint of yours.");
    }
    draft_.endpoint_no = endpoint->no;
    endpoint_id_ = *id;
    draft_.terms.delivery = market::Delivery::webhook;
  }

  /// The endpoint's secret signs what is asked there, and who bids in real time is told of the sale
  /// in real time.
  void read_bid_url() {
    draft_.bid_url = top_.optional_string("bid_url");
    if (!draft_.bid_url) return;
    draft_.terms.live_bid = true;
    if (!endpoint_id_) {
      top_.fail("bid_url", "endpoint_missing",
                "Name a webhook_endpoint_id too: its secret signs what is asked here.");
    }
  }

  [[nodiscard]] std::optional<Money> money(std::int64_t micros) const {
    if (micros == market::kNone) return std::nullopt;
    return Money{micros};
  }

  static void write_counts(json::JsonWriter& out,
                           std::array<std::int64_t, market::kWindowKinds> const& counts) {
    for (std::size_t k = 0; k < kWindows.size(); ++k) {
      if (counts.at(k) != market::kNone) out.field(kWindows.at(k), counts.at(k));
    }
  }

  void write_route(json::JsonWriter& out) const {
    auto const& terms = draft_.terms;
    if (schedule_ != nullptr) out.field("schedule", *schedule_);
    out.field("pacing", terms.pacing == market::Pacing::even ? "even" : "asap");
    out.field("priority", terms.priority);
    out.field("weight", terms.weight);
    if (terms.minimum_score != market::kNone) out.field("minimum_score", terms.minimum_score);
    if (terms.trial.leads == 0) return;
    auto const trial = out.object("trial");
    out.field("leads", terms.trial.leads);
    out.field("price", Money{terms.trial.price_micros}, settings_.currency);
    out.field("return_window_s", terms.trial.return_window_us / kMicrosPerUnit);
    out.field("return_ceiling_bp", terms.trial.return_ceiling_bp);
  }

  void write_caps(json::JsonWriter& out) const {
    auto const& terms = draft_.terms;
    auto const caps = out.object("caps");
    {
      auto const leads = out.object("leads");
      write_counts(out, terms.leads_max);
    }
    auto const spend = out.object("spend");
    for (std::size_t k = 0; k < kWindows.size(); ++k) {
      auto const cap = money(terms.spend_max.at(k));
      if (cap) out.field(kWindows.at(k), *cap, settings_.currency);
    }
  }

  void write_accounts(json::JsonWriter& out, std::string_view name,
                      std::vector<std::int64_t> const& accounts) const {
    auto const list = out.array(name);
    for (auto const account : accounts) out.value(render::account_id(ids_, account));
  }

  [[nodiscard]] std::string write() const {
    auto const& terms = draft_.terms;
    json::JsonWriter out;
    {
      auto const object = out.object();
      out.field("name", name_);
      out.field("market", market_);
      {
        auto const pricing = out.object("pricing");
        out.field("model", render::word(terms.model));
        out.field("bid", Money{terms.bid_micros}, settings_.currency);
        if (auto const whole = money(terms.exclusive_bid_micros)) {
          out.field("exclusive_bid", *whole, settings_.currency);
        }
        if (terms.model == PricingModel::cpa) {
          out.field("event", terms.event);
          if (terms.value_bp > 0) out.field("value_bp", terms.value_bp);
        }
      }
      if (targeting_ != nullptr) {
        out.field("targeting", *targeting_);
      } else {
        auto const all = out.object("targeting");
        auto const none = out.array("all");
      }
      out.field("exclusivity", render::word(terms.exclusivity));
      out.field_if("max_shares", max_shares_);
      out.field("time_zone", terms.zone);
      write_caps(out);
      {
        auto const sources = out.object("sources");
        {
          auto const caps = out.object("leads_max");
          write_counts(out, terms.source_leads_max);
        }
        write_accounts(out, "allow", terms.sources_allowed);
        write_accounts(out, "block", terms.sources_blocked);
      }
      write_route(out);
      out.field("buys_listings", terms.buys_listings);
      if (!terms.landing_url.empty()) out.field("landing_url", terms.landing_url);
      out.field("webhook_endpoint_id", endpoint_id_);
      out.field_if("bid_url", draft_.bid_url);
    }
    return out.str();
  }

  market::MarketSettings const& settings_;
  crypto::PublicIdCodec const& ids_;
  bool const allow_local_;
  json::FieldErrors errors_;
  ObjectReader top_;
  CampaignDraft draft_;
  std::string name_;
  std::string market_;
  Value const* targeting_{};
  Value const* schedule_{};
  std::optional<std::int64_t> max_shares_;
  std::optional<std::string> endpoint_id_;
};

}  // namespace

Result<CampaignDraft, json::FieldErrors> read_campaign(Value const& body,
                                                       market::MarketSettings const& settings,
                                                       crypto::PublicIdCodec const& ids,
                                                       bool allow_local) {
  return Reader{body, settings, ids, allow_local}.run();
}

json::Document stored_definition(std::string const& definition) {
  auto parsed = json::parse(definition, {.bytes = definition.size()});
  if (!parsed || !parsed->IsObject()) {
    throw std::runtime_error("a stored campaign definition cannot be read");
  }
  return std::move(*parsed);
}

json::Document lay_over(std::string const& definition, Value const& change) {
  auto whole = stored_definition(definition);
  auto& allocator = whole.GetAllocator();
  for (auto const& member : change.GetObject()) {
    Value const name{member.name, allocator};
    whole.RemoveMember(name);
    whole.AddMember(Value{member.name, allocator}, Value{member.value, allocator}, allocator);
  }
  return whole;
}

}  // namespace leadex::api
