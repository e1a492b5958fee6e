#pragma once
// Result<T, E>: a value or a refusal that the caller must look at. Pure; any thread.

#include <tl/expected.hpp>
#include <utility>

namespace leadex {

template <class T, class E>
using Result = tl::expected<T, E>;

/// Wraps a refusal: `return refuse(MoneyError::overflow);`
template <class E>
[[nodiscard]] constexpr tl::unexpected<E> refuse(E error) {
  return tl::unexpected<E>(std::move(error));
}

}  // namespace leadex
