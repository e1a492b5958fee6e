#include "server/api/paging.hpp"

#include "billing/values/check.hpp"
#include "server/crypto/aead.hpp"
#include "server/crypto/bytes.hpp"

namespace leadex::api {

namespace {

constexpr std::size_t kNumberBytes = 8;

/// What a cursor is bound to: another account, operation or object cannot use it.
std::string place_of(ApiCall const& call) {
  std::string place = "cursor/1";
  crypto::append_be64(place, static_cast<std::uint64_t>(call.principal.tenant_no));
  crypto::append_be64(place, call.request.operation_id.size());
  place += call.request.operation_id;
  place += call.request.path;
  return place;
}

void append_encoded(std::string& out, std::string_view text) {
  constexpr std::string_view kPlain =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
  constexpr std::string_view kHex = "0123456789ABCDEF";
  for (char const c : text) {
    if (kPlain.find(c) != std::string_view::npos) {
      out += c;
      continue;
    }
    auto const byte = static_cast<unsigned char>(c);
    out += '%';
    out += kHex[byte >> 4U];
    out += kHex[byte & 0xFU];
  }
}

std::string next_link(ApiCall const& call, std::string_view cursor) {
  std::string link = "<" + call.request.path + "?";
  for (auto const& [name, value] : call.request.query) {
    if (name == "cursor") continue;
    append_encoded(link, name);
    link += '=';
    append_encoded(link, value);
    link += '&';
  }
  link += "cursor=";
  append_encoded(link, cursor);
  return link + ">; rel=\"next\"";
}

}  // namespace

Result<PageRequest, ApiProblem> read_page(ApiCall const& call, std::size_t keys) {
  LEADEX_CHECK(keys >= 1 && keys <= kCursorKeysMax);
  PageRequest page;
  page.limit = static_cast<int>(call.query_int("limit").value_or(kPageDefault));
  LEADEX_CHECK(page.limit >= 1 && page.limit <= kPageMax);
  auto const text = call.query("cursor");
  if (!text) return page;
  auto const sealed = crypto::base64url_decode(*text);
  if (!sealed) return problem(Code::cursor_invalid);
  auto const opened = crypto::aead_open(call.ctx.keys.token(), place_of(call), *sealed);
  if (!opened || opened->size() != keys * kNumberBytes) return problem(Code::cursor_invalid);
  for (std::size_t i = 0; i < keys; ++i) {
    auto const bytes = opened->view().substr(i * kNumberBytes, kNumberBytes);
    page.after.push_back(static_cast<std::int64_t>(crypto::read_be64(bytes)));
  }
  return page;
}

std::string seal_cursor(ApiCall const& call, std::span<std::int64_t const> keys) {
  LEADEX_CHECK(!keys.empty() && keys.size() <= kCursorKeysMax);
  std::string plain;
  for (auto const key : keys) crypto::append_be64(plain, static_cast<std::uint64_t>(key));
  return crypto::base64url_encode(crypto::aead_seal(call.ctx.keys.token(), place_of(call), plain));
}

http::Response page_answer(ApiCall const& call, std::span<std::string const> items,
                           std::span<std::int64_t const> next) {
  std::string body = "{\"data\":[";
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (i > 0) body += ',';
    body += items[i];
  }
  body += "],\"has_more\":";
  body += next.empty() ? "false" : "true";
  body += ",\"next_cursor\":";
  auto const cursor = next.empty() ? std::string{} : seal_cursor(call, next);
  body += next.empty() ? std::string{"null"} : '"' + cursor + '"';
  body += '}';
  auto response = http::make_response(200, "application/json", std::move(body));
  if (!next.empty()) response.headers.add("Link", next_link(call, cursor));
  return response;
}

}  // namespace leadex::api
