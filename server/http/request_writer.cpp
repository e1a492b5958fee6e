#include "server/http/request_writer.hpp"

#include <algorithm>
#include <array>

#include "server/http/framing_guard.hpp"

namespace leadex::http {

namespace {

constexpr std::array<std::string_view, 5> kOurs = {"host", "content-length", "transfer-encoding",
                                                   "connection", "expect"};

bool is_ours(std::string_view name) {
  return std::any_of(kOurs.begin(), kOurs.end(),
                     [name](std::string_view ours) { return equals_ignoring_case(name, ours); });
}

bool is_target(std::string_view target) {
  return target.starts_with('/') &&
         std::all_of(target.begin(), target.end(), [](char c) { return c > 0x20 && c < 0x7F; });
}

}  // namespace

std::optional<std::string> write_request_head(RequestHead const& head, Headers const& headers) {
  if (!is_token(head.method) || !is_target(head.target)) return std::nullopt;
  std::string out;
  out.reserve(512);
  out.append(head.method).append(" ").append(head.target).append(" HTTP/1.1\r\nHost: ");
  bool const is_v6 = head.host.find(':') != std::string_view::npos;
  if (is_v6) out += '[';
  out += head.host;
  if (is_v6) out += ']';
  if (head.port != 443) out.append(":").append(std::to_string(head.port));
  out += "\r\n";
  for (auto const& [name, value] : headers) {
    if (!is_token(name) || !is_field_value(value)) return std::nullopt;
    if (!is_ours(name)) out.append(name).append(": ").append(value).append("\r\n");
  }
  if (head.close) out += "Connection: close\r\n";
  if (head.has_body) {
    if (head.content_length) {
      out.append("Content-Length: ").append(std::to_string(*head.content_length)).append("\r\n");
    } else {
      out += "Transfer-Encoding: chunked\r\n";
    }
  }
  out += "\r\n";
  return out;
}

}  // namespace leadex::http
