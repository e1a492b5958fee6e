// The attribution report: what the sources of a generator's leads brought, by rule and group.

#include <algorithm>

#include "server/api/v1/source_services.hpp"
#include "server/api/v1/trade_support.hpp"
#include "server/app/attribution_report.hpp"
#include "server/json/money_text.hpp"

namespace leadex::api {

namespace {

constexpr auto kWindowMax = std::chrono::days{366};
constexpr auto kWindowDefault = std::chrono::days{30};

struct Asked {
  MarketRef market;
  AttributionRule rule{};
  storage::SourcedFilter filter;
};

/// The captures from `from` on, before `until`.
Result<void, ApiProblem> read_window(ApiCall const& call, storage::SourcedFilter& filter) {
  auto const from = query_instant(call, "from");
  if (!from) return refuse(from.error());
  auto const until = query_instant(call, "to");
  if (!until) return refuse(until.error());
  filter.captured_until_us = until->value_or(to_unix_micros(call.ctx.now()));
  filter.captured_from_us =
      from->value_or(filter.captured_until_us - Micros{kWindowDefault}.count());
  auto const width = filter.captured_until_us - filter.captured_from_us;
  if (width > 0 && width <= Micros{kWindowMax}.count()) return {};
  return invalid("/query/from", "out_of_range",
                 "The window has to end after its beginning, 366 days later at most.");
}

Result<Asked, ApiProblem> read_asked(ApiCall& call) {
  auto market = find_market(call.ctx, *call.query("market"));
  if (!market) {
    bool const unknown = market.error().code == Code::not_found;
    return unknown ? Result<Asked, ApiProblem>{problem(Code::market_unknown)}
                   : refuse(market.error());
  }
  Asked asked{std::move(*market), {}, {}};
  asked.filter.viewer = viewer_of(call);
  asked.filter.market = asked.market.no();
  // The contract lists the words.
  asked.rule =
      attribution_rule_named(call.query("rule").value_or("last")).value_or(AttributionRule::last);
  auto const group =
      std::ranges::find(storage::kSourceGroups, call.query("group_by").value_or("vehicle"));
  asked.filter.group = static_cast<storage::SourceGroup>(group - storage::kSourceGroups.begin());
  if (auto const window = read_window(call, asked.filter); !window) return refuse(window.error());
  return asked;
}

/// Millionths as a decimal number.
std::string decimal(std::int64_t millionths) {
  constexpr std::size_t kPlaces = 6;
  auto digits = std::to_string(millionths % app::kWholeShare);
  digits.insert(0, kPlaces - digits.size(), '0');
  return std::to_string(millionths / app::kWholeShare) + '.' + digits;
}

void write_sum(json::JsonWriter& out, app::AttributedSum const& sum, std::string_view currency) {
  out.field("leads", decimal(sum.lead_shares));
  out.field("sales", decimal(sum.sale_shares));
  out.field("net", sum.net, currency);
}

/// What the groups that are not shown brought.
app::AttributedSum rest_of(app::AttributedSum rest,
                           std::vector<app::AttributedGroup> const& groups) {
  for (auto const& group : groups) {
    rest.lead_shares -= group.sum.lead_shares;
    rest.sale_shares -= group.sum.sale_shares;
    rest.net.micros -= group.sum.net.micros;
  }
  return rest;
}

http::Response render_report(Asked const& asked, app::AttributionReport const& report) {
  auto const& currency = asked.market.settings->currency;
  auto const groups = report.groups();
  json::JsonWriter out;
  {
    auto const whole = out.object();
    out.field("market", asked.market.name());
    out.field("rule", kAttributionRules.at(static_cast<std::size_t>(asked.rule)));
    out.field("group_by", storage::kSourceGroups.at(static_cast<std::size_t>(asked.filter.group)));
    out.field("from", from_unix_micros(asked.filter.captured_from_us));
    out.field("to", from_unix_micros(asked.filter.captured_until_us));
    {
      auto const list = out.array("groups");
      for (auto const& group : groups) {
        auto const one = out.object();
        out.field("value", group.value.empty() ? std::nullopt : std::optional{group.value});
        write_sum(out, group.sum, currency);
      }
    }
    {
      auto const rest = out.object("others");
      write_sum(out, rest_of(report.total(), groups), currency);
    }
    auto const total = out.object("total");
    write_sum(out, report.total(), currency);
  }
  return answer(200, out);
}

}  // namespace

/// Reads the leads by number, a bounded part at a time, so that no transaction is long.
asio::awaitable<ApiResult> get_attribution(ApiCall& call, SourceServices& services) {
  auto const asked = read_asked(call);
  if (!asked) co_return refuse(asked.error());
  auto const last = co_await services.sources.last_lead(asked->market.no());
  if (!last) co_return refuse(problem_of(last.error()));
  app::AttributionReport report{asked->rule, asked->filter.group};
  for (std::int64_t after = 0; after < *last;) {
    auto const until = std::min(after + storage::LeadSources::kNumbersMax, *last);
    auto const leads = co_await services.sources.leads(asked->filter, {after, until});
    if (!leads) co_return refuse(problem_of(leads.error()));
    for (auto const& lead : *leads) {
      if (!report.add(lead)) {
        co_return invalid("/query/group_by", "too_many_values",
                          "There are more values than a report can hold; ask for less time.");
      }
    }
    after = until;
  }
  co_return render_report(*asked, report);
}

}  // namespace leadex::api
