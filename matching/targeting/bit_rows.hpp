#pragma once
// A small matrix of bits: rows over the places of a Segment. Places can be opened and closed in the
// middle, so that they stay in order. One thread. Pure.

#include <cstddef>
#include <cstdint>
#include <memory>

namespace leadex::targeting {

class BitRows {
 public:
  static constexpr std::size_t kWordBits = 64;
  static constexpr std::size_t kStep = 2;  // words; rows are whole steps, which vectors like

  BitRows() = default;
  BitRows(std::size_t rows, std::size_t places);  // all clear

  [[nodiscard]] std::size_t rows() const { return rows_; }
  [[nodiscard]] std::size_t words() const { return words_; }  // of a row
  [[nodiscard]] std::size_t places() const { return words_ * kWordBits; }
  [[nodiscard]] std::uint64_t const* row(std::size_t row) const {
    return bits_.get() + row * words_;
  }
  void set(std::size_t row, std::size_t place) {
    bits_[row * words_ + place / kWordBits] |= std::uint64_t{1} << (place % kWordBits);
  }
  void clear(std::size_t row, std::size_t place) {
    bits_[row * words_ + place / kWordBits] &= ~(std::uint64_t{1} << (place % kWordBits));
  }
  [[nodiscard]] std::size_t count(std::size_t row) const;

  /// Moves `place` and all above it one up; the last place must be clear. `place` is clear then.
  void open(std::size_t place);
  /// Drops `place`; all above it move one down.
  void close(std::size_t place);
  /// The same bits with room for `places`.
  void widen(std::size_t places);
  /// Takes off the places from `place` on, as a matrix of their own.
  [[nodiscard]] BitRows cut_off(std::size_t place);

 private:
  std::unique_ptr<std::uint64_t[]> bits_;
  std::uint32_t rows_{};
  std::uint32_t words_{};
};

}  // namespace leadex::targeting
