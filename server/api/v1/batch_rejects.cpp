#include "server/api/paging.hpp"
#include "server/api/v1/intake_handlers.hpp"
#include "server/api/v1/own_rejects.hpp"
#include "server/intake/csv/writer.hpp"

namespace leadex::api {

namespace {

constexpr int kRowsPerPiece = 2000;

using Rejects = std::optional<std::vector<storage::RowReject>>;

asio::awaitable<Result<Rejects, storage::StoreError>> read(storage::LotStore& store, BatchId id,
                                                           storage::BatchViewer viewer,
                                                           storage::RejectPlace after, int limit) {
  auto job = [=](storage::LotTx& tx) -> Rejects {
    if (!tx.batches().find(id, viewer)) return std::nullopt;
    return tx.batches().rejects(id, after, limit);
  };
  co_return co_await store.transact(job);
}

/// All rejects as CSV, piece by piece; the batch may have millions.
class CsvBody final : public http::BodySource {
 public:
  CsvBody(storage::LotStore& store, BatchId id, storage::BatchViewer viewer, intake::CsvMode mode)
      : store_(store), id_(id), viewer_(viewer), writer_(mode) {
    std::string_view const header[] = {"row",  "external_id", "outcome",
                                       "code", "pointer",     "detail"};
    writer_.row(header);
  }

  asio::awaitable<Result<std::string, http::SourceError>> next() override {
    if (!ended_) {
      auto const rejects = co_await read(store_, id_, viewer_, after_, kRowsPerPiece);
      if (!rejects || !*rejects) co_return refuse(http::SourceError::failed);
      ended_ = (*rejects)->size() < static_cast<std::size_t>(kRowsPerPiece);
      for (auto const& reject : **rejects) {
        writer_.figure(std::to_string(reject.row_no));
        writer_.cell(reject.external_id.value_or("")).cell(text(reject.outcome));
        writer_.cell(reject.code).cell(reject.pointer).cell(reject.detail);
        writer_.end_row();
        after_ = {reject.row_no, reject.fault_no};
      }
    }
    co_return writer_.take();
  }

 private:
  storage::LotStore& store_;
  BatchId id_;
  storage::BatchViewer viewer_;
  intake::CsvWriter writer_;
  storage::RejectPlace after_;
  bool ended_{};
};

/// What of a query says how the CSV looks.
struct CsvForm {
  bool raw{};
  bool own{};
};

/// Query names that the contract does not list: `raw` and `columns` alone.
Result<CsvForm, ApiProblem> read_form(ApiCall const& call) {
  for (auto const& [name, value] : call.request.query) {
    if (name == "limit" || name == "cursor") continue;
    if (name == "columns") {
      if (value == "own") continue;
      return invalid("/query/columns", "not_allowed", "This is own, or not there.");
    }
    if (name != "raw") return invalid("/query/" + name, "unknown_parameter", "No such parameter.");
    if (value != "true" && value != "false") {
      return invalid("/query/raw", "wrong_type", "This is true or false.");
    }
  }
  return CsvForm{.raw = call.query("raw") == "true", .own = call.query("columns").has_value()};
}

bool wants_csv(ApiCall const& call) {
  auto const accept = call.request.headers.find("accept");
  return accept && accept->find("text/csv") != std::string_view::npos;
}

}  // namespace

asio::awaitable<ApiResult> list_batch_rejects(ApiCall& call) {
  auto const id = batch_of_path(call);
  if (!id) co_return refuse(id.error());
  auto const form = read_form(call);
  if (!form) co_return refuse(form.error());
  if (form->own) co_return co_await own_rejects(call, *id, form->raw);
  auto& store = call.ctx.intake->lots.store;
  auto const viewer = batch_viewer(call);
  auto const page = read_page(call, 2);
  if (!page) co_return refuse(page.error());
  storage::RejectPlace after;
  if (!page->after.empty()) after = {page->after[0], page->after[1]};
  auto const rejects = co_await read(store, *id, viewer, after, page->fetch());
  if (!rejects) co_return refuse(problem_of(rejects.error()));
  if (!*rejects) co_return problem(Code::not_found);
  if (wants_csv(call)) {
    auto const mode = form->raw ? intake::CsvMode::raw : intake::CsvMode::spreadsheet;
    auto response = http::make_response(200, "text/csv; charset=utf-8", {});
    response.headers.add("Content-Disposition", "attachment; filename=\"rejects.csv\"");
    response.stream = std::make_unique<CsvBody>(store, *id, viewer, mode);
    co_return response;
  }
  auto const write = [](json::JsonWriter& out, storage::RowReject const& reject) {
    write_reject(out, reject);
  };
  auto const key = [](storage::RowReject const& reject) {
    return std::vector<std::int64_t>{reject.row_no, reject.fault_no};
  };
  co_return answer_page(call, *page, **rejects, write, key);
}

}  // namespace leadex::api
