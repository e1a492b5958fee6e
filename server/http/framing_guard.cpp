#include "server/http/framing_guard.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "server/http/headers.hpp"

namespace leadex::http {

namespace {

using Check = std::optional<FramingError>;  // none: passed

constexpr std::array<bool, 256> make_table(std::string_view extra) {
  std::array<bool, 256> table{};
  for (unsigned char c = '0'; c <= '9'; ++c) table[c] = true;
  for (unsigned char c = 'A'; c <= 'Z'; ++c) table[c] = true;
  for (unsigned char c = 'a'; c <= 'z'; ++c) table[c] = true;
  for (char const c : extra) table[static_cast<unsigned char>(c)] = true;
  return table;
}

constexpr auto kToken = make_table("!#$%&'*+-.^_`|~");
constexpr auto kPath = make_table("-._~!$&'()*+,;=:@/%");
// Brackets are outside RFC 3986 here, but `created_at[gte]=` is what clients send.
constexpr auto kQuery = make_table("-._~!$&'()*+,;=:@/%?[]");
constexpr auto kRegName = make_table("-._");
constexpr auto kIpLiteral = make_table(":.");

bool all_of(std::string_view text, std::array<bool, 256> const& table) {
  return std::all_of(text.begin(), text.end(),
                     [&table](char c) { return table[static_cast<unsigned char>(c)]; });
}

bool is_digits(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

/// Every CR is followed by LF and every LF follows a CR.
bool has_clean_line_ends(std::string_view head) {
  for (std::size_t i = 0; i < head.size(); ++i) {
    if (head[i] == '\n') return false;
    if (head[i] != '\r') continue;
    if (i + 1 == head.size() || head[i + 1] != '\n') return false;
    ++i;
  }
  return true;
}

/// CONNECT is known, but its target never has origin form.
bool is_known(std::string_view method) {
  static constexpr std::array<std::string_view, 9> kMethods = {
      "GET", "POST", "PATCH", "DELETE", "PUT", "HEAD", "OPTIONS", "TRACE", "CONNECT"};
  return std::find(kMethods.begin(), kMethods.end(), method) != kMethods.end();
}

Check check_target(std::string_view method, std::string_view target, HeadLimits const& limits) {
  if (target.size() > limits.target_bytes_max) return FramingError::target_too_long;
  if (target == "*" && method == "OPTIONS") return std::nullopt;
  auto const question = std::min(target.find('?'), target.size());
  auto const path = target.substr(0, question);
  auto const query = target.substr(question);
  if (!path.starts_with('/') || !all_of(path, kPath) || !all_of(query, kQuery)) {
    return FramingError::bad_target;
  }
  return std::nullopt;
}

Check parse_request_line(std::string_view line, HeadLimits const& limits, ParsedHead& head) {
  auto const first = line.find(' ');
  auto const last = line.rfind(' ');
  if (first == std::string_view::npos || first == last) return FramingError::bad_request_line;
  head.method = line.substr(0, first);
  head.target = line.substr(first + 1, last - first - 1);
  auto const version = line.substr(last + 1);
  if (head.method.size() > 32 || !is_token(head.method)) return FramingError::bad_method;
  if (!is_known(head.method)) return FramingError::unknown_method;
  if (head.target.empty() || head.target.find(' ') != std::string_view::npos) {
    return FramingError::bad_request_line;
  }
  if (auto const error = check_target(head.method, head.target, limits)) return error;
  if (version != "HTTP/1.1" && version != "HTTP/1.0") {
    return version.starts_with("HTTP/") ? FramingError::bad_version
                                        : FramingError::bad_request_line;
  }
  head.http_1_0 = version == "HTTP/1.0";
  return std::nullopt;
}

Check parse_fields(std::string_view lines, HeadLimits const& limits, ParsedHead& head) {
  while (!lines.empty()) {
    auto const end = lines.find("\r\n");
    auto const line = lines.substr(0, end);
    lines.remove_prefix(end + 2);
    if (head.fields.size() == limits.header_count_max) return FramingError::too_many_headers;
    auto const colon = line.find(':');
    // A folded line begins with a space, so its "name" is no token either.
    if (colon == std::string_view::npos || !is_token(line.substr(0, colon))) {
      return FramingError::bad_name;
    }
    auto const value = trim(line.substr(colon + 1));
    if (!is_field_value(value)) return FramingError::bad_value;
    head.fields.emplace_back(line.substr(0, colon), value);
  }
  return std::nullopt;
}

/// The values of one field, at most two: more than one is always refused here.
struct Found {
  std::size_t count = 0;
  std::string_view value;
};

Found find(ParsedHead const& head, std::string_view name) {
  Found found;
  for (auto const& [field, value] : head.fields) {
    if (!equals_ignoring_case(field, name)) continue;
    if (found.count++ == 0) found.value = value;
  }
  return found;
}

bool is_host(std::string_view text) {
  if (text.empty() || text.size() > 261) return false;
  std::string_view host = text;
  std::string_view port;
  if (text.front() == '[') {
    auto const close = text.find(']');
    if (close == std::string_view::npos || close == 1) return false;
    if (!all_of(text.substr(1, close - 1), kIpLiteral)) return false;
    port = text.substr(close + 1);
  } else {
    auto const colon = std::min(text.find(':'), text.size());
    host = text.substr(0, colon);
    port = text.substr(colon);
    if (host.empty() || !all_of(host, kRegName)) return false;
  }
  return port.empty() || (port.front() == ':' && port.size() <= 6 && is_digits(port.substr(1)));
}

Check frame_body(ParsedHead& head) {
  auto const length = find(head, "content-length");
  auto const encoding = find(head, "transfer-encoding");
  if (length.count > 0 && encoding.count > 0) return FramingError::length_and_encoding;
  if (length.count > 0) {
    // 18 digits stay below 2^63, so that no later sum of lengths can overflow.
    if (length.count > 1 || length.value.size() > 18 || !is_digits(length.value)) {
      return FramingError::bad_length;
    }
    std::from_chars(length.value.data(), length.value.data() + length.value.size(),
                    head.content_length);
  }
  if (encoding.count > 0) {
    if (encoding.count > 1 || !equals_ignoring_case(encoding.value, "chunked")) {
      return FramingError::bad_encoding;
    }
    if (head.http_1_0) return FramingError::encoding_in_1_0;
    head.chunked = true;
  }
  return std::nullopt;
}

bool has_connection_close(ParsedHead const& head) {
  for (auto const& [field, value] : head.fields) {
    if (!equals_ignoring_case(field, "connection")) continue;
    for (std::size_t at = 0; at <= value.size();) {
      auto const end = std::min(value.find(',', at), value.size());
      if (equals_ignoring_case(trim(value.substr(at, end - at)), "close")) return true;
      at = end + 1;
    }
  }
  return false;
}

bool takes_no_body(std::string_view method) {
  return method == "GET" || method == "HEAD" || method == "DELETE" || method == "OPTIONS" ||
         method == "TRACE";
}

Check check_whole(ParsedHead& head) {
  auto const host = find(head, "host");
  if (host.count != 1 || !is_host(host.value)) return FramingError::bad_host;
  if (auto const error = frame_body(head)) return error;
  auto const expect = find(head, "expect");
  if (expect.count > 0) {
    if (expect.count > 1 || !equals_ignoring_case(expect.value, "100-continue")) {
      return FramingError::bad_expectation;
    }
    // RFC 9110 10.1.1: an expectation in HTTP/1.0 is ignored.
    head.expect_continue = !head.http_1_0;
  }
  bool const has_body = head.chunked || head.content_length > 0;
  if (has_body && takes_no_body(head.method)) return FramingError::body_not_allowed;
  head.close = head.http_1_0 || has_connection_close(head);
  return std::nullopt;
}

}  // namespace

bool is_token(std::string_view text) { return !text.empty() && all_of(text, kToken); }

bool is_field_value(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    auto const byte = static_cast<unsigned char>(c);
    return byte == '\t' || (byte >= 0x20 && byte != 0x7F);
  });
}

std::optional<std::size_t> find_head_end(std::string_view bytes, std::size_t from) {
  auto const at = bytes.find("\r\n\r\n", from < 3 ? 0 : from - 3);
  if (at == std::string_view::npos) return std::nullopt;
  return at + 4;
}

Result<ParsedHead, FramingError> parse_head(std::string_view head, HeadLimits const& limits) {
  if (!has_clean_line_ends(head) || !head.ends_with("\r\n\r\n")) {
    return refuse(FramingError::bad_line_end);
  }
  ParsedHead out;
  out.fields.reserve(16);
  auto const line_end = head.find("\r\n");
  if (auto const error = parse_request_line(head.substr(0, line_end), limits, out)) {
    return refuse(*error);
  }
  auto const lines = head.substr(line_end + 2, head.size() - line_end - 4);
  if (auto const error = parse_fields(lines, limits, out)) return refuse(*error);
  if (auto const error = check_whole(out)) return refuse(*error);
  return out;
}

int status_of(FramingError error) {
  switch (error) {
    case FramingError::target_too_long:
      return 414;
    case FramingError::unknown_method:
      return 501;
    case FramingError::bad_version:
      return 505;
    case FramingError::too_many_headers:
      return 431;
    case FramingError::bad_expectation:
      return 417;
    default:
      return 400;
  }
}

std::string_view code_of(FramingError error) {
  switch (error) {
    case FramingError::target_too_long:
      return "target_too_long";
    case FramingError::unknown_method:
      return "method_not_implemented";
    case FramingError::bad_version:
      return "http_version_not_supported";
    case FramingError::too_many_headers:
      return "headers_too_large";
    case FramingError::bad_expectation:
      return "expectation_failed";
    default:
      return "malformed_request";
  }
}

}  // namespace leadex::http
