#pragma once
// IP addresses of visitors, as the generator reports them. Strict text forms only: no leading zero,
// no hexadecimal or short IPv4, no zone. Intake only; pure, any thread.

#include <optional>
#include <string>
#include <string_view>

namespace leadex::intake {

struct IpAddress {
  std::string text;  // canonical: RFC 5952 for IPv6
  bool is_v6 = false;
  bool is_reserved = false;  // in no public range: private, loopback, documentation, multicast …
};

/// nullopt when `text` is no address. IPv4-mapped IPv6 is judged by the address inside.
[[nodiscard]] std::optional<IpAddress> parse_ip_address(std::string_view text);

}  // namespace leadex::intake
