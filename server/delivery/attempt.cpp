#include "server/delivery/attempt.hpp"

#include <algorithm>
#include <optional>
#include <string>

#include "server/crypto/random.hpp"
#include "server/crypto/webhook_signature.hpp"
#include "server/delivery/body.hpp"
#include "server/privacy/sealed_value.hpp"

namespace leadex::delivery {

namespace asio = boost::asio;

namespace {

using market::SaleState;
using storage::ClaimedDelivery;
using storage::DeliveryOutcome;
using storage::DeliveryStatus;
using storage::EndpointHealth;

constexpr int kGone = 410;
constexpr int kRefused = 422;
constexpr milliseconds kToldAgain{1000};
constexpr std::chrono::seconds kSubmitDeadline{5};

/// What came back, or why nothing did.
struct Answer {
  std::optional<int> status;
  std::string_view error;  ///< a word of this program, empty with a status
  std::optional<milliseconds> retry_after;
};

Timestamp wall_now() {
  return std::chrono::time_point_cast<Micros>(std::chrono::system_clock::now());
}

bool is_success(std::optional<int> status) { return status && *status >= 200 && *status < 300; }

int jitter() {
  auto const bytes = crypto::random_bytes(2);
  return (crypto::octets(bytes)[0] * 256 + crypto::octets(bytes)[1]) % 10'000;
}

std::optional<crypto::WebhookSecret> open_secret(privacy::KeyRing const& keys,
                                                 storage::WebhookEndpoint const& endpoint) {
  auto const row = privacy::row_key(endpoint.endpoint_no);
  auto const plain = privacy::SecretBox(keys).open({"webhook_endpoint", 0, row, "secret_sealed"},
                                                   endpoint.secret_sealed);
  if (!plain) return std::nullopt;
  return crypto::WebhookSecret::parse(plain->view());
}

asio::awaitable<Answer> send(AttemptParts parts, ClaimedDelivery const& claimed,
                             milliseconds timeout) {
  auto const secret = open_secret(parts.keys, claimed.endpoint);
  if (!secret) co_return Answer{.error = "secret_unusable"};
  auto const body = render_body(parts.ids, parts.keys, claimed);
  if (!body) co_return Answer{.error = "contact_unusable"};
  auto const id = event_id(parts.ids, claimed.event.key);
  auto const now = std::chrono::floor<std::chrono::seconds>(wall_now()).time_since_epoch().count();

  http::ClientRequest request;
  request.url = claimed.endpoint.url;
  request.timeout = timeout;
  request.headers = {{"content-type", "application/json"},
                     {"user-agent", "Leadex"},
                     {"webhook-id", id},
                     {"webhook-timestamp", std::to_string(now)},
                     {"webhook-signature", secret->sign(id, now, body->text())}};
  request.body = body->text();
  auto const response = co_await parts.client.send(std::move(request));
  if (!response) co_return Answer{.error = to_string(response.error())};
  Answer answer{.status = response->status};
  if (auto const after = response->headers.find("retry-after")) {
    answer.retry_after = parse_retry_after(*after, wall_now());
  }
  co_return answer;
}

/// Whether the market has heard it. That it no longer waits for the answer is heard, too.
asio::awaitable<bool> tell_market(market::MarketHost& markets, SaleId sale, bool accepted) {
  auto const actor = markets.find(sale.market);
  if (!actor) co_return false;
  market::Submission submission;
  if (accepted) {
    submission.command = market::ConfirmDelivery{sale.lead_no, sale.slot};
  } else {
    submission.command = market::RefuseDelivery{sale.lead_no, sale.slot};
  }
  submission.deadline = std::chrono::steady_clock::now() + kSubmitDeadline;
  auto const told = co_await actor->submit(std::move(submission));
  co_return told.has_value();
}

DeliveryOutcome outcome_of(ClaimedDelivery const& claimed, DeliveryStatus status) {
  DeliveryOutcome outcome;
  outcome.delivery_no = claimed.delivery.delivery_no;
  outcome.endpoint_no = claimed.endpoint.endpoint_no;
  outcome.attempts = claimed.delivery.attempts;
  outcome.status = status;
  outcome.now = wall_now();
  outcome.last_status = claimed.delivery.last_status;
  return outcome;
}

/// The peer has decided about the sale. Until the market knows, the delivery stays open with the
/// answer in its row: a restart tells the market then, and does not send again.
asio::awaitable<DeliveryOutcome> settle(AttemptParts parts, ClaimedDelivery const& claimed,
                                        int status) {
  bool const told = co_await tell_market(parts.markets, claimed.sale->id, status != kRefused);
  auto outcome = outcome_of(claimed, told ? DeliveryStatus::delivered : DeliveryStatus::waiting);
  outcome.last_status = status;
  outcome.next_at = outcome.now + kToldAgain;
  outcome.health = EndpointHealth::good;
  co_return outcome;
}

/// What a failed attempt means: when the next one is, if any, and how the endpoint stands.
DeliveryOutcome judge_failure(RetryOptions const& retry, ClaimedDelivery const& claimed,
                              Plan const& plan, Answer const& answer) {
  auto outcome = outcome_of(claimed, DeliveryStatus::waiting);
  outcome.last_status = answer.status;
  if (!answer.error.empty()) outcome.last_error = std::string(answer.error);
  outcome.disable_when_failing_since = outcome.now - retry.disable_after;
  if (answer.status == kGone) {
    outcome.status = DeliveryStatus::failed;
    outcome.health = EndpointHealth::gone;
    return outcome;
  }
  outcome.health = EndpointHealth::failing;
  auto const attempts = claimed.delivery.attempts;
  auto const wait = plan.decides ? sale_wait_after(retry, attempts, jitter())
                                 : wait_after(retry, attempts, jitter());
  if (!wait) {
    outcome.status = DeliveryStatus::failed;
    return outcome;
  }
  outcome.next_at = outcome.now + *wait;
  bool const throttled = answer.status == 429 || answer.status == 503;
  if (throttled && answer.retry_after) {
    auto const asked = std::min(*answer.retry_after, retry.retry_after_max);
    outcome.paused_until = outcome.now + asked;
    outcome.next_at = std::max<Timestamp>(outcome.next_at, *outcome.paused_until);
  }
  if (plan.decides) {
    auto const due = from_unix_micros(claimed.sale->due_us);
    if (outcome.next_at >= last_attempt_at(claimed.sale->sold_at, due)) {
      outcome.status = DeliveryStatus::failed;
    }
  }
  return outcome;
}

}  // namespace

Plan plan_attempt(ClaimedDelivery const& claimed, Timestamp now, milliseconds timeout) {
  auto const& delivery = claimed.delivery;
  bool const about_sale =
      claimed.event.subject_kind == static_cast<std::int16_t>(crypto::IdKind::sale);
  if (about_sale && !claimed.sale) return {.step = Step::drop, .reason = "sale_gone"};
  Plan plan{.step = Step::send, .timeout = timeout};
  if (!delivery.confirms || !about_sale) return plan;

  bool const answered = is_success(delivery.last_status) || delivery.last_status == kRefused;
  switch (claimed.sale->state) {
    case SaleState::voided:
    case SaleState::returned:
      return {.step = answered ? Step::done : Step::drop, .reason = "sale_over"};
    case SaleState::delivered:  // read by its buyer before
    case SaleState::settled:
    case SaleState::waiting:
    case SaleState::lapsed:
      if (answered) plan.step = Step::done;
      return plan;
    case SaleState::pending:
      break;
  }
  plan.decides = true;
  if (answered) {
    plan.step = Step::settle;
    return plan;
  }
  auto const due = from_unix_micros(claimed.sale->due_us);
  if (now >= last_attempt_at(claimed.sale->sold_at, due)) {
    return {.step = Step::drop, .reason = "deadline_passed"};
  }
  if (claimed.endpoint.deliver_contact && !claimed.contact) {
    return {.step = Step::drop, .reason = "contact_gone"};
  }
  plan.timeout = std::min(timeout, std::chrono::floor<milliseconds>(due - now));
  return plan;
}

asio::awaitable<DeliveryOutcome> attempt(AttemptParts parts, AttemptOptions options,
                                         ClaimedDelivery claimed) {
  auto const plan = plan_attempt(claimed, wall_now(), options.timeout);
  switch (plan.step) {
    case Step::drop: {
      auto outcome = outcome_of(claimed, DeliveryStatus::stopped);
      outcome.last_error = std::string(plan.reason);
      co_return outcome;
    }
    case Step::done:
      co_return outcome_of(claimed, DeliveryStatus::delivered);
    case Step::settle:
      co_return co_await settle(parts, claimed, *claimed.delivery.last_status);
    case Step::send:
      break;
  }
  auto const answer = co_await send(parts, claimed, plan.timeout);
  if (plan.decides && (is_success(answer.status) || answer.status == kRefused)) {
    co_return co_await settle(parts, claimed, *answer.status);
  }
  if (is_success(answer.status)) {
    auto outcome = outcome_of(claimed, DeliveryStatus::delivered);
    outcome.last_status = answer.status;
    outcome.health = EndpointHealth::good;
    co_return outcome;
  }
  co_return judge_failure(options.retry, claimed, plan, answer);
}

}  // namespace leadex::delivery
