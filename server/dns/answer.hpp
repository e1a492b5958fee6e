#pragma once
// Reading a message of a name server: of its answers what decides about mail, and for how long it
// holds. Only server/dns; pure, any thread. Bytes come from the network: every length is checked.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace leadex::dns {

enum class RecordType : std::uint16_t { a = 1, soa = 6, mx = 15, aaaa = 28 };

struct Answer {
  std::size_t records = 0;  ///< of the type asked for, whatever name they stand under (CNAMEs)
  std::size_t null_mx = 0;  ///< of them: MX whose exchange is the root
  std::uint32_t ttl_s = 0;  ///< least of those records; 0 when there is none
  /// How long "there is none" holds (RFC 2308): the least of the SOA's TTL and its last field.
  std::optional<std::uint32_t> negative_ttl_s;
};

/// nullopt when the bytes are no whole message.
[[nodiscard]] std::optional<Answer> read_answer(std::span<std::uint8_t const> message,
                                                RecordType asked);

}  // namespace leadex::dns
