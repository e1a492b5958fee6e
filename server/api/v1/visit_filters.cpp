#include "server/api/v1/visit_filters.hpp"

#include <algorithm>
#include <functional>

#include "server/auth/rate_limit.hpp"
#include "server/crypto/hash.hpp"
#include "server/crypto/random.hpp"

namespace leadex::api {

namespace {

constexpr std::int64_t kMinuteUs = 60'000'000;
constexpr std::size_t kVisitorBytes = 16;

std::string lower(std::string_view text) {
  std::string out{text};
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

/// Browsers that fetch what nobody has asked for yet say so, each generation in another header.
bool is_prefetch(http::Request const& request) {
  static constexpr std::array<std::string_view, 4> kHeaders{"sec-purpose", "purpose", "x-purpose",
                                                            "x-moz"};
  return std::any_of(kHeaders.begin(), kHeaders.end(), [&](std::string_view name) {
    auto const value = lower(request.headers.find(name).value_or(""));
    return value.find("prefetch") != std::string::npos ||
           value.find("prerender") != std::string::npos ||
           value.find("preview") != std::string::npos;
  });
}

}  // namespace

std::vector<std::string> bot_words(std::string_view list) {
  std::vector<std::string> words;
  for (std::size_t at = 0; at <= list.size();) {
    auto const end = std::min(list.find(',', at), list.size());
    if (end > at) words.push_back(lower(list.substr(at, end - at)));
    at = end + 1;
  }
  return words;
}

std::optional<storage::VisitOutcome> filtered_by_headers(http::Request const& request,
                                                         std::vector<std::string> const& bots) {
  using storage::VisitOutcome;
  if (request.method != "GET") return VisitOutcome::not_get;
  if (is_prefetch(request)) return VisitOutcome::prefetch;
  auto const agent = lower(request.headers.find("user-agent").value_or(""));
  bool const bot = std::any_of(bots.begin(), bots.end(), [&](std::string const& word) {
    return agent.find(word) != std::string::npos;
  });
  if (bot || agent.empty()) return VisitOutcome::bot;
  return std::nullopt;
}

std::string visitor_digest(privacy::KeyRing const& keys, http::Request const& request) {
  auto const network = auth::address_bucket(request.peer_address);
  std::string message = "visitor/1";
  crypto::append_be64(message, network.size());
  message += network;
  message += request.headers.find("user-agent").value_or("");
  auto const digest = keys.visitor().sign(message);
  return std::string{crypto::view_of(digest).substr(0, kVisitorBytes)};
}

VisitVelocity::VisitVelocity(std::int64_t per_minute_max)
    : per_minute_max_(per_minute_max),
      seed_(std::hash<std::string>{}(crypto::random_bytes(16))),
      rows_(kRows) {}

bool VisitVelocity::admit(std::string_view peer_address, std::int64_t now_us) {
  if (per_minute_max_ == 0) return true;
  auto const hashed = std::hash<std::string>{}(auth::address_bucket(peer_address)) ^ seed_;
  auto const mixed = (hashed ^ (hashed >> 29)) * 0x9E3779B97F4A7C15ULL;
  auto const minute = now_us / kMinuteUs;
  std::lock_guard const lock{guard_};
  auto& row = rows_[mixed >> (64 - 14)];
  auto place = std::find_if(row.begin(), row.end(),
                            [=](Place const& known) { return known.address == mixed; });
  if (place == row.end()) {
    place = std::min_element(row.begin(), row.end(), [](Place const& a, Place const& b) {
      return std::pair{a.minute, a.n} < std::pair{b.minute, b.n};
    });
    *place = {mixed, minute, 0};
  }
  if (place->minute != minute) *place = {mixed, minute, 0};
  return ++place->n <= per_minute_max_;
}

}  // namespace leadex::api
