#include "server/http/address_guard.hpp"

#include <array>
#include <cstdint>

namespace leadex::http {

namespace {

using boost::asio::ip::address;
using boost::asio::ip::address_v4;
using boost::asio::ip::address_v6;

struct BlockV4 {
  std::uint32_t network;
  unsigned bits;
};

constexpr std::uint32_t v4(std::uint32_t a, std::uint32_t b, std::uint32_t c, std::uint32_t d) {
  return (a << 24U) | (b << 16U) | (c << 8U) | d;
}

constexpr std::array kSpecialV4 = std::to_array<BlockV4>({
    {v4(0, 0, 0, 0), 8},        // this network
    {v4(10, 0, 0, 0), 8},       // private
    {v4(100, 64, 0, 0), 10},    // shared address space
    {v4(127, 0, 0, 0), 8},      // loopback
    {v4(169, 254, 0, 0), 16},   // link-local, cloud metadata
    {v4(172, 16, 0, 0), 12},    // private
    {v4(192, 0, 0, 0), 24},     // protocol assignments
    {v4(192, 0, 2, 0), 24},     // documentation
    {v4(192, 31, 196, 0), 24},  // AS112
    {v4(192, 52, 193, 0), 24},  // AMT
    {v4(192, 88, 99, 0), 24},   // 6to4 relay, deprecated
    {v4(192, 168, 0, 0), 16},   // private
    {v4(192, 175, 48, 0), 24},  // AS112
    {v4(198, 18, 0, 0), 15},    // benchmarking
    {v4(198, 51, 100, 0), 24},  // documentation
    {v4(203, 0, 113, 0), 24},   // documentation
    {v4(224, 0, 0, 0), 4},      // multicast
    {v4(240, 0, 0, 0), 4},      // reserved, broadcast
});

struct BlockV6 {
  std::array<std::uint8_t, 6> prefix;
  unsigned bits;
};

// Only blocks inside 2000::/3: all else (mapped, NAT64, discard, local, multicast) lies outside of
// global unicast and is refused as a whole.
constexpr std::array kSpecialV6 = std::to_array<BlockV6>({
    {{0x20, 0x01, 0x00, 0x00, 0x00, 0x00}, 23},  // protocol assignments, Teredo, ORCHID
    {{0x20, 0x01, 0x0d, 0xb8, 0x00, 0x00}, 32},  // documentation
    {{0x20, 0x02, 0x00, 0x00, 0x00, 0x00}, 16},  // 6to4 carries any v4 address
    {{0x26, 0x20, 0x00, 0x4f, 0x80, 0x00}, 48},  // AS112
    {{0x3f, 0xff, 0x00, 0x00, 0x00, 0x00}, 20},  // documentation
});

bool is_in(std::uint32_t address, BlockV4 block) {
  return ((address ^ block.network) >> (32U - block.bits)) == 0;
}

bool is_in(address_v6::bytes_type const& bytes, BlockV6 const& block) {
  for (unsigned bit = 0; bit < block.bits; bit += 8) {
    auto const left = block.bits - bit;
    unsigned const mask = left >= 8 ? 0xFFU : (0xFF00U >> left) & 0xFFU;
    auto const i = bit / 8;
    if (((bytes[i] ^ block.prefix[i]) & mask) != 0) return false;
  }
  return true;
}

bool is_public_v4(address_v4 const& address) {
  for (auto const& block : kSpecialV4) {
    if (is_in(address.to_uint(), block)) return false;
  }
  return true;
}

bool is_public_v6(address_v6 const& address) {
  auto const bytes = address.to_bytes();
  if (address.scope_id() != 0 || (bytes[0] & 0xE0U) != 0x20U) return false;
  for (auto const& block : kSpecialV6) {
    if (is_in(bytes, block)) return false;
  }
  return true;
}

}  // namespace

bool is_public(address const& address) {
  return address.is_v4() ? is_public_v4(address.to_v4()) : is_public_v6(address.to_v6());
}

bool is_loopback(address const& address) {
  return address.is_v4() ? address.to_v4().is_loopback() : address.to_v6().is_loopback();
}

}  // namespace leadex::http
