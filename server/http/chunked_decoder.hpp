#pragma once
// ChunkedDecoder: strict decoding of a chunked request body, piece by piece. Pure; one object
// belongs to one body. Stricter than RFC 9112: extensions and trailers are refused, since every
// known smuggling trick with chunks hides there and no client of ours sends them.

#include <cstdint>
#include <span>

#include "billing/values/result.hpp"

namespace leadex::http {

enum class ChunkError { malformed };

class ChunkedDecoder {
 public:
  struct Step {
    std::size_t consumed = 0;  ///< bytes taken from the input
    std::size_t produced = 0;  ///< body bytes written to the output
  };

  /// Decodes until the input is used up, the output is full, or the body is done. Bytes behind
  /// the last chunk are left alone.
  [[nodiscard]] Result<Step, ChunkError> decode(std::span<char const> in, std::span<char> out);

  [[nodiscard]] bool done() const { return state_ == State::done; }

 private:
  enum class State { size_first, size, size_lf, data, data_cr, data_lf, last_cr, last_lf, done };

  /// Takes one byte outside of chunk data; false: malformed.
  [[nodiscard]] bool take(char c);
  [[nodiscard]] bool take_size(char c);

  State state_ = State::size_first;
  std::uint64_t left_ = 0;
  int digits_ = 0;
};

}  // namespace leadex::http
