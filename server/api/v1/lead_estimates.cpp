// Versions of what is foretold of leads, for staff, and how well they foretold it.

#include "server/app/lead_estimates.hpp"

#include "server/api/v1/trade.hpp"
#include "server/api/v1/trade_support.hpp"

namespace leadex::api {

namespace {

constexpr std::int64_t kThousand = 1000;

void write_quality(json::JsonWriter& out, std::string_view name,
                   quality::ModelQuality const& quality) {
  auto const whole = out.object(name);
  out.field("leads", quality.leads);
  out.field("won", quality.won);
  out.field("foretold_milli", quality.foretold_milli);
  std::optional<std::int64_t> ratio;
  if (quality.won > 0) ratio = quality.foretold_milli * kThousand / quality.won;
  out.field("foretold_to_won_ppm", ratio);
  // With one kind of outcome alone there is no order to judge.
  bool const both = quality.won > 0 && quality.won < quality.leads;
  out.field("auc_ppm", both ? std::optional{quality.auc_ppm} : std::nullopt);
}

void write_version(json::JsonWriter& out, app::JudgedVersion const& version) {
  auto const whole = out.object();
  auto const& model = version.model;
  out.field("version", version.row.version);
  out.field("made_at", from_unix_micros(version.row.made_us));
  out.field("fitted_leads", model.leads);
  out.field("fitted_won", model.won);
  {
    auto const features = out.array("features");
    for (auto const& feature : model.features) out.value(feature.name);
  }
  write_quality(out, "judged", version.judged);
  write_quality(out, "before", model.progressive);
}

}  // namespace

Answered list_lead_estimates(ApiCall& call) {
  auto const market = find_market(call.ctx, call.param("id"));
  if (!market) co_return refuse(market.error());
  auto const page = read_page(call);
  if (!page) co_return refuse(page.error());
  auto const versions = co_await call.ctx.database.transact(
      [no = market->no(), before = page->before_no(), limit = page->fetch()](
          storage::PlatformTx& tx) { return app::judged_versions(tx, no, before, limit); });
  if (!versions) co_return refuse(problem_of(versions.error()));
  co_return answer_page(call, *page, *versions, write_version,
                        [](app::JudgedVersion const& version) {
                          return std::vector<std::int64_t>{version.row.version};
                        });
}

}  // namespace leadex::api
