#include "server/api/v1/own_rejects.hpp"

#include <algorithm>

#include "server/api/v1/intake_handlers.hpp"
#include "server/intake/csv/writer.hpp"
#include "server/intake/csv_columns.hpp"
#include "server/intake/own_rows.hpp"
#include "server/intake/upload_decoder.hpp"

namespace leadex::api {

namespace {

constexpr int kRowsPerPiece = 1000;
constexpr std::string_view kLineColumn = "line";  // of NDJSON: the line is one cell

/// What may be read, or the reason why not.
struct Opened {
  storage::BatchFormat format{};
  storage::OwnKeyRow key;
};
using Opening = Result<Opened, Code>;

Opening open_batch(storage::LotTx& tx, BatchId id, storage::BatchViewer viewer,
                   app::Actor const& actor) {
  auto const batch = tx.batches().find(id, viewer);
  if (!batch) return refuse(Code::not_found);
  auto const key = tx.own_rows().find_key(id);
  if (!key) return refuse(Code::contact_gone);
  storage::AuditEntry const entry{.principal_no = actor.principal_no,
                                  .tenant_no = batch->tenant_no,
                                  .action = "batch.own_rows_read",
                                  .object_kind = "batch",
                                  .object_market = id.market,
                                  .object_no = id.no,
                                  .payload = {}};
  tx.audit().append(id.market, {&entry, 1});
  return Opened{batch->format, *key};
}

/// All refused rows, piece by piece; the batch may have millions.
class OwnBody final : public http::BodySource {
 public:
  OwnBody(storage::LotStore& store, BatchId id, storage::BatchFormat format, crypto::AeadKey key,
          std::vector<std::string> const& header, intake::CsvMode mode)
      : store_(store),
        id_(id),
        format_(format),
        key_(std::move(key)),
        columns_(header.size()),
        writer_(mode) {
    for (auto const& name : header) writer_.cell(name);
    for (auto const name :
         {intake::kRowColumn, intake::kOutcomeColumn, intake::kCodeColumn, intake::kDetailColumn}) {
      writer_.cell(name);
    }
    writer_.end_row();
  }

  asio::awaitable<Result<std::string, http::SourceError>> next() override {
    if (!ended_) {
      auto job = [id = id_, after = after_](storage::LotTx& tx) {
        return tx.own_rows().refused(id, after, kRowsPerPiece);
      };
      auto const rows = co_await store_.transact(job);
      if (!rows) co_return refuse(http::SourceError::failed);
      ended_ = rows->size() < static_cast<std::size_t>(kRowsPerPiece);
      for (auto const& row : *rows) {
        if (!write(row)) co_return refuse(http::SourceError::failed);
        after_ = row.row_no;
      }
    }
    co_return writer_.take();
  }

 private:
  /// A row that could not be kept, or was destroyed meanwhile, has empty cells.
  [[nodiscard]] bool write(storage::RefusedRow const& row) {
    std::vector<std::string> cells;
    if (row.sealed) {
      auto const own = intake::open_own_row(key_, id_, row.row_no, *row.sealed);
      if (!own) return false;
      if (format_ == storage::BatchFormat::csv) {
        auto fields = intake::unpack_fields(own->view());
        if (!fields) return false;
        cells = std::move(*fields);
      } else {
        cells.emplace_back(own->view());
      }
    }
    cells.resize(columns_);
    for (auto& cell : cells) {
      writer_.cell(cell);
      crypto::wipe(cell);
    }
    writer_.figure(std::to_string(row.row_no));
    writer_.cell(storage::kRowOutcomeTexts.at(static_cast<std::size_t>(row.outcome)));
    writer_.cell(row.codes).cell(row.details);
    writer_.end_row();
    return true;
  }

  storage::LotStore& store_;
  BatchId id_;
  storage::BatchFormat format_;
  crypto::AeadKey key_;
  std::size_t columns_;
  intake::CsvWriter writer_;
  std::int64_t after_{};
  bool ended_{};
};

bool wants_csv(ApiCall const& call) {
  auto const accept = call.request.headers.find("accept");
  return accept && accept->find("text/csv") != std::string_view::npos;
}

/// The columns of the uploader; nothing when what is stored does not open.
std::optional<std::vector<std::string>> read_header(crypto::AeadKey const& key, BatchId id,
                                                    Opened const& opened) {
  if (opened.format == storage::BatchFormat::ndjson) {
    return std::vector<std::string>{std::string{kLineColumn}};
  }
  auto const header = intake::open_own_row(key, id, 0, opened.key.header_sealed);
  if (!header) return std::nullopt;
  return intake::unpack_fields(header->view());
}

}  // namespace

asio::awaitable<ApiResult> own_rejects(ApiCall& call, BatchId id, bool raw) {
  if (call.staff()) co_return problem(Code::forbidden);
  if (call.test_key()) co_return problem(Code::test_key_not_allowed);
  if (!wants_csv(call)) {
    co_return invalid("/query/columns", "not_allowed", "Own columns are given as text/csv alone.");
  }
  auto& store = call.ctx.intake->lots.store;
  auto job = [id, viewer = batch_viewer(call), actor = actor_of(call)](storage::LotTx& tx) {
    return open_batch(tx, id, viewer, actor);
  };
  auto const opened = co_await store.transact(job);
  if (!opened) co_return refuse(problem_of(opened.error()));
  if (!*opened) co_return problem(opened->error());
  auto key = intake::open_own_key(call.ctx.keys, id, (*opened)->key.key_sealed);
  if (!key) co_return problem(Code::contact_gone);
  auto const header = read_header(*key, id, **opened);
  if (!header) co_return problem(Code::contact_gone);
  auto response = http::make_response(200, "text/csv; charset=utf-8", {});
  response.headers.add("Content-Disposition", "attachment; filename=\"refused.csv\"");
  auto const mode = raw ? intake::CsvMode::raw : intake::CsvMode::spreadsheet;
  response.stream =
      std::make_unique<OwnBody>(store, id, (*opened)->format, std::move(*key), *header, mode);
  co_return response;
}

}  // namespace leadex::api
