#include "server/http/response_writer.hpp"

#include <array>
#include <charconv>
#include <chrono>

#include "server/http/framing_guard.hpp"
#include "server/http/problem.hpp"

namespace leadex::http {

namespace {

constexpr std::array<std::string_view, 6> kOurs = {
    "content-length", "transfer-encoding", "connection", "keep-alive", "date", "request-id"};

bool is_ours(std::string_view name) {
  for (auto const ours : kOurs) {
    if (equals_ignoring_case(name, ours)) return true;
  }
  return false;
}

void field(std::string& out, std::string_view name, std::string_view value) {
  out += name;
  out += ": ";
  out += value;
  out += "\r\n";
}

void append_two(std::string& out, unsigned n) {
  out += static_cast<char>('0' + n / 10 % 10);
  out += static_cast<char>('0' + n % 10);
}

/// The date of now, made once a second on each thread.
std::string const& date_now() {
  thread_local std::string text;
  thread_local std::int64_t made_at = -1;
  auto const now = std::chrono::duration_cast<std::chrono::seconds>(
                       std::chrono::system_clock::now().time_since_epoch())
                       .count();
  if (now != made_at) {
    made_at = now;
    text = http_date(now);
  }
  return text;
}

bool has_body(int status) { return status >= 200 && status != 204 && status != 304; }

}  // namespace

std::string http_date(std::int64_t unix_seconds) {
  static constexpr std::array<std::string_view, 7> kDays = {"Sun", "Mon", "Tue", "Wed",
                                                            "Thu", "Fri", "Sat"};
  static constexpr std::array<std::string_view, 12> kMonths = {
      "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  std::chrono::sys_seconds const at{std::chrono::seconds{unix_seconds}};
  auto const day = std::chrono::floor<std::chrono::days>(at);
  std::chrono::year_month_day const date{day};
  std::chrono::hh_mm_ss const time{at - day};
  std::string out;
  out += kDays[std::chrono::weekday{day}.c_encoding()];
  out += ", ";
  append_two(out, static_cast<unsigned>(date.day()));
  out += ' ';
  out += kMonths[static_cast<unsigned>(date.month()) - 1];
  out += ' ';
  out += std::to_string(static_cast<int>(date.year()));
  out += ' ';
  append_two(out, static_cast<unsigned>(time.hours().count()));
  out += ':';
  append_two(out, static_cast<unsigned>(time.minutes().count()));
  out += ':';
  append_two(out, static_cast<unsigned>(time.seconds().count()));
  out += " GMT";
  return out;
}

std::optional<std::string> write_response_head(Response const& response,
                                               HeadOptions const& options) {
  if (response.status < 200 || response.status > 599) return std::nullopt;
  std::string out = "HTTP/1.1 ";
  out.reserve(512);
  out += std::to_string(response.status);
  out += ' ';
  out += reason_phrase(response.status);
  out += "\r\n";
  field(out, "Date", date_now());
  field(out, "Request-Id", options.request_id);
  if (options.tls) field(out, "Strict-Transport-Security", "max-age=63072000");
  if (!response.headers.contains("x-content-type-options")) {
    field(out, "X-Content-Type-Options", "nosniff");
  }
  if (!response.headers.contains("cache-control")) field(out, "Cache-Control", "no-store");
  for (auto const& [name, value] : response.headers) {
    if (!is_token(name) || !is_field_value(value)) return std::nullopt;
    if (!is_ours(name)) field(out, name, value);
  }
  if (options.close) field(out, "Connection", "close");
  if (options.chunked) {
    field(out, "Transfer-Encoding", "chunked");
  } else if (!response.stream && has_body(response.status)) {
    field(out, "Content-Length", std::to_string(response.body.size()));
  }
  out += "\r\n";
  return out;
}

std::string chunk_head(std::size_t bytes) {
  std::array<char, 20> digits{};
  auto const end = std::to_chars(digits.data(), digits.data() + digits.size(), bytes, 16).ptr;
  return std::string(digits.data(), end) + "\r\n";
}

}  // namespace leadex::http
