#include <algorithm>

#include "server/api/v1/intake_handlers.hpp"
#include "server/app/draw_sample.hpp"
#include "server/app/record_verdict.hpp"

namespace leadex::api {

namespace {

constexpr std::int64_t kRowsPerQuery = 100'000;
/// Bounds are shown row by row up to so many checks: all sequential plans have fewer.
constexpr std::int64_t kBoundsMax = 3'000;

struct View {
  storage::Batch batch;
  storage::Commitment commitment;
  std::vector<std::pair<std::int64_t, std::int64_t>> accepted;  // first and last row
  std::vector<storage::SpotCheck> checks;
  std::optional<storage::LotPlan> plan;  // none while the upload runs, and of lots from before
  bool file_refused{};                   // as far as the viewer may know
};

/// Accepted rows are those without a reject; both stay as they are for good.
std::vector<std::pair<std::int64_t, std::int64_t>> accepted_rows(storage::LotTx& tx,
                                                                 storage::Batch const& batch) {
  std::vector<std::pair<std::int64_t, std::int64_t>> ranges;
  auto const take = [&](std::int64_t first, std::int64_t last) {
    if (first > last) return;
    if (!ranges.empty() && ranges.back().second + 1 == first) {
      ranges.back().second = last;
    } else {
      ranges.emplace_back(first, last);
    }
  };
  for (std::int64_t after = 0; after < batch.counts.read; after += kRowsPerQuery) {
    auto const until = std::min(batch.counts.read, after + kRowsPerQuery);
    auto next = after + 1;
    for (auto const refused : tx.batches().refused_rows(batch.id, after, until)) {
      take(next, refused - 1);
      next = refused + 1;
    }
    take(next, until);
  }
  return ranges;
}

std::optional<View> load(storage::LotTx& tx, BatchId id, storage::BatchViewer viewer) {
  auto batch = tx.batches().find_for_party(id, viewer);
  if (!batch) return std::nullopt;
  View view{.batch = std::move(*batch)};
  view.commitment = *tx.lots().commitment(id.market, view.batch.commitment_no);
  bool const ended = view.batch.file_sha256.has_value();
  if (ended) view.accepted = accepted_rows(tx, view.batch);
  bool const decided = view.batch.decision != storage::LotDecision::pending;
  if (decided || viewer.staff) view.checks = tx.lots().checks(id);
  view.plan = tx.inspection().plan(id);
  if (view.plan && view.plan->strict) {
    // What became of another generator's lot is not this one's business.
    bool const own = view.batch.tenant_no == viewer.tenant_no;
    view.file_refused = viewer.staff || (own && tx.inspection().was_refused_to_owner(id));
  }
  return view;
}

std::string range_text(std::pair<std::int64_t, std::int64_t> const& range) {
  auto const first = std::to_string(range.first);
  return range.first == range.second ? first : first + "-" + std::to_string(range.second);
}

void write_sample(json::JsonWriter& out, ApiContext const& context, View const& view) {
  auto const market = view.batch.id.market;
  auto const sample = out.array("sample");
  for (auto const& check : view.checks) {
    auto const one = out.object();
    out.field("check_id", context.ids.seal(check.id));
    out.field("row", check.row_no);
    out.field("lead_id", context.ids.seal(LeadId{market, check.lead_no}));
    out.field("verdict", check.verdict ? std::optional{text(*check.verdict)} : std::nullopt);
    out.field("reason", check.reason);
  }
}

/// The steps by which the lot is judged. A lot from before has those of its fixed plan.
std::optional<quality::StoppingPlan> steps_of(View const& view) {
  if (view.plan) return view.plan->steps;
  auto const& batch = view.batch;
  if (!batch.sample_size || !batch.acceptance_number) return std::nullopt;
  return quality::stopping_plan_of({.lot_size = batch.counts.accepted,
                                    .sample_size = *batch.sample_size,
                                    .acceptance_number = *batch.acceptance_number});
}

/// Per number of checked rows, from none on: the most bad rows that accept there, and the fewest
/// that reject.
void write_bounds(json::JsonWriter& out, View const& view) {
  auto const steps = steps_of(view);
  out.field("checks_max", steps ? std::optional{steps->checks_max()} : std::nullopt);
  if (!steps || steps->checks_max() > kBoundsMax) {
    out.field("accept_at", nullptr);
    out.field("reject_at", nullptr);
    return;
  }
  {
    auto const list = out.array("accept_at");
    for (auto const bound : quality::accept_at(*steps)) out.value(bound);
  }
  auto const list = out.array("reject_at");
  for (auto const bound : quality::reject_at(*steps)) out.value(bound);
}

void write_view(json::JsonWriter& out, ApiContext const& context, View const& view,
                bool sees_sample, bool sees_reason) {
  auto const& batch = view.batch;
  bool const decided = batch.decision != storage::LotDecision::pending;
  auto const scope = out.object();
  out.field("mode", text(batch.mode));
  bool const sequential = view.plan && view.plan->method == quality::PlanMethod::sequential;
  out.field("method", sequential ? "sequential" : "fixed");
  if (batch.sample_size) {
    auto const plan = out.object("plan");
    out.field("lot_size", batch.counts.accepted);
    out.field("sample_size", *batch.sample_size);
    out.field("acceptance_number", *batch.acceptance_number);
  } else {
    out.field("plan", nullptr);
  }
  write_bounds(out, view);
  out.field("skipped", view.plan && view.plan->skipped);
  out.field("file_refused_before", view.file_refused);
  out.field("commitment_no", batch.commitment_no);
  out.field("commitment", crypto::hex_encode(view.commitment.commitment));
  std::optional<std::string> file;
  if (batch.file_sha256) file = crypto::hex_encode(*batch.file_sha256);
  out.field("file_sha256", file);
  {
    auto const rows = out.array("accepted_rows");
    for (auto const& range : view.accepted) out.value(range_text(range));
  }
  std::optional<std::string> secret;
  if (decided) {
    auto const opened = app::open_draw_secret(context.keys, batch.id.market, view.commitment);
    secret = crypto::hex_encode(opened.view());
  }
  out.field("secret", secret);
  if (sees_sample) {
    write_sample(out, context, view);
  } else {
    out.field("sample", nullptr);
  }
  out.field("verdict", text(batch.decision));
  out.field("needs_admin", batch.needs_admin);
  // Told with the sample: whoever draws it again has to know that the bounds did not decide.
  out.field("judged_by_admin",
            sees_sample ? std::optional{batch.decision_reason_sealed.has_value()} : std::nullopt);
  std::optional<std::string> reason;
  if (batch.decision_reason_sealed && sees_reason) {
    reason = app::decision_reason(context.keys, batch);
  }
  out.field("decision_reason", reason);
}

}  // namespace

/// The secret stays hidden from everybody until the verdict, from staff too.
asio::awaitable<ApiResult> get_spot_check(ApiCall& call) {
  auto const id = batch_of_path(call);
  if (!id) co_return refuse(id.error());
  auto const viewer = batch_viewer(call);
  auto job = [id = *id, viewer](storage::LotTx& tx) { return load(tx, id, viewer); };
  auto const view = co_await call.ctx.intake->lots.store.transact(job);
  if (!view) co_return refuse(problem_of(view.error()));
  if (!*view) co_return problem(Code::not_found);
  bool const decided = (*view)->batch.decision != storage::LotDecision::pending;
  json::JsonWriter out;
  bool const own = (*view)->batch.tenant_no == viewer.tenant_no;
  write_view(out, call.ctx, **view, decided || viewer.staff, own || viewer.staff);
  co_return answer(200, out);
}

}  // namespace leadex::api
