#pragma once
// LEADEX_CHECK: stops the process when an invariant of the program is broken, in every build.
// For bugs only; expected refusals are Result values. Callable from any thread.

namespace leadex {

/// Prints the broken expression with its place to stderr and aborts.
[[noreturn]] void check_failed(char const* expression, char const* file, int line) noexcept;

}  // namespace leadex

#define LEADEX_CHECK(expression) \
  ((expression) ? static_cast<void>(0) : ::leadex::check_failed(#expression, __FILE__, __LINE__))
