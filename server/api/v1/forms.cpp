// Forms: what a generator's hosted pages show and ask for, and what became of their visits.

#include <array>
#include <map>

#include "server/api/kept_answer.hpp"
#include "server/api/v1/form_definition.hpp"
#include "server/api/v1/form_services.hpp"
#include "server/api/v1/trade_support.hpp"
#include "server/json/time_text.hpp"

namespace leadex::api {

namespace {

using Answered = asio::awaitable<ApiResult>;
using storage::Form;
using storage::FormId;

constexpr std::int64_t kDayUs = 86'400'000'000;
constexpr std::int32_t kDaysMax = 366;
constexpr std::int32_t kDaysDefault = 30;

std::string id_of(ApiCall const& call, FormId id) {
  return call.ctx.ids.seal(crypto::IdKind::form, id.market, id.no);
}

/// Where visitors see it.
std::string url_of(ApiCall const& call, FormServices const& forms, FormId id) {
  auto base = forms.options.public_url;
  if (base.empty()) base = "https://localhost";
  return base + "/f/" + id_of(call, id);
}

void write_form(json::JsonWriter& out, ApiCall const& call, FormServices const& forms,
                Form const& form) {
  auto const whole = out.object();
  out.field("id", id_of(call, form.id));
  out.field("url", url_of(call, forms, form.id));
  out.field("market", form.market);
  out.field("version", form.version);
  auto const definition = json::parse(form.definition, {.bytes = form.definition.size()});
  if (definition) out.field("definition", *definition);
  out.field("status", form.paused ? "paused" : "active");
  out.field("created_at", form.created_at);
}

http::Response render_form(ApiCall const& call, FormServices const& forms, int status,
                           Form const& form) {
  json::JsonWriter out;
  write_form(out, call, forms, form);
  return answer(status, out);
}

/// The definition of the body as it is stored. @errors validation_failed
Result<std::string, ApiProblem> read(ApiCall const& call, FormServices const& forms,
                                     market::MarketSettings const& settings) {
  auto const& given = *json::find_member(call.body, "definition");
  auto const definition = forms::read_definition(given);
  DefinitionRules const rules{.settings = settings,
                              .mails = forms.options.mails,
                              .allow_local = call.ctx.environment == storage::Environment::dev};
  auto faults = definition_faults(definition, rules);
  if (!faults.empty()) return invalid(std::move(faults));
  return json::to_text(given);
}

Answered make(ApiCall& call, FormServices& forms) {
  auto const market = body_market(call);
  if (!market) co_return refuse(market.error());
  auto definition = read(call, forms, *market->settings);
  if (!definition) co_return refuse(definition.error());
  auto const number =
      co_await call.ctx.numbers.reserve_later(market->no(), storage::kFormNumbers, 1);
  if (!number) co_return refuse(problem_of(number.error()));
  Form form;
  form.id = {market->no(), *number};
  form.market = market->name();
  form.generator_no = call.account_no();
  form.version = 1;
  form.definition = std::move(*definition);
  form.created_at = call.ctx.now();
  auto const done = co_await forms.store.insert(form);
  if (!done) co_return refuse(problem_of(done.error()));
  co_return render_form(call, forms, 200, form);
}

Answered create(ApiCall& call, FormServices& forms) {
  auto result = co_await answer_once(call, [&forms](ApiCall& one) { return make(one, forms); });
  if (result && result->status == 200) result->status = 201;
  co_return result;
}

Answered list(ApiCall& call, FormServices& forms) {
  auto const page = read_page(call, 3);
  if (!page) co_return refuse(page.error());
  auto const market = query_market(call);
  if (!market) co_return refuse(market.error());
  storage::FormFilter filter;
  filter.market = *market;
  filter.limit = page->fetch();
  if (!page->after.empty()) {
    filter.before =
        storage::FormCursor{page->after[0], static_cast<MarketNo>(page->after[1]), page->after[2]};
  }
  auto const found = co_await forms.store.list(viewer_of(call), filter);
  if (!found) co_return refuse(problem_of(found.error()));
  co_return answer_page(
      call, *page, *found,
      [&](json::JsonWriter& out, Form const& form) { write_form(out, call, forms, form); },
      [](Form const& form) {
        return std::vector<std::int64_t>{to_unix_micros(form.created_at),
                                         std::int64_t{form.id.market}, form.id.no};
      });
}

asio::awaitable<Result<Form, ApiProblem>> own_form(ApiCall& call, FormServices& forms) {
  auto const id = call.ctx.ids.open(call.param("id"), crypto::IdKind::form);
  if (!id) co_return problem(Code::not_found);
  auto const found = co_await forms.store.find(viewer_of(call), {id->market, id->no});
  if (!found) co_return refuse(problem_of(found.error()));
  if (!*found) co_return problem(Code::not_found);
  co_return **found;
}

Answered get(ApiCall& call, FormServices& forms) {
  auto const form = co_await own_form(call, forms);
  if (!form) co_return refuse(form.error());
  co_return render_form(call, forms, 200, *form);
}

Answered patch(ApiCall& call, FormServices& forms) {
  auto const form = co_await own_form(call, forms);
  if (!form) co_return refuse(form.error());
  std::optional<bool> paused;
  if (auto const* status = json::find_member(call.body, "status")) {
    paused = json::text_of(*status) == "paused";
  }
  std::optional<std::string> definition;
  if (json::find_member(call.body, "definition") != nullptr) {
    auto const market = find_market(call.ctx, form->id.market);
    if (!market) co_return refuse(market.error());
    auto accepted = read(call, forms, *market->settings);
    if (!accepted) co_return refuse(accepted.error());
    // The same again is no new version.
    if (*accepted != form->definition) definition = std::move(*accepted);
  }
  auto const done = co_await forms.store.change(viewer_of(call), form->id, paused,
                                                std::move(definition), call.ctx.now());
  if (!done) co_return refuse(problem_of(done.error()));
  if (!*done) co_return problem(Code::not_found);
  co_return render_form(call, forms, 200, **done);
}

/// A day of the query, in days since 1970. @errors validation_failed
Result<std::optional<std::int32_t>, ApiProblem> query_day(ApiCall const& call,
                                                          std::string_view name) {
  auto const text = call.query(name);
  if (!text) return std::optional<std::int32_t>{};
  auto const at = json::parse_timestamp(std::string{*text} + "T00:00:00Z");
  if (!at) {
    return invalid(json::child_pointer("/query", name), "time_malformed",
                   "A day is written YYYY-MM-DD.");
  }
  return std::optional{static_cast<std::int32_t>(to_unix_micros(*at) / kDayUs)};
}

using Steps = std::array<std::int64_t, storage::kFormStepTexts.size()>;

void write_steps(json::JsonWriter& out, Steps const& steps) {
  for (std::size_t i = 0; i < steps.size(); ++i) {
    out.field(storage::kFormStepTexts.at(i), steps.at(i));
  }
}

http::Response render_funnel(ApiCall const& call, FormId id,
                             std::vector<storage::FormCount> const& counts) {
  Steps whole{};
  std::map<std::int32_t, Steps, std::greater<>> days;
  for (auto const& count : counts) {
    auto const step = static_cast<std::size_t>(count.step);
    whole.at(step) += count.n;
    days[count.day].at(step) += count.n;
  }
  json::JsonWriter out;
  {
    auto const object = out.object();
    out.field("form_id", id_of(call, id));
    write_steps(out, whole);
    auto const list = out.array("days");
    for (auto const& [day, steps] : days) {
      auto const one = out.object();
      out.field("day", json::format_timestamp(from_unix_micros(day * kDayUs)).substr(0, 10));
      write_steps(out, steps);
    }
  }
  return answer(200, out);
}

Answered funnel(ApiCall& call, FormServices& forms) {
  auto const form = co_await own_form(call, forms);
  if (!form) co_return refuse(form.error());
  auto const from = query_day(call, "from");
  if (!from) co_return refuse(from.error());
  auto const to = query_day(call, "to");
  if (!to) co_return refuse(to.error());
  auto const today = static_cast<std::int32_t>(to_unix_micros(call.ctx.now()) / kDayUs);
  auto const last = to->value_or(today);
  auto const first = from->value_or(last - kDaysDefault + 1);
  if (first > last || last - first >= kDaysMax) {
    co_return invalid("/query/from", "range_invalid", "At most 366 days, the first one first.");
  }
  // Those of this process that are still in memory; of others, the last seconds are missing.
  (void)co_await forms.counts.flush();
  auto const counts = co_await forms.store.counts(form->id, first, last);
  if (!counts) co_return refuse(problem_of(counts.error()));
  co_return render_funnel(call, form->id, *counts);
}

}  // namespace

void register_forms(http::Router& router, ApiContext& context, FormServices& forms) {
  using Handler = Answered (*)(ApiCall&, FormServices&);
  auto const put = [&](std::string_view id, Handler handler) {
    add(router, context, id, [&forms, handler](ApiCall& call) { return handler(call, forms); });
  };
  put("create_form", create);
  put("list_forms", list);
  put("get_form", get);
  put("patch_form", patch);
  put("get_form_funnel", funnel);
}

}  // namespace leadex::api
