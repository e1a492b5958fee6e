#pragma once
// Wire: sends requests of many callers over kept TLS connections and brings answers into a form
// that can be compared: without what differs from one request to the next. For the tenant test;
// send() may be called from several threads.

#include <map>
#include <mutex>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "server/http/api_client.hpp"

namespace leadex::e2e {

struct Request {
  std::string operation;  ///< operationId
  std::string caller;     ///< label of the person, for messages and coverage
  std::string key;        ///< empty: no Authorization header
  std::string method;
  std::string target;
  std::string body;
  http::Headers headers;  ///< besides Authorization and Content-Type
  bool reveals{};         ///< the one kind of answer that may hold a contact
};

struct Reply {
  int status{};
  http::Headers headers;
  std::string body;

  [[nodiscard]] bool ok() const { return status >= 200 && status < 300; }
  /// Status, headers and body; without Date, request ids and the figures of rate limits.
  [[nodiscard]] std::string face() const;
  /// The code of a problem; empty in any other answer.
  [[nodiscard]] std::string code() const;
};

class Wire {
 public:
  /// @param secret_mark  text that stands in every contact: no other answer may hold it
  Wire(std::string base_url, std::string ca_file, std::string secret_mark);

  /// Waits out 429; fails the test when there is no answer or a contact in the wrong one.
  Reply send(Request const& request);
  /// All of them, several at a time; answers in the order of the requests.
  std::vector<Reply> send_all(std::span<Request const> requests);

  /// operationId → labels of those who called it.
  [[nodiscard]] std::map<std::string, std::set<std::string>> called() const;
  [[nodiscard]] std::size_t requests() const;

 private:
  Reply exchange(http::ApiClient& client, Request const& request);
  void note(Request const& request, Reply const& reply);

  http::ApiClientOptions options_;
  std::string secret_mark_;
  http::ApiClient own_;
  mutable std::mutex guard_;
  std::map<std::string, std::set<std::string>> called_;
  std::size_t requests_{};
};

}  // namespace leadex::e2e
