#pragma once
// DigestSet: which 16-byte digests an upload has met. Keyed hashes are even, so their own bits are
// the hash; many small tables grow one by one, which keeps the spare room small: about 20 bytes a
// digest, at most 24. One thread.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace leadex::intake {

class DigestSet {
 public:
  DigestSet() : shards_(kShards) {}

  /// @param digest  16 bytes.
  [[nodiscard]] bool contains(std::string_view digest) const;
  /// False when it was there.
  bool insert(std::string_view digest);

  [[nodiscard]] std::size_t size() const { return size_; }
  /// Bytes held.
  [[nodiscard]] std::size_t memory() const;

 private:
  static constexpr std::size_t kShards = 4096;
  using Slot = std::array<std::uint64_t, 2>;  // both 0: empty (such a digest never comes: 2^-128)
  struct Shard {
    std::vector<Slot> slots;
    std::size_t used{};
  };

  [[nodiscard]] static Slot slot_of(std::string_view digest);
  [[nodiscard]] static std::size_t place(std::vector<Slot> const& slots, Slot const& slot);
  static void grow(Shard& shard);

  std::vector<Shard> shards_;
  std::size_t size_{};
};

}  // namespace leadex::intake
