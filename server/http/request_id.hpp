#pragma once
// Request ids: `req_` and 128 random bits as 26 Crockford characters. Any thread; each keeps a
// small pool of random bytes of its own.

#include <array>
#include <cstdint>
#include <span>
#include <string>

namespace leadex::http {

/// A fresh id from OpenSSL's generator.
[[nodiscard]] std::string make_request_id();

/// The text form of 16 bytes, first bits first: what make_request_id prints.
[[nodiscard]] std::string request_id_of(std::span<std::uint8_t const, 16> bytes);

}  // namespace leadex::http
