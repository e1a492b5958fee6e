#pragma once
// Which IP addresses count as public, for requests to targets that strangers name (webhooks).
// Pure; any thread. Source: the IANA IPv4 and IPv6 special-purpose address registries.

#include <boost/asio/ip/address.hpp>

namespace leadex::http {

/// False for every address of the special registries (loopback, private, link-local, shared,
/// documentation, multicast, mapped, NAT64, 6to4, …) and outside IPv6 global unicast 2000::/3.
[[nodiscard]] bool is_public(boost::asio::ip::address const& address);

/// 127.0.0.0/8 and ::1 only; a mapped address is neither loopback nor public.
[[nodiscard]] bool is_loopback(boost::asio::ip::address const& address);

}  // namespace leadex::http
