// What buyers tell of the leads they bought, and what leads were lost for. What the person answered
// is shown to the sale's buyer alone.

#include <algorithm>
#include <array>
#include <map>

#include "server/api/app_problem.hpp"
#include "server/api/staff_idempotency.hpp"
#include "server/api/v1/trade.hpp"
#include "server/api/v1/trade_support.hpp"
#include "server/app/report_disposition.hpp"
#include "server/json/time_text.hpp"
#include "server/render/words.hpp"

namespace leadex::api {

namespace {

constexpr std::int64_t kDayUs = 86'400'000'000;
constexpr int kLossRowsMax = 5000;
constexpr std::int64_t kLossDays = 30;

/// true, or what was answered: it is there. false: it was asked and is not.
quality::BantAnswer answer_of(json::Value const* value) {
  using quality::BantAnswer;
  if (value == nullptr || value->IsNull()) return BantAnswer::open;
  if (value->IsBool()) return value->GetBool() ? BantAnswer::yes : BantAnswer::no;
  return BantAnswer::yes;
}

void read_bant(json::ObjectReader& reader, app::ToldWord& into) {
  auto bant = reader.optional_object("bant");
  if (!bant) return;
  into.word.bant =
      quality::Bant{answer_of(bant->find("budget")), answer_of(bant->find("authority")),
                    answer_of(bant->find("need")), answer_of(bant->find("timeline"))};
  into.bant = json::to_text(*reader.find("bant"));
}

Result<app::ToldWord, ApiProblem> read_word(ApiCall const& call, SaleId sale) {
  json::FieldErrors errors;
  json::ObjectReader reader(call.body, errors);
  app::ToldWord told;
  told.sale = sale;
  auto const stage = reader.require_string("stage");
  auto const* const found = std::ranges::find(quality::kDispositionStages, stage);
  // The contract lists the same words.
  if (found == std::end(quality::kDispositionStages)) {
    reader.fail("stage", "not_in_list", "No such stage.");
  } else {
    told.word.stage =
        static_cast<quality::DispositionStage>(1 + (found - quality::kDispositionStages));
  }
  told.word.reason = reader.optional_string("reason").value_or("");
  told.word.at_us = to_unix_micros(json::require_timestamp(reader, "at"));
  read_bant(reader, told);
  if (!errors.empty()) return invalid(std::move(errors));
  return told;
}

void write_word(json::JsonWriter& out, crypto::PublicIdCodec const& ids,
                storage::DispositionRow const& row, std::optional<std::string> const& answers) {
  auto const whole = out.object();
  out.field("sale_id", ids.seal(row.sale));
  out.field("number", row.n + 1);
  out.field("stage", quality::text(row.stage));
  std::optional<std::string_view> reason;
  std::optional<std::string_view> group;
  if (row.group) {
    reason = row.reason;
    group = quality::text(*row.group);
  }
  out.field("reason", reason);
  out.field("group", group);
  out.field("at", from_unix_micros(row.at_us));
  out.field("told_at", from_unix_micros(row.told_us));
  if (!answers) return;
  auto const bant = json::parse(*answers, {.bytes = answers->size()});
  if (bant && bant->IsObject()) out.field("bant", static_cast<json::Value const&>(*bant));
}

struct ToldStory {
  storage::ToldSale sale;
  std::vector<storage::DispositionRow> words;
};

void write_loss(json::JsonWriter& out, ApiCall const& call, storage::LossCount const& row) {
  auto const one = out.object();
  out.field("day", json::format_date(std::chrono::sys_days{std::chrono::days{row.day}}));
  out.field("group", quality::text(row.group));
  out.field("reason", row.reason);
  out.field("market", row.market_name);
  if (call.staff()) out.field("generator_id", call.ctx.ids.seal(AccountId{0, row.generator_no}));
  {
    auto const source = out.object("source");
    out.field("vehicle", render::vehicle_word(row.vehicle));
    out.field("reason", row.source_reason);
  }
  out.field("sales", row.sales);
}

void write_groups(json::JsonWriter& out, std::vector<storage::LossCount> const& rows) {
  std::array<std::int64_t, 3> sums{};
  for (auto const& row : rows) sums.at(static_cast<std::size_t>(row.group) - 1) += row.sales;
  auto const groups = out.object("groups");
  for (std::size_t i = 0; i < sums.size(); ++i) out.field(quality::kLossGroups[i], sums.at(i));
}

}  // namespace

Answered create_disposition(ApiCall& call) {
  auto const id = path_sale(call);
  if (!id) co_return refuse(id.error());
  auto told = read_word(call, *id);
  if (!told) co_return refuse(told.error());
  app::AnswerAction action =
      [tools = app_tools(call.ctx), ctx = &call.ctx, actor = call.principal,
       told = std::move(*told)](storage::PlatformTx& tx) -> app::AppResult<app::Answer> {
    auto const row = app::report_disposition(tools, tx, actor, told);
    if (!row) return refuse(row.error());
    json::JsonWriter out;
    // The answer is kept for repeated requests; what the person said is not.
    write_word(out, ctx->ids, *row, std::nullopt);
    return app::Answer{201, out.str()};
  };
  co_return co_await transact_once(call, std::move(action));
}

Answered list_dispositions(ApiCall& call) {
  auto const id = path_sale(call);
  if (!id) co_return refuse(id.error());
  auto const page = read_page(call);
  if (!page) co_return refuse(page.error());
  auto story = co_await call.ctx.database.transact(
      [viewer = viewer_of(call), sale = *id](storage::PlatformTx& tx) -> std::optional<ToldStory> {
        auto const found = tx.lead_stories().visible(viewer, sale);
        if (!found) return std::nullopt;
        return ToldStory{*found, tx.lead_stories().told(viewer, sale)};
      });
  if (!story) co_return refuse(problem_of(story.error()));
  if (!*story) co_return problem(Code::not_found);
  auto& words = (*story)->words;
  auto const after = page->before_no().value_or(-1);
  std::erase_if(words, [after](auto const& word) { return word.n <= after; });
  std::map<std::int32_t, std::optional<std::string>> answers;
  for (auto const& word : words) {
    bool const own = word.buyer_no == call.account_no() && !call.staff();
    if (!own || !(*story)->sale.standing) continue;
    auto opened = app::open_answers(call.ctx.keys, (*story)->sale, word);
    if (!opened) co_return refuse(problem_of(opened.error()));
    answers[word.n] = std::move(*opened);
  }
  auto const write = [&](json::JsonWriter& out, storage::DispositionRow const& row) {
    write_word(out, call.ctx.ids, row, answers[row.n]);
  };
  co_return answer_page(call, *page, words, write, [](storage::DispositionRow const& row) {
    return std::vector<std::int64_t>{row.n};
  });
}

Answered get_disqualification(ApiCall& call) {
  auto const market = query_market(call);
  if (!market) co_return refuse(market.error());
  auto const today = static_cast<std::int32_t>(to_unix_micros(call.ctx.now()) / kDayUs);
  auto const days = static_cast<std::int32_t>(call.query_int("days").value_or(kLossDays));
  storage::LossFilter const filter{today - days + 1, today + 1, *market, kLossRowsMax + 1};
  auto rows = co_await call.ctx.database.transact(
      [viewer = viewer_of(call), filter](storage::PlatformTx& tx) {
        return tx.lead_stories().losses(viewer, filter);
      });
  if (!rows) co_return refuse(problem_of(rows.error()));
  bool const cut = std::ssize(*rows) > kLossRowsMax;
  if (cut) rows->resize(kLossRowsMax);
  json::JsonWriter out;
  {
    auto const whole = out.object();
    auto const date = [](std::int32_t day) {
      return json::format_date(std::chrono::sys_days{std::chrono::days{day}});
    };
    out.field("from", date(filter.from_day));
    out.field("to", date(today));
    write_groups(out, *rows);
    out.field("truncated", cut);
    auto const list = out.array("rows");
    for (auto const& row : *rows) write_loss(out, call, row);
  }
  co_return answer(200, out);
}

}  // namespace leadex::api
