#include "server/cli/client/api.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <thread>

#include "server/crypto/bytes.hpp"
#include "server/crypto/random.hpp"
#include "server/json/writer.hpp"

namespace leadex::cli {

namespace {

constexpr int kTriesMax = 8;
constexpr std::chrono::seconds kPauseMax{5};
constexpr std::int64_t kPageRows = 500;
constexpr std::size_t kPagesMax = 10'000;
constexpr std::size_t kKeyBytes = 16;

std::string quoted(std::string_view text) {
  json::JsonWriter writer;
  writer.value(text);
  return writer.str();
}

Answer as_answer(http::ApiResponse&& response) {
  Answer answer;
  answer.status = response.status;
  answer.headers = std::move(response.headers);
  answer.body = std::move(response.body);
  auto const type = answer.headers.find("content-type").value_or("");
  if (type.find("json") != std::string_view::npos) {
    json::ParseLimits limits;
    limits.bytes = answer.body.size();
    auto parsed = json::parse(answer.body, limits);
    if (!parsed) throw Failure(kFailed, "the server's answer is no JSON");
    answer.document = std::move(*parsed);
  }
  return answer;
}

bool worth_another_try(Answer const& answer) {
  return answer.status == 503 || (answer.status == 409 && answer.problem_code() == "in_progress");
}

std::chrono::milliseconds pause_before_retry(Answer const& answer, int tries) {
  std::chrono::milliseconds pause{100 * tries};
  if (auto const after = answer.headers.find("retry-after")) {
    std::int64_t seconds = 0;
    for (char const c : after->substr(0, 4)) {
      if (c >= '0' && c <= '9') seconds = seconds * 10 + (c - '0');
    }
    pause = std::max(pause, std::chrono::milliseconds{std::chrono::seconds{seconds}});
  }
  return std::min<std::chrono::milliseconds>(pause, kPauseMax);
}

/// "POST /v1/sales/…/returns": what was tried, without the query, which may name a person.
std::string doing(std::string_view method, std::string_view target) {
  return fmt::format("{} {}", method, target.substr(0, target.find('?')));
}

std::string describe(Answer const& answer, std::string_view doing) {
  if (!answer.document.IsObject()) {
    return fmt::format("{}: the server answered {}", doing, answer.status);
  }
  auto const problem = answer.json();
  std::string said = fmt::format("{}: {} {}: {}", doing, answer.status, problem["code"].shown(),
                                 problem["detail"].shown());
  if (problem["errors"].value().IsArray()) {
    for (auto const& fault : problem["errors"].items()) {
      said += fmt::format("\n  {} {}: {}", fault["pointer"].shown(), fault["code"].shown(),
                          fault["detail"].shown());
    }
  }
  return said + fmt::format("\n  request {}", problem["request_id"].shown());
}

}  // namespace

std::string json_object(std::initializer_list<Member> members) {
  std::string text = "{";
  for (auto const& [name, value] : members) {
    if (text.size() > 1) text += ',';
    text += quoted(name) + ":";
    if (auto const* const word = std::get_if<std::string>(&value)) text += quoted(*word);
    if (auto const* const number = std::get_if<std::int64_t>(&value)) {
      text += std::to_string(*number);
    }
    if (auto const* const flag = std::get_if<bool>(&value)) text += *flag ? "true" : "false";
    if (auto const* const raw = std::get_if<RawJson>(&value)) text += raw->text;
  }
  return text + "}";
}

RawJson money(std::string_view amount, std::string_view currency) {
  return {json_object({{"amount", std::string{amount}}, {"currency", std::string{currency}}})};
}

std::string query_encode(std::string_view text) {
  std::string encoded;
  for (char const c : text) {
    bool const plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '_' || c == '.' || c == '~';
    if (plain) {
      encoded += c;
    } else {
      encoded += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return encoded;
}

std::string Answer::problem_code() const {
  if (ok() || !document.IsObject()) return {};
  auto const code = json()["code"];
  return code.value().IsString() ? code.text() : std::string{};
}

int exit_code_of(int status) {
  switch (status) {
    case 401:
    case 403:
      return kNotAllowed;
    case 404:
    case 410:
      return kNotFound;
    case 409:
    case 412:
    case 428:
      return kConflict;
    case 502:
    case 503:
    case 504:
      return kUnreachable;
    default:
      return kFailed;
  }
}

Refusal::Refusal(Answer const& answer, std::string_view doing)
    : Failure(exit_code_of(answer.status), describe(answer, doing)),
      status_{answer.status},
      code_{answer.problem_code()} {}

Api::Api(ApiAccess access)
    : base_url_{std::move(access.base_url)},
      key_{std::move(access.key)},
      client_{{.base_url = base_url_, .ca_file = std::move(access.ca_file)}} {}

http::Headers Api::headers_for(std::string_view method, std::string const& idempotency_key) const {
  http::Headers headers{{"Authorization", "Bearer " + key_}, {"Accept", "*/*"}};
  if (method == "POST") headers.add("Idempotency-Key", idempotency_key);
  return headers;
}

Answer Api::send(std::string_view method, std::string const& target, std::string const& body,
                 std::string const& idempotency_key) {
  auto headers = headers_for(method, idempotency_key);
  if (!body.empty()) headers.add("Content-Type", "application/json");
  bool const may_resend = method == "GET" || method == "POST";  // POSTs carry an idempotency key
  auto response = client_.call(method, target, headers, body,
                               may_resend ? http::OnClosed::resend : http::OnClosed::fail);
  if (!response) {
    throw Failure(kUnreachable, fmt::format("{}: no answer from {} ({})", doing(method, target),
                                            base_url_, http::to_string(response.error())));
  }
  return as_answer(std::move(*response));
}

Answer Api::call(std::string_view method, std::string const& target, std::string const& body) {
  auto const key = crypto::hex_encode(crypto::random_bytes(kKeyBytes));
  for (int tries = 1;; ++tries) {
    auto answer = send(method, target, body, key);
    if (!worth_another_try(answer) || tries == kTriesMax) return answer;
    std::this_thread::sleep_for(pause_before_retry(answer, tries));
  }
}

Answer Api::get(std::string const& target) {
  auto answer = call("GET", target);
  if (!answer.ok()) throw Refusal(answer, doing("GET", target));
  return answer;
}

Answer Api::post(std::string const& target, std::string const& body) {
  auto answer = call("POST", target, body);
  if (!answer.ok()) throw Refusal(answer, doing("POST", target));
  return answer;
}

Answer Api::patch(std::string const& target, std::string const& body) {
  auto answer = call("PATCH", target, body);
  if (!answer.ok()) throw Refusal(answer, doing("PATCH", target));
  return answer;
}

Answer Api::upload(std::string const& target, std::string_view content_type,
                   http::UploadSource const& source) {
  auto headers = headers_for("POST", crypto::hex_encode(crypto::random_bytes(kKeyBytes)));
  headers.add("Content-Type", std::string{content_type});
  auto response = client_.upload("POST", target, headers, source);
  if (!response) {
    throw Failure(response.error() == http::ApiError::source_failed ? kFailed : kUnreachable,
                  fmt::format("{}: {}", doing("POST", target), http::to_string(response.error())));
  }
  auto answer = as_answer(std::move(*response));
  if (!answer.ok()) throw Refusal(answer, doing("POST", target));
  return answer;
}

std::optional<Answer> Api::upload_piece(std::string const& target, std::int64_t offset,
                                        http::UploadSource const& source) {
  auto headers = headers_for("PATCH", {});
  headers.add("Content-Type", "application/partial-upload");
  headers.add("Upload-Offset", std::to_string(offset));
  headers.add("Upload-Complete", "?1");
  auto response = client_.upload("PATCH", target, headers, source);
  if (response) return as_answer(std::move(*response));
  if (response.error() == http::ApiError::source_failed) {
    throw Failure(kFailed, fmt::format("{}: the file cannot be read", doing("PATCH", target)));
  }
  client_.disconnect();
  return std::nullopt;
}

Answer Api::upload(std::string const& target, std::string_view content_type,
                   std::string_view body) {
  return upload(target, content_type, [rest = body](std::span<char> room) mutable {
    auto const taken = std::min(room.size(), rest.size());
    std::copy_n(rest.data(), taken, room.data());
    rest.remove_prefix(taken);
    return std::optional{taken};
  });
}

std::vector<Answer> Api::pages(std::string const& target, std::int64_t most) {
  std::vector<Answer> all;
  std::string cursor;
  while (most > 0 && all.size() < kPagesMax) {
    auto const rows = std::min(most, kPageRows);
    auto page =
        get(fmt::format("{}{}limit={}{}", target, target.find('?') == std::string::npos ? '?' : '&',
                        rows, cursor.empty() ? "" : "&cursor=" + query_encode(cursor)));
    most -= static_cast<std::int64_t>(page.json()["data"].items().size());
    bool const more = page.json()["has_more"].flag();
    if (more) cursor = page.json()["next_cursor"].text();
    all.push_back(std::move(page));
    if (!more) break;
  }
  return all;
}

std::vector<JsonView> rows_of(std::vector<Answer> const& pages) {
  std::vector<JsonView> rows;
  for (auto const& page : pages) {
    for (auto const& row : page.json()["data"].items()) rows.push_back(row);
  }
  return rows;
}

}  // namespace leadex::cli
