#include <algorithm>
#include <array>
#include <boost/asio/ip/address.hpp>
#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

#include "server/http/address_guard.hpp"
#include "server/http/client.hpp"

namespace leadex::http {

namespace {

namespace urls = boost::urls;
using Address = boost::asio::ip::address;

constexpr std::size_t kNameBytesMax = 253;
constexpr std::size_t kLabelBytesMax = 63;
constexpr std::uint16_t kLocalPortMin = 1024;

bool is_label(std::string_view label) {
  if (label.empty() || label.size() > kLabelBytesMax) return false;
  if (label.front() == '-' || label.back() == '-') return false;
  return std::all_of(label.begin(), label.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
}

/// A dotted DNS name in lower case whose last label begins with a letter: "2130706433", "0x7f.1"
/// and "127.1" are addresses to some resolvers, never names of hosts on the internet.
bool is_public_name(std::string_view name) {
  if (name.size() > kNameBytesMax) return false;
  std::string_view last;
  int labels = 0;
  for (std::size_t at = 0; at <= name.size(); ++labels) {
    auto const end = std::min(name.find('.', at), name.size());
    last = name.substr(at, end - at);
    if (!is_label(last)) return false;
    at = end + 1;
  }
  static constexpr std::array<std::string_view, 5> kLocal = {"localhost", "local", "internal",
                                                             "localdomain", "arpa"};
  return labels >= 2 && last.front() >= 'a' &&
         std::find(kLocal.begin(), kLocal.end(), last) == kLocal.end();
}

std::optional<Address> literal_of(urls::url_view const& url) {
  if (url.host_type() == urls::host_type::ipv4) {
    return boost::asio::ip::make_address_v4(url.host_ipv4_address().to_uint());
  }
  if (url.host_type() == urls::host_type::ipv6) {
    boost::asio::ip::address_v6::bytes_type bytes{};
    auto const given = url.host_ipv6_address().to_bytes();
    std::copy(given.begin(), given.end(), bytes.begin());
    return boost::asio::ip::make_address_v6(bytes);
  }
  return std::nullopt;
}

/// The host into `target`; none: fine.
std::optional<ClientError> take_host(urls::url_view const& url, bool allow_loopback,
                                     WebhookTarget& target) {
  target.address = literal_of(url);
  if (target.address) {
    target.host = target.address->to_string();
    bool const allowed =
        is_public(*target.address) || (allow_loopback && is_loopback(*target.address));
    return allowed ? std::nullopt : std::optional(ClientError::address_refused);
  }
  if (url.host_type() != urls::host_type::name) return ClientError::url_malformed;
  auto const raw = url.encoded_host();
  target.host.assign(raw.data(), raw.size());
  for (char& c : target.host) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  if (allow_loopback && target.host == "localhost") return std::nullopt;
  return is_public_name(target.host) ? std::nullopt : std::optional(ClientError::address_refused);
}

bool is_local(WebhookTarget const& target) {
  return target.address ? is_loopback(*target.address) : target.host == "localhost";
}

bool may_be_loopback(WebhookTarget const& target) {
  return target.address ? is_loopback(*target.address) : true;
}

}  // namespace

Result<WebhookTarget, ClientError> check_webhook_url(std::string_view url,
                                                     ClientOptions const& options) {
  if (url.size() > options.url_bytes_max) return refuse(ClientError::url_malformed);
  auto const parsed = urls::parse_uri(urls::string_view(url.data(), url.size()));
  if (!parsed) return refuse(ClientError::url_malformed);
  if (parsed->scheme_id() != urls::scheme::https) return refuse(ClientError::scheme_refused);
  if (!parsed->has_authority() || parsed->has_fragment()) {
    return refuse(ClientError::url_malformed);
  }
  if (parsed->has_userinfo()) return refuse(ClientError::user_info_refused);

  // Boost.URL 1.81 reads "https://1.2.3.4.evil.com/" as the address 1.2.3.4 with the path
  // ".evil.com/": behind an authority only a slash may follow.
  auto const path = parsed->encoded_path();
  if (!path.empty() && path.front() != '/') return refuse(ClientError::url_malformed);

  WebhookTarget target;
  if (parsed->has_port()) {
    target.port = parsed->port_number();
    if (target.port == 0) return refuse(ClientError::port_refused);
  }
  if (auto const error = take_host(*parsed, options.allow_loopback, target)) {
    return refuse(*error);
  }
  // Loopback is open to receivers that a developer starts, not to the services of the machine.
  if (is_local(target) && target.port < kLocalPortMin) return refuse(ClientError::port_refused);
  // Names are judged again once resolved: another port is for loopback addresses alone.
  bool const port_is_open = target.port == 443 || target.port == 8443;
  if (!port_is_open && !(options.allow_loopback && may_be_loopback(target))) {
    return refuse(ClientError::port_refused);
  }
  auto const path_and_query = parsed->encoded_target();
  target.target.assign(path_and_query.data(), path_and_query.size());
  if (!target.target.starts_with('/')) target.target.insert(0, 1, '/');
  return target;
}

std::string_view to_string(ClientError error) {
  switch (error) {
    case ClientError::url_malformed:
      return "url_malformed";
    case ClientError::scheme_refused:
      return "scheme_refused";
    case ClientError::user_info_refused:
      return "user_info_refused";
    case ClientError::port_refused:
      return "port_refused";
    case ClientError::address_refused:
      return "address_refused";
    case ClientError::resolve_failed:
      return "resolve_failed";
    case ClientError::connect_failed:
      return "connect_failed";
    case ClientError::tls_failed:
      return "tls_failed";
    case ClientError::timeout:
      return "timeout";
    case ClientError::disconnected:
      return "disconnected";
    case ClientError::answer_malformed:
      return "answer_malformed";
    case ClientError::request_malformed:
      return "request_malformed";
  }
  return "unknown";
}

}  // namespace leadex::http
