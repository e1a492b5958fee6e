// leadex-burst: sends many requests at the same instant, each over a TLS connection of its own.
//   leadex-burst [--connections=N] BASE_URL CA_FILE [READY_FILE GO_FILE]
// Each line of stdin is one request: key, method, path, Idempotency-Key and body, separated by
// tabs. All connections are opened first; with the two files READY_FILE is made then, and nothing
// is sent before GO_FILE is there. Prints per request, in their order: status (000: no answer),
// tab, body.
// With --connections the requests are shared out to so many connections, and each goes on whatever
// happens: it sends a request again, by its key and over a new connection, until there is a word on
// it, then its next one.

#include <atomic>
#include <barrier>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "server/http/api_client.hpp"

namespace {

namespace http = leadex::http;

constexpr std::size_t kConnectionsMax = 1000;
constexpr std::size_t kRequestsMax = 10'000;
constexpr auto kAnswerWithin = std::chrono::seconds{90};
constexpr auto kBetweenTries = std::chrono::milliseconds{200};

struct Request {
  std::string key;
  std::string method;
  std::string path;
  std::string idempotency_key;
  std::string body;
};

std::string take_field(std::string& line) {
  auto const end = line.find('\t');
  auto const field = line.substr(0, end);
  line.erase(0, end == std::string::npos ? line.size() : end + 1);
  return field;
}

std::vector<Request> read_requests() {
  std::vector<Request> requests;
  for (std::string line; requests.size() < kRequestsMax && std::getline(std::cin, line);) {
    Request request;
    request.key = take_field(line);
    request.method = take_field(line);
    request.path = take_field(line);
    request.idempotency_key = take_field(line);
    request.body = line;
    requests.push_back(std::move(request));
  }
  return requests;
}

struct Answer {
  int status{};  // 0: none
  std::string body;
  /// Whether it tells what came of the request.
  [[nodiscard]] bool is_word() const {
    if (status == 409) return body.find("in_progress") == std::string::npos;
    return status != 0 && status != 429 && status < 500;
  }
};

Answer answer_to(http::ApiClient& client, Request const& request) {
  http::Headers headers;
  headers.add("Authorization", "Bearer " + request.key);
  if (!request.idempotency_key.empty()) headers.add("Idempotency-Key", request.idempotency_key);
  if (!request.body.empty()) headers.add("Content-Type", "application/json");
  auto const answer = client.call(request.method, request.path, headers, request.body);
  if (!answer) return {0, std::string{http::to_string(answer.error())}};
  return {answer->status, answer->body};
}

class Burst {
 public:
  /// `connections`: 0 gives each request one of its own, which sends it once.
  Burst(http::ApiClientOptions options, std::vector<Request> requests, std::size_t connections)
      : options_(std::move(options)),
        requests_(std::move(requests)),
        answers_(requests_.size()),
        insists_(connections != 0),
        connections_(insists_ ? connections : requests_.size()),
        connected_(static_cast<std::ptrdiff_t>(connections_) + 1),
        go_(static_cast<std::ptrdiff_t>(connections_) + 1) {}

  /// False when a connection could not be opened.
  bool run(std::string const& ready_file, std::string const& go_file) {
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < connections_; ++i) {
      threads.emplace_back([this, i] { send(i); });
    }
    connected_.arrive_and_wait();
    if (!ready_file.empty()) {
      std::ofstream{ready_file} << "ready\n";
      while (!std::filesystem::exists(go_file)) {
        std::this_thread::sleep_for(std::chrono::milliseconds{1});
      }
    }
    go_.arrive_and_wait();
    for (auto& thread : threads) thread.join();
    for (auto const& [status, body] : answers_) std::printf("%03d\t%s\n", status, body.c_str());
    return !failed_;
  }

 private:
  void send(std::size_t connection) {
    http::ApiClient client{options_};
    bool const open = client.call("GET", "/livez").has_value();
    if (!open) failed_ = true;
    connected_.arrive_and_wait();
    go_.arrive_and_wait();
    for (auto i = connection; i < requests_.size(); i += connections_) {
      if (!open) {
        answers_[i].body = "not connected";
      } else {
        answers_[i] = insists_ ? insist(client, requests_[i]) : answer_to(client, requests_[i]);
      }
    }
  }

  Answer insist(http::ApiClient& client, Request const& request) const {
    auto const until = std::chrono::steady_clock::now() + kAnswerWithin;
    for (;;) {
      auto answer = answer_to(client, request);
      if (answer.is_word() || std::chrono::steady_clock::now() > until) return answer;
      if (answer.status == 0) client.disconnect();
      std::this_thread::sleep_for(kBetweenTries);
    }
  }

  http::ApiClientOptions const options_;
  std::vector<Request> const requests_;
  std::vector<Answer> answers_;
  bool const insists_;
  std::size_t const connections_;
  std::barrier<> connected_;
  std::barrier<> go_;
  std::atomic<bool> failed_{false};
};

/// Takes "--connections=N" off the words. @return 0 when it is not there; none when it is nonsense.
std::optional<std::size_t> take_connections(std::span<char*>& words) {
  constexpr std::string_view kOption = "--connections=";
  if (words.empty() || !std::string_view{words[0]}.starts_with(kOption)) return 0;
  auto const text = std::string_view{words[0]}.substr(kOption.size());
  std::size_t number{};
  auto const [end, fault] = std::from_chars(text.data(), text.data() + text.size(), number);
  words = words.subspan(1);
  bool const fine = fault == std::errc{} && end == text.data() + text.size() && number > 0;
  return fine ? std::optional{number} : std::nullopt;
}

}  // namespace

int main(int count, char** argv) {
  auto words = std::span{argv, static_cast<std::size_t>(count)}.subspan(1);
  auto const connections = take_connections(words);
  if (!connections || (words.size() != 2 && words.size() != 4)) {
    std::fputs("usage: leadex-burst [--connections=N] BASE_URL CA_FILE [READY_FILE GO_FILE]\n",
               stderr);
    return 2;
  }
  auto requests = read_requests();
  if ((*connections == 0 ? requests.size() : *connections) > kConnectionsMax) {
    std::fputs("leadex-burst: too many connections\n", stderr);
    return 2;
  }
  http::ApiClientOptions options;
  options.base_url = words[0];
  options.ca_file = words[1];
  options.connect_timeout = kAnswerWithin;
  options.timeout = kAnswerWithin;
  Burst burst{std::move(options), std::move(requests), *connections};
  bool const files = words.size() == 4;
  return burst.run(files ? words[2] : "", files ? words[3] : "") ? 0 : 1;
}
