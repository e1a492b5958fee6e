#include "server/api/request_checks.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "server/crypto/bytes.hpp"

namespace leadex::api {

namespace {

constexpr std::string_view kIdempotencyKey = "idempotency-key";
constexpr std::size_t kKeyBytesMax = 255;
constexpr std::size_t kScopedKeyBytes = 16;

json::Operation::Parameter const* idempotency_parameter(json::Operation const& operation) {
  auto const found = std::ranges::find_if(operation.parameters, [](auto const& parameter) {
    return parameter.place == json::ParameterPlace::header && parameter.name == kIdempotencyKey;
  });
  return found == operation.parameters.end() ? nullptr : &*found;
}

std::string_view trimmed(std::string_view text) {
  auto const blank = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

/// A structured-field string ("…" with \" and \\), or the bare text.
std::optional<std::string> unquote(std::string_view text) {
  if (!text.starts_with('"')) return std::string{text};
  text.remove_prefix(1);
  std::string key;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '"') {
      if (i + 1 != text.size()) return std::nullopt;
      return key;
    }
    if (text[i] == '\\') {
      ++i;
      if (i == text.size() || (text[i] != '"' && text[i] != '\\')) return std::nullopt;
    }
    key += text[i];
  }
  return std::nullopt;
}

void append_sized(std::string& out, std::string_view text) {
  crypto::append_be64(out, text.size());
  out += text;
}

/// The type and subtype in lower case, without parameters; JSON when the client named none.
std::string media_type(http::Request const& request) {
  std::string_view const given = request.headers.find("content-type").value_or("application/json");
  std::string type{trimmed(given.substr(0, given.find(';')))};
  std::ranges::transform(type, type.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  });
  return type;
}

}  // namespace

Result<void, ApiProblem> check_parameters(json::Contract const& contract,
                                          json::Operation const& operation,
                                          http::Request const& request, bool free_query) {
  std::vector<json::RawParameter> path;
  std::vector<json::RawParameter> query;
  std::vector<json::RawParameter> headers;
  for (auto const& parameter : operation.parameters) {
    if (parameter.place == json::ParameterPlace::path) {
      path.push_back({parameter.name, request.params.at(parameter.name)});
    } else if (parameter.place == json::ParameterPlace::header &&
               parameter.name != kIdempotencyKey) {
      for (auto const& [name, value] : request.headers) {
        if (http::equals_ignoring_case(name, parameter.name)) {
          headers.push_back({parameter.name, value});
        }
      }
    }
  }
  for (auto const& [name, value] : request.query) query.push_back({name, value});

  auto faults = contract.validate_parameters(operation.id,
                                             {.path = path, .query = query, .headers = headers});
  std::erase_if(faults, [free_query](json::FieldError const& fault) {
    return fault.pointer == "/header/idempotency-key" ||
           (free_query && fault.code == "unknown_parameter");
  });
  auto const in_path = [](auto const& fault) { return fault.pointer.starts_with("/path/"); };
  if (std::ranges::any_of(faults, in_path)) return problem(Code::not_found);
  if (!faults.empty()) return invalid(std::move(faults));
  return {};
}

Result<std::optional<std::string>, ApiProblem> read_idempotency_key(
    json::Operation const& operation, http::Request const& request) {
  auto const* const parameter = idempotency_parameter(operation);
  if (parameter == nullptr) return std::nullopt;
  auto const given = request.headers.find(kIdempotencyKey);
  if (!given) {
    if (parameter->required) return problem(Code::idempotency_key_missing);
    return std::nullopt;
  }
  auto key = unquote(trimmed(*given));
  auto const printable = [](char c) { return c >= 0x20 && c <= 0x7E; };
  if (request.headers.count(kIdempotencyKey) > 1 || !key || key->empty() ||
      key->size() > kKeyBytesMax || !std::ranges::all_of(*key, printable)) {
    return problem(Code::idempotency_key_invalid);
  }
  return key;
}

std::string scoped_key(privacy::KeyRing const& keys, std::int64_t tenant_no,
                       std::string_view operation_id, std::string_view key) {
  // A fingerprint begins with a size, whose first bytes are zero: the two never meet.
  std::string message = "idempotency-key/1";
  crypto::append_be64(message, static_cast<std::uint64_t>(tenant_no));
  append_sized(message, operation_id);
  append_sized(message, key);
  auto const digest = keys.body_fingerprint().sign(message);
  return std::string{crypto::view_of(digest).substr(0, kScopedKeyBytes)};
}

std::string canonical_target(http::Request const& request) {
  auto query = request.query;
  std::ranges::sort(query);
  std::string target;
  append_sized(target, request.method);
  append_sized(target, request.path);
  for (auto const& [name, value] : query) {
    append_sized(target, name);
    append_sized(target, value);
  }
  return target;
}

Result<void, ApiProblem> check_media_type(json::Operation const& operation,
                                          http::Request const& request) {
  if (!operation.bodies.contains(media_type(request))) {
    return problem(Code::unsupported_media_type);
  }
  return {};
}

Result<json::Document, ApiProblem> read_json(json::Contract const& contract,
                                             json::Operation const& operation,
                                             http::Request const& request, std::string_view bytes) {
  if (bytes.empty() && !operation.body_required) return json::Document{};
  auto const encoding = request.headers.find("content-encoding");
  if (encoding && !http::equals_ignoring_case(*encoding, "identity")) {
    return problem(Code::unsupported_media_type, "This operation takes no packed body.");
  }
  auto const type = media_type(request);
  bool const known =
      operation.bodies.empty() ? type == "application/json" : operation.bodies.contains(type);
  if (!known) return problem(Code::unsupported_media_type);
  auto document = json::parse(bytes, {.bytes = bytes.size()});
  if (!document) {
    ApiProblem refused{Code::json_invalid, {}, {}, {}};
    refused.errors.push_back({"", std::string{json::to_string(document.error().code)},
                              std::string{document.error().sentence}});
    return refuse(std::move(refused));
  }
  if (operation.bodies.empty()) {
    if (document->IsObject() && document->MemberCount() == 0) return json::Document{};
    return invalid("", "unknown_field", "This operation takes no body.");
  }
  auto faults = contract.validate_request_body(operation.id, *document, type);
  if (!faults.empty()) return invalid(std::move(faults));
  return std::move(*document);
}

}  // namespace leadex::api
