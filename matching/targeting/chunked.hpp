#pragma once
// An array that grows chunk by chunk, so that no growth copies what is there already. Used inside
// TargetingIndex; one thread. Pure.

#include <cstddef>
#include <memory>
#include <vector>

namespace leadex::targeting {

template <class T, std::size_t kChunk = 256>
class Chunked {
 public:
  /// Makes `index` a valid place; new places hold T{}. Only the chunk of `index` is allocated.
  void reach(std::size_t index) {
    auto const chunk = index / kChunk;
    if (chunk >= chunks_.size()) chunks_.resize(chunk + 1);
    if (chunks_[chunk] == nullptr) chunks_[chunk] = std::make_unique<T[]>(kChunk);
  }
  /// Whether reach() was called for this place or one of its chunk.
  [[nodiscard]] bool reaches(std::size_t index) const {
    auto const chunk = index / kChunk;
    return chunk < chunks_.size() && chunks_[chunk] != nullptr;
  }
  [[nodiscard]] T& operator[](std::size_t index) { return chunks_[index / kChunk][index % kChunk]; }
  [[nodiscard]] T const& operator[](std::size_t index) const {
    return chunks_[index / kChunk][index % kChunk];
  }

 private:
  std::vector<std::unique_ptr<T[]>> chunks_;
};

}  // namespace leadex::targeting
