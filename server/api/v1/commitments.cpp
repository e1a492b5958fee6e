#include "server/api/paging.hpp"
#include "server/api/v1/intake_handlers.hpp"

namespace leadex::api {

namespace {

std::vector<storage::CommitmentStatus> read_statuses(ApiCall const& call) {
  std::vector<storage::CommitmentStatus> statuses;
  for (auto const& word : call.query_list("status")) {
    for (std::size_t i = 0; i < storage::kCommitmentStatusTexts.size(); ++i) {
      if (storage::kCommitmentStatusTexts.at(i) == word) {
        statuses.push_back(static_cast<storage::CommitmentStatus>(i));
      }
    }
  }
  return statuses;
}

}  // namespace

asio::awaitable<ApiResult> list_market_commitments(ApiCall& call) {
  auto const market = call.ctx.markets.find(call.param("id"));
  if (!market) co_return problem(Code::not_found);
  auto const market_no = market->market_no();
  auto const page = read_page(call);
  if (!page) co_return refuse(page.error());
  storage::CommitmentFilter const filter{.market = market_no,
                                         .statuses = read_statuses(call),
                                         .before_no = page->before_no(),
                                         .limit = page->fetch()};
  auto job = [filter](storage::LotTx& tx) { return tx.lots().commitments(filter); };
  auto const commitments = co_await call.ctx.intake->lots.store.transact(job);
  if (!commitments) co_return refuse(problem_of(commitments.error()));
  auto const write = [&](json::JsonWriter& out, storage::Commitment const& commitment) {
    auto const scope = out.object();
    out.field("commitment_no", commitment.no);
    out.field("commitment", crypto::hex_encode(commitment.commitment));
    out.field("status", text(commitment.status));
    std::optional<std::string> batch;
    if (commitment.batch_no) batch = call.ctx.ids.seal(BatchId{market_no, *commitment.batch_no});
    out.field("batch_id", batch);
  };
  auto const key = [](storage::Commitment const& commitment) { return std::vector{commitment.no}; };
  co_return answer_page(call, *page, *commitments, write, key);
}

}  // namespace leadex::api
