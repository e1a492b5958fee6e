// Postbacks: conversions that a buyer's own systems tell of by a plain link, and the tokens in such
// links. Whatever becomes of a postback, it gets the same answer: it tells nobody which leads,
// tokens and transactions there are.

#include "server/api/kept_answer.hpp"
#include "server/api/paging.hpp"
#include "server/api/v1/campaign_terms.hpp"
#include "server/api/v1/conversion_target.hpp"
#include "server/api/v1/trade.hpp"
#include "server/api/v1/trade_support.hpp"
#include "server/crypto/random.hpp"

namespace leadex::api {

namespace {

constexpr std::size_t kTokenBytes = 32;
constexpr std::size_t kTokenCharsMax = 64;
constexpr std::string_view kTokenPrefix = "lxp_";
constexpr std::string_view kTokenUse = "postback-token/";

/// What is kept of a token: of a secret this long a keyed hash is enough.
std::string digest_of(ApiContext const& ctx, std::string_view token) {
  auto const digest = ctx.keys.api_key_pepper().sign({kTokenUse, token});
  return std::string{crypto::view_of(digest)};
}

void write_token(json::JsonWriter& out, ApiContext const& ctx, storage::PostbackTokenRow const& row,
                 std::optional<std::string> const& token) {
  auto const whole = out.object();
  out.field("id", ctx.ids.seal(crypto::IdKind::postback_token, 0, row.token_no));
  out.field("created_at", row.created_at);
  out.field_if("token", token);
}

/// What is meant: one lead or click of that buyer.
asio::awaitable<std::optional<ConversionTarget>> target_of(ApiCall& call, std::int64_t buyer_no) {
  auto const lead = call.query("lead_id");
  auto const click = call.query("click_id");
  if (lead.has_value() == click.has_value()) co_return std::nullopt;
  auto const found = lead ? co_await target_of_lead(call, buyer_no, std::string{*lead})
                          : co_await target_of_click(call, buyer_no, std::string{*click});
  co_return found ? *found : std::nullopt;
}

/// As far as it makes sense; what does not is dropped. `payout` is the sender's affair.
asio::awaitable<void> take_in(ApiCall& call) {
  auto const token = call.query("token");
  auto const transaction = call.query("transaction_id");
  if (!token || token->size() > kTokenCharsMax || !transaction) co_return;
  auto const buyer = co_await trade_of(call).postbacks.buyer_of(digest_of(call.ctx, *token));
  if (!buyer || !*buyer) co_return;
  // The token stands in links that others see: whoever uses it up leaves the buyer its API.
  auto const now = std::chrono::steady_clock::now();
  if (!call.ctx.rates.take(**buyer, now, "/postbacks").allowed) co_return;
  auto const target = co_await target_of(call, **buyer);
  if (!target) co_return;
  auto const market = find_market(call.ctx, target->sale.market);
  if (!market) co_return;
  market::ReportConversion report;
  report.buyer_no = **buyer;
  // A link without an event means what its sale is paid for.
  report.event = call.query("event").value_or("");
  if (report.event.empty()) report.event = target->event;
  if (report.event.empty()) report.event = kDefaultEvent;
  report.transaction_id = *transaction;
  report.at_us = to_unix_micros(call.ctx.now());
  if (report.transaction_id.size() > market::kTransactionBytesMax) co_return;
  market::Submission submission;
  submission.command = conversion_command(*target, std::move(report));
  (void)co_await submit_raw(call, *market, std::move(submission));
}

asio::awaitable<ApiResult> make_token(ApiCall& call) {
  auto const number =
      co_await call.ctx.numbers.reserve_later(0, storage::NumberKind::postback_token, 1);
  if (!number) co_return refuse(problem_of(number.error()));
  auto const token =
      std::string{kTokenPrefix} + crypto::base64url_encode(crypto::random_bytes(kTokenBytes));
  auto const row =
      co_await trade_of(call).postbacks.add(call.account_no(), *number, digest_of(call.ctx, token));
  if (!row) co_return refuse(problem_of(row.error()));
  if (!*row) co_return problem(Code::limit_reached);
  json::JsonWriter out;
  write_token(out, call.ctx, **row, token);
  co_return answer(200, out);
}

}  // namespace

Answered receive_postback(ApiCall& call) {
  co_await take_in(call);
  http::Response response;
  response.status = 200;
  co_return response;
}

/// The same key again gets the same token; one made by a request whose answer was lost is unused.
Answered create_postback_token(ApiCall& call) {
  auto result = co_await answer_once(call, make_token);
  if (result && result->status == 200) result->status = 201;
  co_return result;
}

Answered list_postback_tokens(ApiCall& call) {
  auto const page = read_page(call);
  if (!page) co_return refuse(page.error());
  auto const rows =
      co_await trade_of(call).postbacks.list(call.account_no(), page->before_no(), page->fetch());
  if (!rows) co_return refuse(problem_of(rows.error()));
  co_return answer_page(
      call, *page, *rows,
      [&](json::JsonWriter& out, storage::PostbackTokenRow const& row) {
        write_token(out, call.ctx, row, std::nullopt);
      },
      [](storage::PostbackTokenRow const& row) { return std::vector<std::int64_t>{row.token_no}; });
}

Answered delete_postback_token(ApiCall& call) {
  auto const id = call.ctx.ids.open(call.param("id"), crypto::IdKind::postback_token);
  if (!id || id->market != 0) co_return problem(Code::not_found);
  auto const done = co_await trade_of(call).postbacks.revoke(call.account_no(), id->no);
  if (!done) co_return refuse(problem_of(done.error()));
  if (!*done) co_return problem(Code::not_found);
  co_return no_content();
}

}  // namespace leadex::api
