#pragma once
// Counts what a program has on the heap. Link counted_memory.cpp: it replaces operator new and
// delete of that program. Any thread.

#include <cstddef>

namespace leadex::bench {

/// Bytes that new handed out and delete has not taken back, with what the allocator adds to each.
[[nodiscard]] std::size_t heap_bytes();

}  // namespace leadex::bench
