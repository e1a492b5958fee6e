#include "tests/e2e/tenants/wire.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <thread>

#include "server/json/value.hpp"

namespace leadex::e2e {

namespace {

constexpr int kThreads = 4;
constexpr int kPatienceS = 120;

bool varies(std::string_view name) {
  static constexpr std::array<std::string_view, 4> kVarying{"date", "request-id", "x-request-id",
                                                            "ratelimit"};
  return std::ranges::any_of(kVarying,
                             [&](auto other) { return http::equals_ignoring_case(name, other); });
}

/// The text with the value of "request_id" taken out.
std::string without_request_id(std::string body) {
  constexpr std::string_view kName = "\"request_id\":\"";
  auto const at = body.find(kName);
  if (at == std::string::npos) return body;
  auto const from = at + kName.size();
  auto const to = body.find('"', from);
  if (to != std::string::npos) body.erase(from, to - from);
  return body;
}

}  // namespace

std::string Reply::face() const {
  std::vector<std::string> lines;
  for (auto const& [name, value] : headers) {
    // A request id has one length, so that Content-Length is compared as it is.
    lines.push_back(varies(name) ? name : name + ": " + value);
  }
  std::ranges::sort(lines);
  auto text = std::to_string(status);
  for (auto const& line : lines) text += '\n' + line;
  return text + "\n\n" + without_request_id(body);
}

std::string Reply::code() const {
  auto const document = json::parse(body);
  if (ok() || !document || !document->IsObject()) return {};
  auto const* const code = json::find_member(*document, "code");
  return code != nullptr && code->IsString() ? std::string{json::text_of(*code)} : std::string{};
}

Wire::Wire(std::string base_url, std::string ca_file, std::string secret_mark)
    : options_{.base_url = std::move(base_url), .ca_file = std::move(ca_file)},
      secret_mark_(std::move(secret_mark)),
      own_(options_) {}

Reply Wire::exchange(http::ApiClient& client, Request const& request) {
  http::Headers headers = request.headers;
  if (!request.key.empty()) headers.add("Authorization", "Bearer " + request.key);
  if (!request.body.empty() && !headers.contains("Content-Type")) {
    headers.add("Content-Type", "application/json");
  }
  for (int waited = 0;; ++waited) {
    auto answer =
        client.call(request.method, request.target, headers, request.body, http::OnClosed::resend);
    if (!answer) {
      ADD_FAILURE() << request.operation << " by " << request.caller << ": "
                    << http::to_string(answer.error());
      return {};
    }
    Reply reply{answer->status, std::move(answer->headers), std::move(answer->body)};
    if (reply.status == 429 && waited < kPatienceS) {
      std::this_thread::sleep_for(std::chrono::seconds{1});
      continue;
    }
    note(request, reply);
    return reply;
  }
}

void Wire::note(Request const& request, Reply const& reply) {
  bool const told = reply.body.find(secret_mark_) != std::string::npos;
  EXPECT_TRUE(!told || request.reveals) << "a contact in the answer to " << request.caller << ": "
                                        << request.method << ' ' << request.target;
  EXPECT_LT(reply.status, 500) << request.caller << ": " << request.method << ' ' << request.target
                               << '\n'
                               << reply.body;
  std::lock_guard const lock(guard_);
  called_[request.operation].insert(request.caller);
  ++requests_;
}

Reply Wire::send(Request const& request) { return exchange(own_, request); }

std::vector<Reply> Wire::send_all(std::span<Request const> requests) {
  std::vector<Reply> replies(requests.size());
  std::atomic<std::size_t> next{0};
  auto const work = [&] {
    http::ApiClient client(options_);
    for (;;) {
      auto const i = next.fetch_add(1);
      if (i >= requests.size()) return;
      replies[i] = exchange(client, requests[i]);
    }
  };
  std::vector<std::jthread> threads;
  for (int i = 0; i < kThreads; ++i) threads.emplace_back(work);
  threads.clear();  // waits for all of them
  return replies;
}

std::map<std::string, std::set<std::string>> Wire::called() const {
  std::lock_guard const lock(guard_);
  return called_;
}

std::size_t Wire::requests() const {
  std::lock_guard const lock(guard_);
  return requests_;
}

}  // namespace leadex::e2e
