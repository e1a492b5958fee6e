#include "server/delivery/postback.hpp"

#include <algorithm>

#include "server/crypto/random.hpp"
#include "server/http/link_template.hpp"
#include "server/json/money_text.hpp"
#include "server/json/time_text.hpp"
#include "server/json/value.hpp"
#include "server/json/writer.hpp"
#include "server/render/words.hpp"

namespace leadex::delivery {

namespace asio = boost::asio;

namespace {

using http::ClientError;
using storage::DeliveryStatus;

constexpr int kGone = 410;

Timestamp wall_now() {
  return std::chrono::time_point_cast<Micros>(std::chrono::system_clock::now());
}

int jitter() {
  auto const bytes = crypto::random_bytes(2);
  return (crypto::octets(bytes)[0] * 256 + crypto::octets(bytes)[1]) % 10'000;
}

std::string attribute(json::Document const& attributes, std::string_view name) {
  auto const* const value = json::find_member(attributes, name);
  if (value == nullptr) return {};
  if (value->IsString()) return std::string{json::text_of(*value)};
  return json::to_text(*value);
}

/// Names of the exchange's own come before attributes of the same name.
std::string value_of(crypto::PublicIdCodec const& ids, storage::PostbackValues const& values,
                     json::Document const& attributes, std::string_view name) {
  if (name == "click_id") return ids.seal(values.click);
  if (name == "placement_id") return ids.seal(values.placement);
  if (name == "event") return values.event;
  if (name == "status") return std::string{render::word(values.outcome)};
  if (name == "payout") return json::format_amount(values.payout, values.currency);
  if (name == "currency") return values.currency;
  if (name == "transaction_id") return values.transaction_id;
  if (name == "timestamp") return json::format_timestamp(values.at);
  for (std::size_t i = 0; i < values.subs.size(); ++i) {
    if (name == "sub" + std::to_string(i + 1)) return values.subs[i];
  }
  return attribute(attributes, name);
}

/// The same at every attempt: waiting changes nothing.
bool never_works(ClientError error) {
  switch (error) {
    case ClientError::url_malformed:
    case ClientError::scheme_refused:
    case ClientError::user_info_refused:
    case ClientError::port_refused:
    case ClientError::request_malformed:
      return true;
    default:
      return false;
  }
}

/// When the next attempt is, if any: by the schedule, or later when the peer asks for that.
std::optional<Timestamp> next_at(PostbackOptions const& options,
                                 storage::ClaimedPostback const& claimed, Timestamp now,
                                 std::optional<milliseconds> asked) {
  auto const wait = wait_after({.waits = options.waits}, claimed.attempts, jitter());
  if (!wait) return std::nullopt;
  auto const patience = std::min(asked.value_or(milliseconds{0}), options.retry_after_max);
  Timestamp const next = now + std::max(*wait, patience);
  if (next > claimed.created_at + options.give_up_after) return std::nullopt;
  return next;
}

}  // namespace

http::ClientOptions postback_client(http::ClientOptions options) {
  options.url_bytes_max = kPostbackUrlBytesMax;
  return options;
}

std::string postback_target(crypto::PublicIdCodec const& ids, std::string const& url,
                            storage::PostbackValues const& values) {
  auto attributes = json::parse(values.attributes, {.bytes = values.attributes.size()});
  json::Document none;
  none.SetObject();
  auto const& known = attributes && attributes->IsObject() ? *attributes : none;
  return http::fill_link(url.substr(0, url.find('#')),
                         [&](std::string_view name) { return value_of(ids, values, known, name); });
}

asio::awaitable<storage::PostbackOutcome> attempt(PostbackParts parts, PostbackOptions options,
                                                  storage::ClaimedPostback claimed) {
  http::ClientRequest request;
  request.method = "GET";
  request.url = postback_target(parts.ids, claimed.url, claimed.values);
  request.timeout = options.timeout;
  request.headers = {{"user-agent", "Leadex"}};
  auto const response = co_await parts.client.send(std::move(request));

  storage::PostbackOutcome outcome;
  outcome.conversion = claimed.values.conversion;
  outcome.attempts = claimed.attempts;
  outcome.now = wall_now();
  outcome.status = DeliveryStatus::failed;
  std::optional<milliseconds> asked;
  if (response) {
    outcome.last_status = response->status;
    if (response->status >= 200 && response->status < 300) {
      outcome.status = DeliveryStatus::delivered;
      co_return outcome;
    }
    if (response->status == kGone) co_return outcome;
    auto const after = response->headers.find("retry-after");
    if (after) asked = parse_retry_after(*after, outcome.now);
  } else {
    outcome.last_error = std::string{to_string(response.error())};
    if (never_works(response.error())) co_return outcome;
  }
  if (auto const next = next_at(options, claimed, outcome.now, asked)) {
    outcome.status = DeliveryStatus::waiting;
    outcome.next_at = *next;
  }
  co_return outcome;
}

}  // namespace leadex::delivery
