#include "server/intake/contact/ip_address.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace leadex::intake {
namespace {

struct Range4 {
  std::uint32_t network;
  int bits;
};

// IANA special-purpose registry for IPv4, plus multicast and the reserved top.
constexpr std::array<Range4, 16> kReserved4{{{0x00000000, 8},
                                             {0x0A000000, 8},
                                             {0x64400000, 10},
                                             {0x7F000000, 8},
                                             {0xA9FE0000, 16},
                                             {0xAC100000, 12},
                                             {0xC0000000, 24},
                                             {0xC0000200, 24},
                                             {0xC0586300, 24},
                                             {0xC0A80000, 16},
                                             {0xC6120000, 15},
                                             {0xC6336400, 24},
                                             {0xCB007100, 24},
                                             {0xE0000000, 4},
                                             {0xF0000000, 4},
                                             {0xFFFFFFFF, 32}}};

bool is_reserved4(std::uint32_t address) {
  return std::any_of(kReserved4.begin(), kReserved4.end(), [address](Range4 const& range) {
    std::uint32_t const mask = ~std::uint32_t{0} << (32 - range.bits);
    return (address & mask) == range.network;
  });
}

std::uint32_t big_endian(std::span<std::uint8_t const, 4> bytes) {
  return (std::uint32_t{bytes[0]} << 24) | (std::uint32_t{bytes[1]} << 16) |
         (std::uint32_t{bytes[2]} << 8) | std::uint32_t{bytes[3]};
}

// Global unicast is 2000::/3; inside it Teredo, ORCHID, documentation and 6to4 are no visitor's.
bool is_reserved6(std::span<std::uint8_t const, 16> bytes) {
  bool const mapped =
      std::all_of(bytes.begin(), bytes.begin() + 10, [](std::uint8_t byte) { return byte == 0; }) &&
      bytes[10] == 0xFF && bytes[11] == 0xFF;
  if (mapped) return is_reserved4(big_endian(bytes.subspan<12, 4>()));
  if ((bytes[0] & 0xE0) != 0x20) return true;
  std::uint32_t const head = big_endian(bytes.subspan<0, 4>());
  return (head >> 9) == (0x20010000U >> 9) || head == 0x20010DB8U || (head >> 16) == 0x2002U ||
         (head >> 12) == 0x3FFF0U;
}

}  // namespace

std::optional<IpAddress> parse_ip_address(std::string_view text) {
  if (text.empty() || text.size() >= INET6_ADDRSTRLEN) return std::nullopt;
  if (text.find('\0') != std::string_view::npos) return std::nullopt;
  std::string const terminated{text};
  std::array<char, INET6_ADDRSTRLEN> canonical{};
  IpAddress result;
  std::array<std::uint8_t, 16> bytes{};
  if (text.find(':') == std::string_view::npos) {
    if (inet_pton(AF_INET, terminated.c_str(), bytes.data()) != 1) return std::nullopt;
    inet_ntop(AF_INET, bytes.data(), canonical.data(), canonical.size());
    result.is_reserved = is_reserved4(big_endian(std::span{bytes}.subspan<0, 4>()));
  } else {
    if (inet_pton(AF_INET6, terminated.c_str(), bytes.data()) != 1) return std::nullopt;
    inet_ntop(AF_INET6, bytes.data(), canonical.data(), canonical.size());
    result.is_v6 = true;
    result.is_reserved = is_reserved6(bytes);
  }
  result.text = canonical.data();
  return result;
}

}  // namespace leadex::intake
