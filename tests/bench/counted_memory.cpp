#include "tests/bench/counted_memory.hpp"

#include <malloc.h>

#include <atomic>
#include <cstdlib>
#include <new>

namespace leadex::bench {
namespace {

constexpr std::size_t kHeaderBytes = 8;  // that glibc keeps before each block
std::atomic<std::size_t> held{0};

void* take_if_there(std::size_t bytes) {
  auto* const block = std::malloc(bytes);  // NOLINT: this is what new stands on
  if (block == nullptr) return nullptr;
  held.fetch_add(::malloc_usable_size(block) + kHeaderBytes, std::memory_order_relaxed);
  return block;
}

void* take(std::size_t bytes) {
  auto* const block = take_if_there(bytes);
  if (block == nullptr) throw std::bad_alloc{};
  return block;
}

void give_back(void* block) {
  if (block == nullptr) return;
  held.fetch_sub(::malloc_usable_size(block) + kHeaderBytes, std::memory_order_relaxed);
  std::free(block);  // NOLINT
}

}  // namespace

std::size_t heap_bytes() { return held.load(std::memory_order_relaxed); }

}  // namespace leadex::bench

// NOLINTBEGIN(misc-new-delete-overloads)
void* operator new(std::size_t bytes) { return leadex::bench::take(bytes); }
void* operator new[](std::size_t bytes) { return leadex::bench::take(bytes); }
void* operator new(std::size_t bytes, std::nothrow_t const&) noexcept {
  return leadex::bench::take_if_there(bytes);
}
void* operator new[](std::size_t bytes, std::nothrow_t const&) noexcept {
  return leadex::bench::take_if_there(bytes);
}
void operator delete(void* block) noexcept { leadex::bench::give_back(block); }
void operator delete[](void* block) noexcept { leadex::bench::give_back(block); }
void operator delete(void* block, std::size_t) noexcept { leadex::bench::give_back(block); }
void operator delete[](void* block, std::size_t) noexcept { leadex::bench::give_back(block); }
// NOLINTEND(misc-new-delete-overloads)
