#include "server/app/lead_estimates.hpp"

#include <algorithm>
#include <map>
#include <span>
#include <stdexcept>

#include "matching/market/codec.hpp"
#include "matching/quality/after_sale.hpp"
#include "server/observe/log.hpp"

namespace leadex::app {

namespace asio = boost::asio;

namespace {

using quality::ConversionModel;
using quality::KnownLead;
using quality::ModelLead;
using storage::Foretold;
using storage::LeadEstimateRow;
using storage::LeadOutcome;

/// Features a model has beside the attributes: vehicle and source_reason.
constexpr std::size_t kOtherFeatures = 2;

using Settings = std::shared_ptr<market::MarketSettings const>;

/// Settings of one market's versions, each asked for once.
class Versions {
 public:
  explicit Versions(market::MarketActor const& actor) : actor_(actor) {}
  [[nodiscard]] market::MarketSettings const* of(std::int32_t version) {
    auto const [at, fresh] = known_.try_emplace(version);
    if (fresh) at->second = actor_.settings(version);
    return at->second.get();
  }

 private:
  market::MarketActor const& actor_;
  std::map<std::int32_t, Settings> known_;
};

ConversionModel read_model(LeadEstimateRow const& row) {
  auto model = market::decode_value<ConversionModel>(row.model);
  if (!model || model->features.size() < kOtherFeatures) {
    throw std::runtime_error("a stored estimate of leads cannot be read");
  }
  return std::move(*model);
}

std::vector<std::string> names_of(ConversionModel const& model) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i + kOtherFeatures < model.features.size(); ++i) {
    names.push_back(model.features[i].name);
  }
  return names;
}
std::vector<std::string> names_of(std::vector<targeting::AttributeDef> const& attributes) {
  std::vector<std::string> names;
  for (auto const& attribute : attributes) names.push_back(attribute.name);
  return names;
}

/// A lead's values under those names: versions of a market may order them differently.
std::vector<market::AttributeText> values_of(std::vector<std::string> const& names,
                                             market::MarketSettings const* settings,
                                             std::vector<market::AttributeText> const& values) {
  std::vector<market::AttributeText> picked(names.size());
  if (settings == nullptr) return picked;
  auto const& defs = settings->rules.attributes;
  for (std::size_t i = 0; i < names.size(); ++i) {
    auto const found = std::ranges::find(defs, names[i], &targeting::AttributeDef::name);
    auto const place = static_cast<std::size_t>(found - defs.begin());
    if (found != defs.end() && place < values.size()) picked[i] = values[place];
  }
  return picked;
}

ModelLead lead_of(std::vector<std::string> const& names, Versions& versions,
                  LeadOutcome const& outcome) {
  return {values_of(names, versions.of(outcome.market_version), outcome.attributes),
          outcome.vehicle, outcome.reason};
}

quality::ModelQuality judge(std::span<storage::JudgedOutcome const> outcomes) {
  std::vector<std::optional<std::int64_t>> ppm;
  std::vector<KnownLead> known;
  for (auto const& outcome : outcomes) {
    ppm.emplace_back(outcome.foretold.ppm);
    known.push_back({{}, outcome.won});
  }
  return quality::judge_estimates(ppm, known);
}

/// One market inside one transaction.
class Round {
 public:
  Round(storage::PlatformTx& tx, market::MarketActor const& actor, std::int64_t now_us)
      : tx_(tx), versions_(actor), actor_(actor), market_(actor.market_no()), now_us_(now_us) {}

  struct Done {
    bool made{};
    bool more{};  // there may be outcomes left
  };
  Done run() {
    auto const newest = tx_.lead_estimates().versions(market_, std::nullopt, 1);
    auto const last = newest.empty() ? LeadEstimateRow{} : newest.front();
    auto const recorded = tx_.lead_estimates().recorded(market_);
    auto const left = kEstimateBlock - (recorded - last.outcome_no) % kEstimateBlock;
    auto const outcomes =
        tx_.lead_estimates().unread(market_, now_us_ - kOutcomeAgeUs, static_cast<int>(left));
    record(last, recorded, outcomes);
    auto const total = recorded + std::ssize(outcomes);
    auto const fresh = total - last.outcome_no;
    bool const due =
        fresh >= kEstimateBlock || (fresh > 0 && now_us_ - last.made_us >= kEstimateAgeUs);
    return {due && make(last.version + 1, total), std::ssize(outcomes) == left};
  }

 private:
  void record(LeadEstimateRow const& last, std::int64_t recorded,
              std::vector<LeadOutcome> const& outcomes) {
    std::optional<ConversionModel> model;
    if (last.version > 0) model = read_model(last);
    auto const names = model ? names_of(*model) : std::vector<std::string>{};
    std::vector<storage::NewLeadOutcome> rows;
    for (auto const& outcome : outcomes) {
      auto& row = rows.emplace_back();
      row.outcome_no = ++recorded;
      row.lead_no = outcome.lead_no;
      row.known_us = outcome.known_us;
      row.won = outcome.won;
      if (model) {
        row.foretold_ppm = model->foretell_ppm(lead_of(names, versions_, outcome));
      }
    }
    std::optional<std::int32_t> version;
    if (model) version = last.version;
    if (!rows.empty()) tx_.lead_estimates().record(market_, version, rows);
  }

  bool make(std::int32_t version, std::int64_t total) {
    auto const settings = actor_.settings();
    if (settings == nullptr) return false;
    auto const attributes = estimate_attributes(*settings);
    auto const names = names_of(attributes);
    std::vector<KnownLead> known;
    for (auto const& outcome : tx_.lead_estimates().latest(market_, kEstimateOutcomesMax)) {
      known.push_back({lead_of(names, versions_, outcome), outcome.won});
    }
    auto model = quality::fit_conversions(attributes, known, quality::progressive_settings());
    if (!model) {
      bool const early = model.error() == quality::ModelError::too_few;
      if (!early) {
        log::error("lead_estimates.not_made", "the outcomes of a market make no estimate")
            .field("market", std::string_view{actor_.name()})
            .field("error", static_cast<std::int64_t>(model.error()));
      }
      return false;
    }
    model->progressive =
        judge(tx_.lead_estimates().judged(market_, 1, version - 1, kEstimateOutcomesMax));
    tx_.lead_estimates().add(market_, {version, now_us_, total, market::encode_value(*model)});
    return true;
  }

  storage::PlatformTx& tx_;
  Versions versions_;
  market::MarketActor const& actor_;
  MarketNo market_;
  std::int64_t now_us_;
};

asio::awaitable<std::int64_t> refresh_one(LeadEstimateServices services,
                                          std::shared_ptr<market::MarketActor> actor) {
  std::int64_t made = 0;
  for (bool more = true; more;) {
    auto const now_us = to_unix_micros(services.now());
    auto const done = co_await services.database.transact(
        [actor, now_us](storage::PlatformTx& tx) { return Round(tx, *actor, now_us).run(); });
    if (!done) {  // another node's round was first, or the database is away: the next one tries
      log::warn("lead_estimates.round_failed", "a market's round of estimates was given up")
          .field("market", std::string_view{actor->name()})
          .field("error", storage::text(done.error()));
      co_return made;
    }
    made += done->made ? 1 : 0;
    more = done->more;
  }
  co_return made;
}

}  // namespace

std::vector<targeting::AttributeDef> estimate_attributes(market::MarketSettings const& settings) {
  std::vector<targeting::AttributeDef> wanted;
  auto const& named = settings.estimate_features;
  for (std::size_t i = 0; i < settings.rules.attributes.size(); ++i) {
    auto const& attribute = settings.rules.attributes[i];
    bool const marked = i < settings.known_after_sale.size() && settings.known_after_sale[i] != 0;
    if (marked || quality::named_after_sale(attribute.name)) continue;
    bool const asked =
        named.empty() || std::ranges::find(named, static_cast<std::uint16_t>(i)) != named.end();
    if (asked) wanted.push_back(attribute);
  }
  return wanted;
}

asio::awaitable<std::int64_t> refresh_lead_estimates(LeadEstimateServices services) {
  std::int64_t made = 0;
  for (auto const& actor : services.markets.all()) {
    if (!actor->ready()) continue;
    made += co_await refresh_one(services, actor);
  }
  co_return made;
}

std::vector<JudgedVersion> judged_versions(storage::PlatformTx& tx, MarketNo market,
                                           std::optional<std::int64_t> before, int limit) {
  std::vector<JudgedVersion> versions;
  for (auto& row : tx.lead_estimates().versions(market, before, limit)) {
    auto model = read_model(row);
    versions.push_back({std::move(row), std::move(model), {}});
  }
  if (versions.empty()) return versions;
  auto const outcomes = tx.lead_estimates().judged(
      market, versions.back().row.version, versions.front().row.version, kEstimateOutcomesMax);
  for (auto& version : versions) {
    std::vector<storage::JudgedOutcome> own;
    std::ranges::copy_if(outcomes, std::back_inserter(own), [&version](auto const& outcome) {
      return outcome.foretold.version == version.row.version;
    });
    version.judged = judge(own);
  }
  return versions;
}

std::optional<Foretold> foretell(storage::PlatformTx& tx, market::MarketSettings const& settings,
                                 storage::ScoredLeadRow const& lead) {
  auto const newest = tx.lead_estimates().versions(lead.id.market, std::nullopt, 1);
  if (newest.empty()) return std::nullopt;
  auto const model = read_model(newest.front());
  ModelLead const like{values_of(names_of(model), &settings, lead.attributes), lead.vehicle,
                       lead.reason};
  return Foretold{newest.front().version, model.foretell_ppm(like)};
}

}  // namespace leadex::app
