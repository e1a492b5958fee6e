#include <algorithm>
#include <array>

#include "server/api/kept_answer.hpp"
#include "server/api/paging.hpp"
#include "server/api/v1/intake_handlers.hpp"
#include "server/api/v1/lead_warnings.hpp"
#include "server/json/time_text.hpp"

namespace leadex::api {

namespace {

// As table lead counts its states.
constexpr std::array<std::string_view, 6> kLeadStates{"checked",   "listed",  "sold",
                                                      "withdrawn", "expired", "unsold"};

Result<std::optional<std::int64_t>, ApiProblem> read_instant(ApiCall const& call,
                                                             std::string_view name) {
  auto const text = call.query(name);
  if (!text) return std::optional<std::int64_t>{};
  auto const at = json::parse_timestamp(*text);
  if (!at) {
    return invalid("/query/" + std::string{name}, "time_malformed", "This is no RFC 3339 instant.");
  }
  return std::optional{to_unix_micros(*at)};
}

/// Outside, a lot on its way to the market is still being checked.
std::vector<storage::BatchStatus> read_statuses(ApiCall const& call) {
  using storage::BatchStatus;
  std::vector<BatchStatus> statuses;
  for (auto const& word : call.query_list("status")) {
    for (std::size_t i = 0; i < storage::kBatchStatusTexts.size(); ++i) {
      if (storage::kBatchStatusTexts.at(i) != word) continue;
      statuses.push_back(static_cast<BatchStatus>(i));
      if (statuses.back() == BatchStatus::checking) statuses.push_back(BatchStatus::listing);
    }
  }
  return statuses;
}

}  // namespace

asio::awaitable<ApiResult> list_batches(ApiCall& call) {
  auto const page = read_page(call, 3);
  if (!page) co_return refuse(page.error());
  auto const market = market_of_query(call);
  if (!market) co_return refuse(market.error());
  auto const from = read_instant(call, "created_at[gte]");
  if (!from) co_return refuse(from.error());
  auto const until = read_instant(call, "created_at[lt]");
  if (!until) co_return refuse(until.error());
  storage::BatchFilter filter{.viewer = batch_viewer(call),
                              .market = *market,
                              .statuses = read_statuses(call),
                              .created_from_us = *from,
                              .created_until_us = *until,
                              .limit = page->fetch()};
  if (!page->after.empty()) filter.after = {page->after[0], page->after[1], page->after[2]};
  auto job = [filter](storage::LotTx& tx) { return tx.batches().list(filter); };
  auto const batches = co_await call.ctx.intake->lots.store.transact(job);
  if (!batches) co_return refuse(problem_of(batches.error()));
  auto const write = [&](json::JsonWriter& out, storage::Batch const& batch) {
    write_batch(out, call.ctx, batch);
  };
  auto const key = [](storage::Batch const& batch) {
    return std::vector<std::int64_t>{to_unix_micros(batch.created_at), batch.id.market,
                                     batch.id.no};
  };
  co_return answer_page(call, *page, *batches, write, key);
}

asio::awaitable<ApiResult> get_batch(ApiCall& call) {
  auto const id = batch_of_path(call);
  if (!id) co_return refuse(id.error());
  auto job = [id = *id, viewer = batch_viewer(call)](storage::LotTx& tx) {
    return tx.batches().find(id, viewer);
  };
  auto const batch = co_await call.ctx.intake->lots.store.transact(job);
  if (!batch) co_return refuse(problem_of(batch.error()));
  if (!*batch) co_return problem(Code::not_found);
  json::JsonWriter out;
  write_batch(out, call.ctx, **batch);
  co_return answer(200, out);
}

asio::awaitable<ApiResult> list_batch_rows(ApiCall& call) {
  auto const id = batch_of_path(call);
  if (!id) co_return refuse(id.error());
  auto const page = read_page(call);
  if (!page) co_return refuse(page.error());
  auto const after = page->after.empty() ? 0 : page->after.front();
  using Rows = std::optional<std::vector<storage::RowView>>;
  auto job = [id = *id, viewer = batch_viewer(call), after,
              limit = page->fetch()](storage::LotTx& tx) -> Rows {
    auto const batch = tx.batches().find(id, viewer);
    if (!batch) return std::nullopt;
    return tx.batches().rows(*batch, after, limit);
  };
  auto const rows = co_await call.ctx.intake->lots.store.transact(job);
  if (!rows) co_return refuse(problem_of(rows.error()));
  if (!*rows) co_return problem(Code::not_found);
  auto const write = [&](json::JsonWriter& out, storage::RowView const& row) {
    auto const scope = out.object();
    out.field("row", row.row_no);
    std::optional<std::string> lead;
    if (row.lead_no) lead = call.ctx.ids.seal(LeadId{id->market, *row.lead_no});
    out.field("lead_id", lead);
    out.field("outcome", text(row.outcome));
    if (lead) out.field("status", kLeadStates.at(static_cast<std::size_t>(row.lead_state)));
    write_warnings(out, intake::RowWarnings{row.warnings}, row.domain_suggested);
  };
  auto const key = [](storage::RowView const& row) { return std::vector{row.row_no}; };
  co_return answer_page(call, *page, **rows, write, key);
}

namespace {

asio::awaitable<ApiResult> withdraw_now(ApiCall& call) {
  auto const id = batch_of_path(call);
  if (!id) co_return refuse(id.error());
  auto const withdrawn =
      co_await call.ctx.intake->finisher.withdraw(*id, batch_viewer(call), actor_of(call));
  if (!withdrawn) co_return refuse(problem_of(withdrawn.error()));
  json::JsonWriter out;
  {
    auto const scope = out.object();
    out.field("id", call.ctx.ids.seal(*id));
    out.field("withdrawn", *withdrawn);
  }
  co_return answer(200, out);
}

}  // namespace

asio::awaitable<ApiResult> withdraw_batch(ApiCall& call) {
  co_return co_await answer_once(call, withdraw_now);
}

}  // namespace leadex::api
