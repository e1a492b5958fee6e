#pragma once
// Api: the exchange's own API as one caller with one key sees it: JSON in and out, idempotency
// keys, problems, pages. Blocking; one object belongs to one thread.

#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "server/cli/client/json_view.hpp"
#include "server/cli/exit_code.hpp"
#include "server/http/api_client.hpp"

namespace leadex::cli {

/// A piece of JSON text that goes into a body as it is.
struct RawJson {
  std::string text;
};
/// A member of a body.
using Member = std::pair<std::string_view, std::variant<std::string, std::int64_t, bool, RawJson>>;
/// {"name":value,…} in the order given.
[[nodiscard]] std::string json_object(std::initializer_list<Member> members);
/// M = {"amount":"5.00","currency":"USD"}.
[[nodiscard]] RawJson money(std::string_view amount, std::string_view currency);

/// %-encodes all but unreserved characters.
[[nodiscard]] std::string query_encode(std::string_view text);

struct Answer {
  int status{};
  http::Headers headers;
  std::string body;
  json::Document document;  ///< null when the body is no JSON

  [[nodiscard]] JsonView json() const { return JsonView{document}; }
  [[nodiscard]] bool ok() const { return status >= 200 && status < 300; }
  /// The code of a problem, empty otherwise.
  [[nodiscard]] std::string problem_code() const;
};

/// A refusal of the server: what() names status, code, sentence and the faults of single fields.
class Refusal : public Failure {
 public:
  Refusal(Answer const& answer, std::string_view doing);
  [[nodiscard]] int status() const { return status_; }
  [[nodiscard]] std::string const& code() const { return code_; }

 private:
  int status_;
  std::string code_;
};

/// The exit code that belongs to a refused request.
[[nodiscard]] int exit_code_of(int status);

struct ApiAccess {
  std::string base_url;
  std::string ca_file;
  std::string key;
};

class Api {
 public:
  explicit Api(ApiAccess access);

  /// Any answer, refusals included. Busy answers (503, or 409 in_progress) are tried again a few
  /// times under the same idempotency key. Throws Failure (kUnreachable) without an answer.
  Answer call(std::string_view method, std::string const& target, std::string const& body = {});

  /// As call(), but a refusal throws Refusal.
  Answer get(std::string const& target);
  Answer post(std::string const& target, std::string const& body = {});
  Answer patch(std::string const& target, std::string const& body);

  /// Sends a file of leads in bounded memory; busy answers are not retried.
  Answer upload(std::string const& target, std::string_view content_type,
                http::UploadSource const& source);
  /// A piece of a file that is sent in several. Nothing when the connection broke, which says
  /// nothing about what arrived; a refusal is an answer.
  std::optional<Answer> upload_piece(std::string const& target, std::int64_t offset,
                                     http::UploadSource const& source);
  /// As upload(), from memory.
  Answer upload(std::string const& target, std::string_view content_type, std::string_view body);

  /// Walks a list, page by page, until `most` rows came or no more are there. Answers hold the
  /// rows.
  std::vector<Answer> pages(std::string const& target, std::int64_t most);

 private:
  Answer send(std::string_view method, std::string const& target, std::string const& body,
              std::string const& idempotency_key);
  [[nodiscard]] http::Headers headers_for(std::string_view method,
                                          std::string const& idempotency_key) const;

  std::string base_url_;
  std::string key_;
  http::ApiClient client_;
};

/// All rows of pages() in order.
[[nodiscard]] std::vector<JsonView> rows_of(std::vector<Answer> const& pages);

}  // namespace leadex::cli
