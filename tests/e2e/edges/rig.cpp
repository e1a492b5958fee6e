#include "tests/e2e/edges/rig.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <iterator>
#include <sstream>
#include <stdexcept>
#include <thread>

#include "server/json/contract.hpp"
#include "tests/e2e/lib/now_text.hpp"

namespace leadex::e2e {

namespace {

Account account_of(json::Value const& from) {
  return {std::string{json::text_of(*json::find_member(from, "account_id"))},
          std::string{json::text_of(*json::find_member(from, "key"))}};
}

http::ApiClientOptions client_options(Credentials const& keys, std::chrono::milliseconds timeout) {
  http::ApiClientOptions options;
  options.base_url = "https://127.0.0.1:" + std::to_string(keys.port);
  options.ca_file = keys.ca_file;
  options.timeout = timeout;
  return options;
}

/// The state letter in /proc/PID/stat; none when there is no such process.
std::optional<char> state_of(pid_t pid) {
  std::ifstream stat{"/proc/" + std::to_string(pid) + "/stat"};
  std::string line;
  if (!std::getline(stat, line)) return std::nullopt;
  auto const name_end = line.rfind(") ");
  if (name_end == std::string::npos) return std::nullopt;
  return line.at(name_end + 2);
}

}  // namespace

std::string setting(char const* name) {
  auto const* const value = std::getenv(name);
  if (value == nullptr) throw std::runtime_error(std::string{name} + " is not set");
  return value;
}

std::filesystem::path var_folder() { return setting("LEADEX_VAR"); }

std::string read_file(std::filesystem::path const& path) {
  std::ifstream file{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{file}, {}};
}

Credentials read_credentials() {
  auto const parsed = json::parse(read_file(var_folder() / "dev/credentials.json"));
  if (!parsed) throw std::runtime_error("no credentials.json");
  auto const text = [&parsed](std::string_view name) {
    return std::string{json::text_of(*json::find_member(*parsed, name))};
  };
  Credentials keys;
  auto const url = text("base_url");
  keys.port = static_cast<std::uint16_t>(std::stoi(url.substr(url.rfind(':') + 1)));
  keys.ca_file = (var_folder() / text("ca_file")).string();
  keys.admin = text("admin_key");
  keys.verifier = text("verifier_key");
  for (auto const& one : json::find_member(*parsed, "generators")->GetArray()) {
    keys.generators.push_back(account_of(one));
  }
  for (auto const& one : json::find_member(*parsed, "buyers")->GetArray()) {
    keys.buyers.push_back(account_of(one));
  }
  return keys;
}

json::Value const* Reply::find(std::string_view name) const {
  return json.IsObject() ? json::find_member(json, name) : nullptr;
}

std::string Reply::text(std::string_view name) const {
  auto const* const value = find(name);
  return value != nullptr && value->IsString() ? std::string{json::text_of(*value)} : "";
}

std::string Reply::first_error() const {
  auto const* const errors = find("errors");
  if (errors == nullptr || !errors->IsArray() || errors->Empty()) return "";
  return std::string{json::text_of(*json::find_member((*errors)[0], "code"))};
}

Rig::Rig(std::chrono::milliseconds timeout)
    : keys_(read_credentials()), client_(client_options(keys_, timeout)) {}

namespace {

/// The operation that a request is for; nullptr when the contract has none such.
json::Operation const* operation_of(json::Contract const& contract, std::string_view method,
                                    std::string_view target) {
  auto const path = target.substr(0, target.find('?'));
  auto const matches = [path](std::string_view pattern) {
    std::string_view rest = path;
    while (!pattern.empty() && !rest.empty()) {
      auto const own = pattern.substr(0, pattern.find('/', 1));
      auto const given = rest.substr(0, rest.find('/', 1));
      if (own != given && !own.starts_with("/{")) return false;
      pattern.remove_prefix(own.size());
      rest.remove_prefix(given.size());
    }
    return pattern.empty() && rest.empty();
  };
  for (auto const& operation : contract.operations()) {
    if (operation.method == method && matches(operation.path)) return &operation;
  }
  return nullptr;
}

json::Contract const& contract() {
  static json::Contract const kContract = [] {
    auto loaded = json::Contract::load(setting("LEADEX_SCHEMAS") + "/openapi.yaml");
    if (!loaded) throw std::runtime_error(loaded.error());
    return std::move(*loaded);
  }();
  return kContract;
}

/// Whatever the whole program answers is what the contract says.
void check_answer(std::string_view method, std::string_view target, Reply const& reply) {
  auto const* const operation = operation_of(contract(), method, target);
  if (operation == nullptr || reply.body.empty() || reply.status == 0) return;
  auto const type = reply.headers.find("content-type").value_or("");
  for (auto const& fault :
       contract().validate_response(operation->id, reply.status, reply.json, type)) {
    ADD_FAILURE() << operation->id << " answered " << reply.status << ": " << fault.pointer << ' '
                  << fault.code << ' ' << fault.detail << '\n'
                  << reply.body.substr(0, 2000);
  }
}

}  // namespace

Reply Rig::take(std::string_view method, std::string_view target,
                Result<http::ApiResponse, http::ApiError> answer) {
  Reply reply;
  if (!answer) {
    reply.body = to_string(answer.error());
    return reply;
  }
  reply.status = answer->status;
  reply.headers = std::move(answer->headers);
  reply.body = std::move(answer->body);
  if (reply.headers.find("content-type").value_or("").ends_with("json")) {
    auto parsed = json::parse(reply.body, {.bytes = reply.body.size() + 1});
    EXPECT_TRUE(parsed) << reply.body;
    if (parsed) reply.json = std::move(*parsed);
  }
  check_answer(method, target, reply);
  return reply;
}

Reply Rig::call(std::string_view method, std::string_view target, std::string const& key,
                std::string_view body, http::Headers headers) {
  if (!key.empty()) headers.add("Authorization", "Bearer " + key);
  if (!body.empty() && !headers.contains("Content-Type")) {
    headers.add("Content-Type", "application/json");
  }
  if (method == "POST" && !headers.contains("Idempotency-Key")) {
    headers.add("Idempotency-Key", idempotency_key());
  }
  return take(method, target, client_.call(method, target, headers, body, http::OnClosed::resend));
}

Reply Rig::upload(http::UploadSource const& source, http::Headers headers, std::string query) {
  headers.add("Authorization", "Bearer " + generator());
  if (!headers.contains("Content-Type")) headers.add("Content-Type", "text/csv");
  headers.add("Idempotency-Key", idempotency_key());
  auto const target = "/v1/batches?market=" + std::string{kMarket} + query;
  return take("POST", target, client_.upload("POST", target, headers, source));
}

Reply Rig::upload(std::string_view body, http::Headers headers, std::string query) {
  auto const source = [body](std::span<char> into) mutable {
    auto const n = std::min(into.size(), body.size());
    std::copy_n(body.data(), n, into.data());
    body.remove_prefix(n);
    return std::optional{n};
  };
  return upload(source, std::move(headers), std::move(query));
}

std::int64_t fresh_person() {
  // Programs that follow each other on one exchange start at other numbers.
  static std::atomic<std::int64_t> next{(std::time(nullptr) % 70'000) * 100};
  return next++;
}

std::string idempotency_key() {
  static std::atomic<std::int64_t> next{0};
  return fmt::format("edge-{}-{}-{}", ::getpid(), std::time(nullptr), next++);
}

std::string lead_json(std::int64_t n) {
  auto const now = now_text();
  return fmt::format(
      R"({{"market":"{}","external_id":"{}","contact":{{"first_name":"Kim","last_name":"Roe",)"
      R"("email":"kim{}@example.com","phone":"+1212{:07}"}},"attributes":{{"state":"CA","age":40,)"
      R"("own_home":true}},"consent":{{"at":"{}","text":"Call me about car insurance."}},)"
      R"("source":{{"vehicle":"web_form","reason":"quote"}},"captured_at":"{}"}})",
      kMarket, n, n, 2'000'000 + n % 7'000'000, now, now);
}

std::int64_t resident_bytes(pid_t pid) {
  std::ifstream status{"/proc/" + std::to_string(pid) + "/status"};
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmRSS:")) return std::stoll(line.substr(6)) * 1024;
  }
  return 0;
}

pid_t server_pid() {
  auto const text = read_file(var_folder() / "run/server.pid");
  return text.empty() ? 0 : static_cast<pid_t>(std::stol(text));
}

namespace {
std::atomic<bool> stopped_by_test{false};
}

void note_server_stopped() { stopped_by_test = true; }
bool server_was_stopped() { return stopped_by_test; }

bool is_running(pid_t pid) {
  auto const state = state_of(pid);
  return state && *state != 'Z' && *state != 'X';
}

bool within(std::chrono::milliseconds time, std::function<bool()> const& condition) {
  auto const until = std::chrono::steady_clock::now() + time;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > until) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds{10});
  }
  return true;
}

std::string server_log() { return read_file(var_folder() / "log/server.log"); }

}  // namespace leadex::e2e
