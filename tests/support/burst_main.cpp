// leadex-burst: sends many requests at the same instant, each over a TLS connection of its own.
//   leadex-burst BASE_URL CA_FILE [READY_FILE GO_FILE]
// Each line of stdin is one request: key, method, path, Idempotency-Key and body, separated by
// tabs. All connections are opened first; with the two files READY_FILE is made then, and nothing
// is sent before GO_FILE is there. Prints per request, in their order: status (000: no answer),
// tab, body.

#include <atomic>
#include <barrier>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <string>
#include <thread>
#include <vector>

#include "server/http/api_client.hpp"

namespace {

namespace http = leadex::http;

constexpr std::size_t kRequestsMax = 1000;
constexpr auto kAnswerWithin = std::chrono::seconds{90};

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

std::string answer_to(http::ApiClient& client, Request const& request) {
  http::Headers headers;
  headers.add("Authorization", "Bearer " + request.key);
  if (!request.idempotency_key.empty()) headers.add("Idempotency-Key", request.idempotency_key);
  if (!request.body.empty()) headers.add("Content-Type", "application/json");
  auto const answer = client.call(request.method, request.path, headers, request.body);
  if (!answer) return "000\t" + std::string{http::to_string(answer.error())};
  return std::to_string(answer->status) + '\t' + answer->body;
}

class Burst {
 public:
  Burst(http::ApiClientOptions options, std::vector<Request> requests)
      : options_(std::move(options)),
        requests_(std::move(requests)),
        answers_(requests_.size()),
        connected_(static_cast<std::ptrdiff_t>(requests_.size()) + 1),
        go_(static_cast<std::ptrdiff_t>(requests_.size()) + 1) {}

  /// False when a connection could not be opened.
  bool run(std::string const& ready_file, std::string const& go_file) {
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < requests_.size(); ++i) {
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
    for (auto const& answer : answers_) std::printf("%s\n", answer.c_str());
    return !failed_;
  }

 private:
  void send(std::size_t i) {
    http::ApiClient client{options_};
    bool const open = client.call("GET", "/livez").has_value();
    if (!open) failed_ = true;
    connected_.arrive_and_wait();
    go_.arrive_and_wait();
    answers_[i] = open ? answer_to(client, requests_[i]) : "000\tnot connected";
  }

  http::ApiClientOptions const options_;
  std::vector<Request> const requests_;
  std::vector<std::string> answers_;
  std::barrier<> connected_;
  std::barrier<> go_;
  std::atomic<bool> failed_{false};
};

}  // namespace

int main(int count, char** words) {
  if (count != 3 && count != 5) {
    std::fputs("usage: leadex-burst BASE_URL CA_FILE [READY_FILE GO_FILE]\n", stderr);
    return 2;
  }
  http::ApiClientOptions options;
  options.base_url = words[1];
  options.ca_file = words[2];
  options.connect_timeout = kAnswerWithin;
  options.timeout = kAnswerWithin;
  Burst burst{std::move(options), read_requests()};
  return burst.run(count == 5 ? words[3] : "", count == 5 ? words[4] : "") ? 0 : 1;
}
