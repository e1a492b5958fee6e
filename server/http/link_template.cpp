#include "server/http/link_template.hpp"

#include <algorithm>
#include <optional>

#include "server/http/client.hpp"

namespace leadex::http {

namespace {

constexpr std::string_view kLocal = "http://127.0.0.1";
constexpr std::size_t kMacroBytesMax = 64;

bool is_macro_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/// The macro that begins at `at`, without its braces; nothing when none does.
std::optional<std::string_view> macro_at(std::string_view link, std::size_t at) {
  if (link[at] != '{') return std::nullopt;
  auto const end = link.find('}', at);
  if (end == std::string_view::npos) return std::nullopt;
  auto const name = link.substr(at + 1, end - at - 1);
  bool const plain = !name.empty() && name.size() <= kMacroBytesMax &&
                     std::all_of(name.begin(), name.end(), is_macro_char);
  return plain ? std::optional{name} : std::nullopt;
}

/// Where scheme and authority end.
std::size_t fixed_part(std::string_view link) {
  auto const scheme = link.find("://");
  if (scheme == std::string_view::npos) return std::string_view::npos;
  return std::min(link.find_first_of("/?#", scheme + 3), link.size());
}

/// Copies the link with `put` in the place of each macro.
template <class Put>
std::string replaced(std::string_view link, Put put) {
  std::string out;
  out.reserve(link.size());
  for (std::size_t at = 0; at < link.size();) {
    auto const macro = macro_at(link, at);
    if (!macro) {
      out += link[at++];
      continue;
    }
    put(out, *macro);
    at += macro->size() + 2;
  }
  return out;
}

bool unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_' || c == '~';
}

void put_encoded(std::string& out, std::string_view value) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  if (value.find_first_not_of('.') == std::string_view::npos) return;
  for (char const c : value) {
    if (unreserved(c)) {
      out += c;
      continue;
    }
    auto const byte = static_cast<unsigned char>(c);
    out += '%';
    out += kHex[byte >> 4];
    out += kHex[byte & 15];
  }
}

}  // namespace

std::string_view to_string(LinkError error) {
  switch (error) {
    case LinkError::malformed:
      return "url_malformed";
    case LinkError::address_refused:
      return "address_refused";
    case LinkError::macro_misplaced:
      return "macro_misplaced";
    case LinkError::macro_unknown:
      return "macro_unknown";
  }
  return "unknown";
}

Result<void, LinkError> check_link(std::string_view link, std::span<std::string const> macros,
                                   bool allow_local, LinkFor use) {
  auto const fixed = fixed_part(link);
  if (link.size() > kLinkBytesMax || fixed == std::string_view::npos) {
    return refuse(LinkError::malformed);
  }
  bool known = true;
  std::size_t count = 0;
  auto plain = replaced(link, [&](std::string& out, std::string_view name) {
    ++count;
    known = known && std::find(macros.begin(), macros.end(), name) != macros.end();
    out += 'x';
  });
  bool const misplaced = link.substr(0, fixed).find_first_of("{}") != std::string_view::npos;
  if (misplaced) return refuse(LinkError::macro_misplaced);
  if (count > kLinkMacrosMax) return refuse(LinkError::malformed);
  // The other check knows no fragments; what may stand there is what may stand in a query.
  if (auto const hash = plain.find('#'); hash != std::string::npos) {
    plain[hash] = plain.find('?') < hash ? '&' : '?';
  }
  bool const plain_may = allow_local && use == LinkFor::visitors;
  if (plain_may && plain.starts_with(kLocal)) plain.insert(4, 1, 's');
  ClientOptions options;
  options.allow_loopback = allow_local;
  options.url_bytes_max = kLinkBytesMax + 1;
  if (auto const target = check_webhook_url(plain, options); !target) {
    bool const form = target.error() == ClientError::url_malformed;
    return refuse(form ? LinkError::malformed : LinkError::address_refused);
  }
  if (!known) return refuse(LinkError::macro_unknown);
  return {};
}

std::string fill_link(std::string_view link,
                      std::function<std::string(std::string_view)> const& value) {
  auto const fixed = std::min(fixed_part(link), link.size());
  std::string out{link.substr(0, fixed)};
  out += replaced(link.substr(fixed), [&](std::string& into, std::string_view name) {
    put_encoded(into, value(name));
  });
  return out;
}

}  // namespace leadex::http
