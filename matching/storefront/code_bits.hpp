#pragma once
// Loops over 64 codes that give one bit each, written with the compiler's vectors so that every
// processor runs them without branches. Only Predicate uses this. Pure; any thread.

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace leadex::storefront {

static_assert(std::endian::native == std::endian::little);  // bit i is lane i

template <class T>
using Lanes = T __attribute__((ext_vector_type(16)));

template <class Mask>
[[nodiscard]] inline std::uint64_t bits_of(Mask const& mask) {
  using Bits = bool __attribute__((ext_vector_type(16)));
  return std::bit_cast<std::uint16_t>(__builtin_convertvector(mask, Bits));
}

/// Bit i: codes[i] lies between `low` and low + width, counted upwards with wrap-around.
template <class T>
[[nodiscard]] inline std::uint64_t codes_within(T const* codes, T low, T width) {
  std::uint64_t word = 0;
  for (std::size_t i = 0; i < 64; i += 16) {
    Lanes<T> lanes;
    std::memcpy(&lanes, codes + i, sizeof lanes);
    word |= (width == 0 ? bits_of(lanes == low) : bits_of(lanes - low <= width)) << i;
  }
  return word;
}

/// The same for eight bytes, which older processors cannot compare: differences and their signs.
template <>
[[nodiscard]] inline std::uint64_t codes_within(std::uint64_t const* codes, std::uint64_t low,
                                                std::uint64_t width) {
  constexpr auto kAll = ~std::uint64_t{0};
  using Halves = std::int32_t __attribute__((ext_vector_type(32)));
  if (width == kAll) return kAll;
  // More than half of all codes: the others are the ones to look for.
  bool const turned = (width >> 63) != 0;
  if (turned) {
    low += width + 1;
    width = kAll - width - 1;
  }
  std::uint64_t outside = 0;
  for (std::size_t i = 0; i < 64; i += 16) {
    Lanes<std::uint64_t> lanes;
    std::memcpy(&lanes, codes + i, sizeof lanes);
    lanes -= low;
    lanes |= width - lanes;
    Halves halves;
    std::memcpy(&halves, &lanes, sizeof halves);
    outside |= bits_of(__builtin_shufflevector(halves, halves, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19,
                                               21, 23, 25, 27, 29, 31) < 0)
               << i;
  }
  return turned ? outside : ~outside;
}

/// Bit i: marks[i] is not 0.
[[nodiscard]] inline std::uint64_t marked(std::uint8_t const* marks) {
  return ~codes_within<std::uint8_t>(marks, 0, 0);
}

}  // namespace leadex::storefront
