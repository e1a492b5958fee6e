#include "matching/targeting/bit_rows.hpp"

#include <algorithm>
#include <bit>

namespace leadex::targeting {
namespace {

std::size_t words_for(std::size_t places) {
  constexpr auto kStepBits = BitRows::kStep * BitRows::kWordBits;
  return (places + kStepBits - 1) / kStepBits * BitRows::kStep;
}

std::uint64_t below(std::size_t bit) { return (std::uint64_t{1} << bit) - 1; }

}  // namespace

BitRows::BitRows(std::size_t rows, std::size_t places)
    : bits_(std::make_unique<std::uint64_t[]>(rows * words_for(places))),
      rows_(static_cast<std::uint32_t>(rows)),
      words_(static_cast<std::uint32_t>(words_for(places))) {}

std::size_t BitRows::count(std::size_t row) const {
  std::size_t total = 0;
  auto const* const words = this->row(row);
  for (std::size_t w = 0; w < words_; ++w)
    total += static_cast<std::size_t>(std::popcount(words[w]));
  return total;
}

void BitRows::open(std::size_t place) {
  auto const first = place / kWordBits;
  auto const kept = below(place % kWordBits);
  for (std::size_t r = 0; r < rows_; ++r) {
    auto* const words = bits_.get() + r * words_;
    for (std::size_t w = words_ - 1; w > first; --w) {
      words[w] = (words[w] << 1) | (words[w - 1] >> (kWordBits - 1));
    }
    words[first] = (words[first] & kept) | ((words[first] & ~kept) << 1);
  }
}

void BitRows::close(std::size_t place) {
  auto const first = place / kWordBits;
  auto const kept = below(place % kWordBits);
  for (std::size_t r = 0; r < rows_; ++r) {
    auto* const words = bits_.get() + r * words_;
    words[first] = (words[first] & kept) | ((words[first] >> 1) & ~kept);
    for (std::size_t w = first + 1; w < words_; ++w) {
      words[w - 1] |= words[w] << (kWordBits - 1);
      words[w] >>= 1;
    }
  }
}

void BitRows::widen(std::size_t places) {
  BitRows wider(rows_, places);
  auto const copied = std::min(words_, wider.words_);
  for (std::size_t r = 0; r < rows_; ++r) {
    std::copy_n(row(r), copied, wider.bits_.get() + r * wider.words_);
  }
  *this = std::move(wider);
}

BitRows BitRows::cut_off(std::size_t place) {
  BitRows upper(rows_, places() - place);
  auto const first = place / kWordBits;
  auto const shift = place % kWordBits;
  for (std::size_t r = 0; r < rows_; ++r) {
    auto const* const from = row(r);
    auto* const to = upper.bits_.get() + r * upper.words_;
    for (std::size_t w = first; w < words_; ++w) {
      auto const next = shift == 0 || w + 1 == words_ ? 0 : from[w + 1] << (kWordBits - shift);
      to[w - first] = (from[w] >> shift) | next;
    }
  }
  BitRows lower(rows_, place);
  for (std::size_t r = 0; r < rows_; ++r) {
    auto* const to = lower.bits_.get() + r * lower.words_;
    std::copy_n(row(r), lower.words_, to);
    for (std::size_t w = first; w < lower.words_; ++w) to[w] &= w == first ? below(shift) : 0;
  }
  *this = std::move(lower);
  return upper;
}

}  // namespace leadex::targeting
