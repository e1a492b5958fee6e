// Placements: a generator's links for visitors, and what became of the visits.

#include <array>
#include <map>

#include "server/api/kept_answer.hpp"
#include "server/api/v1/click_services.hpp"
#include "server/api/v1/placement_attributes.hpp"
#include "server/api/v1/trade.hpp"
#include "server/api/v1/trade_support.hpp"
#include "server/http/link_template.hpp"
#include "server/json/money_text.hpp"
#include "server/json/time_text.hpp"
#include "server/render/words.hpp"

namespace leadex::api {

namespace {

using storage::Placement;
using storage::VisitOutcome;

constexpr std::int64_t kDayUs = 86'400'000'000;
constexpr std::int32_t kStatsDaysMax = 366;

std::string visitors_url(ApiCall const& call, PlacementId id) {
  auto base = call.ctx.clicks->options.public_url;
  if (base.empty()) {
    base = "https://" + std::string{call.request.headers.find("host").value_or("localhost")};
  }
  return base + "/c/" + call.ctx.ids.seal(id);
}

void write_placement(json::JsonWriter& out, ApiCall const& call, Placement const& placement) {
  auto const whole = out.object();
  out.field("id", call.ctx.ids.seal(placement.id));
  out.field("url", visitors_url(call, placement.id));
  out.field("market", placement.market);
  out.field("name", placement.name);
  auto const attributes = json::parse(placement.definition, {.bytes = placement.definition.size()});
  if (attributes) out.field("attributes", *attributes);
  out.field("fallback_url", placement.fallback_url);
  out.field("postback_url", placement.postback_url);
  out.field("status", placement.paused ? "paused" : "active");
  out.field("created_at", placement.created_at);
}

http::Response render_placement(ApiCall const& call, int status, Placement const& placement) {
  json::JsonWriter out;
  write_placement(out, call, placement);
  return answer(status, out);
}

void check_url(json::ObjectReader& reader, std::string_view name, std::string const& url,
               std::vector<std::string> const& macros, bool allow_local,
               http::LinkFor use = http::LinkFor::visitors) {
  auto const right = http::check_link(url, macros, allow_local, use);
  if (right) return;
  reader.fail(name, std::string{to_string(right.error())},
              "An https address of a public host, port 443 or 8443, with known macros behind it.");
}

/// @errors validation_failed
Result<Placement, ApiProblem> read_placement(ApiCall const& call, MarketRef const& market) {
  auto const& settings = *market.settings;
  bool const local = call.ctx.environment == storage::Environment::dev;
  json::FieldErrors errors;
  json::ObjectReader reader(call.body, errors);
  Placement placement;
  placement.market = market.name();
  placement.generator_no = call.account_no();
  placement.name = reader.require_string("name");
  placement.version = settings.rules.version;
  auto const* const given = json::find_member(call.body, "attributes");
  placement.attributes.resize(settings.rules.attributes.size());
  placement.definition = "{}";
  if (given != nullptr) {
    placement.attributes = read_attributes(*given, settings, errors);
    json::JsonWriter accepted;
    accepted.value(*given);
    placement.definition = accepted.str();
  }
  placement.fallback_url = reader.require_string("fallback_url");
  check_url(reader, "fallback_url", placement.fallback_url, {}, local);
  placement.postback_url = reader.optional_string("postback_url");
  if (placement.postback_url) {
    check_url(reader, "postback_url", *placement.postback_url, postback_macros(settings), local,
              http::LinkFor::requests);
  }
  if (!errors.empty()) return invalid(std::move(errors));
  return placement;
}

asio::awaitable<ApiResult> make(ApiCall& call) {
  auto const market = body_market(call);
  if (!market) co_return refuse(market.error());
  auto placement = read_placement(call, *market);
  if (!placement) co_return refuse(placement.error());
  auto const number =
      co_await call.ctx.numbers.reserve_later(market->no(), storage::NumberKind::placement, 1);
  if (!number) co_return refuse(problem_of(number.error()));
  placement->id = {market->no(), *number};
  placement->created_at = call.ctx.now();
  auto const done = co_await call.ctx.clicks->store.insert(*placement);
  if (!done) co_return refuse(problem_of(done.error()));
  co_return render_placement(call, 200, *placement);
}

asio::awaitable<Result<Placement, ApiProblem>> own_placement(ApiCall& call) {
  auto const id = path_id<PlacementId>(call);
  if (!id) co_return refuse(id.error());
  auto const found = co_await call.ctx.clicks->store.find(viewer_of(call), *id);
  if (!found) co_return refuse(problem_of(found.error()));
  if (!*found) co_return problem(Code::not_found);
  co_return **found;
}

constexpr std::array<std::string_view, storage::kVisitOutcomes> kOutcomes{
    "charged",  "unsold",   "not_get", "prefetch", "bot",
    "repeated", "velocity", "paused",  "busy",     "on_result"};
constexpr auto kOnResult = static_cast<std::size_t>(VisitOutcome::sold_on_result);

struct Sums {
  std::array<std::int64_t, storage::kVisitOutcomes> n{};
  Money gross;
  Money net;

  void add(storage::VisitCount const& count) {
    n.at(static_cast<std::size_t>(count.outcome)) += count.n;
    gross.micros += count.gross.micros;
    net.micros += count.net.micros;
  }
};

void write_sums(json::JsonWriter& out, Sums const& sums, std::string_view currency) {
  std::int64_t all = 0;
  for (auto const n : sums.n) all += n;
  out.field("clicks", all);
  out.field("charged", sums.n[0]);
  out.field(kOutcomes.at(kOnResult), sums.n.at(kOnResult));
  {
    auto const uncharged = out.object("uncharged");
    for (std::size_t i = 1; i < kOnResult; ++i) out.field(kOutcomes.at(i), sums.n.at(i));
  }
  out.field("gross", sums.gross, currency);
  out.field("net", sums.net, currency);
}

void write_postback(json::JsonWriter& out, ApiCall const& call,
                    storage::PostbackView const& postback) {
  auto const whole = out.object();
  out.field("id", call.ctx.ids.seal(postback.conversion));
  out.field("click_id", call.ctx.ids.seal(postback.click));
  out.field("event", postback.event);
  out.field("conversion_status", render::word(postback.outcome));
  out.field("status", storage::kDeliveryStatusTexts.at(static_cast<std::size_t>(postback.status)));
  out.field("attempts", postback.attempts);
  std::optional<Timestamp> next;
  if (postback.status == storage::DeliveryStatus::waiting) next = postback.next_at;
  out.field("next_at", next);
  out.field("last_status", postback.last_status);
  out.field("last_error", postback.last_error);
  out.field("last_at", postback.last_at);
  out.field("created_at", postback.created_at);
}

std::string date_of(std::int32_t day) {
  return json::format_timestamp(from_unix_micros(day * kDayUs)).substr(0, 10);
}

http::Response render_stats(ApiCall const& call, Placement const& placement,
                            std::vector<storage::VisitCount> const& counts) {
  Sums whole;
  std::map<std::int32_t, Sums, std::greater<>> days;
  for (auto const& count : counts) {
    whole.add(count);
    days[count.day].add(count);
  }
  json::JsonWriter out;
  {
    auto const object = out.object();
    out.field("placement_id", call.ctx.ids.seal(placement.id));
    write_sums(out, whole, placement.currency);
    auto const list = out.array("days");
    for (auto const& [day, sums] : days) {
      auto const one = out.object();
      out.field("day", date_of(day));
      write_sums(out, sums, placement.currency);
    }
  }
  return answer(200, out);
}

}  // namespace

Answered create_placement(ApiCall& call) {
  auto result = co_await answer_once(call, make);
  if (result && result->status == 200) result->status = 201;
  co_return result;
}

Answered list_placements(ApiCall& call) {
  auto const page = read_page(call, 3);
  if (!page) co_return refuse(page.error());
  auto const market = query_market(call);
  if (!market) co_return refuse(market.error());
  storage::PlacementFilter filter;
  filter.market = *market;
  filter.limit = page->fetch();
  if (!page->after.empty()) {
    filter.before = storage::PlacementCursor{page->after[0], static_cast<MarketNo>(page->after[1]),
                                             page->after[2]};
  }
  auto const found = co_await call.ctx.clicks->store.list(viewer_of(call), filter);
  if (!found) co_return refuse(problem_of(found.error()));
  co_return answer_page(
      call, *page, *found,
      [&](json::JsonWriter& out, Placement const& placement) {
        write_placement(out, call, placement);
      },
      [](Placement const& placement) {
        return std::vector<std::int64_t>{to_unix_micros(placement.created_at),
                                         std::int64_t{placement.id.market}, placement.id.no};
      });
}

Answered get_placement(ApiCall& call) {
  auto const placement = co_await own_placement(call);
  if (!placement) co_return refuse(placement.error());
  co_return render_placement(call, 200, *placement);
}

Answered patch_placement(ApiCall& call) {
  auto placement = co_await own_placement(call);
  if (!placement) co_return refuse(placement.error());
  placement->paused = json::text_of(*json::find_member(call.body, "status")) == "paused";
  auto& services = *call.ctx.clicks;
  auto const done =
      co_await services.store.pause(viewer_of(call), placement->id, placement->paused);
  services.cache.forget(placement->id);
  if (!done) co_return refuse(problem_of(done.error()));
  if (!*done) co_return problem(Code::not_found);
  co_return render_placement(call, 200, *placement);
}

Answered list_placement_postbacks(ApiCall& call) {
  auto const page = read_page(call);
  if (!page) co_return refuse(page.error());
  auto const placement = co_await own_placement(call);
  if (!placement) co_return refuse(placement.error());
  auto const found = co_await call.ctx.clicks->store.postbacks(viewer_of(call), placement->id,
                                                               page->before_no(), page->fetch());
  if (!found) co_return refuse(problem_of(found.error()));
  co_return answer_page(
      call, *page, *found,
      [&](json::JsonWriter& out, storage::PostbackView const& postback) {
        write_postback(out, call, postback);
      },
      [](storage::PostbackView const& postback) {
        return std::vector<std::int64_t>{postback.conversion.no};
      });
}

Answered get_placement_stats(ApiCall& call) {
  auto const placement = co_await own_placement(call);
  if (!placement) co_return refuse(placement.error());
  auto const today = static_cast<std::int32_t>(to_unix_micros(call.ctx.now()) / kDayUs);
  auto const days = call.query_int("days").value_or(30);
  auto const first = today - static_cast<std::int32_t>(days) + 1;
  // Those of this process that are still in memory; of others, the last seconds are missing.
  (void)co_await call.ctx.clicks->counts.flush();
  auto const counts = co_await call.ctx.clicks->store.counts(placement->id, first, today);
  if (!counts) co_return refuse(problem_of(counts.error()));
  static_assert(kStatsDaysMax == 366, "the contract says the same");
  co_return render_stats(call, *placement, *counts);
}

}  // namespace leadex::api
