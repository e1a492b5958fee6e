#include "server/http/chunked_decoder.hpp"

#include <algorithm>

namespace leadex::http {

namespace {

// 15 digits stay below 2^60: no sum of chunk sizes overflows before a body limit ends it.
constexpr int kDigitsMax = 15;

}  // namespace

bool ChunkedDecoder::take_size(char c) {
  unsigned digit = 0;
  if (c >= '0' && c <= '9') {
    digit = static_cast<unsigned>(c - '0');
  } else if (c >= 'a' && c <= 'f') {
    digit = static_cast<unsigned>(c - 'a') + 10;
  } else if (c >= 'A' && c <= 'F') {
    digit = static_cast<unsigned>(c - 'A') + 10;
  } else if (c == '\r' && state_ == State::size) {
    state_ = State::size_lf;
    return true;
  } else {
    return false;
  }
  if (state_ == State::size_first) {
    left_ = 0;
    digits_ = 0;
    state_ = State::size;
  }
  left_ = left_ * 16 + digit;
  return ++digits_ <= kDigitsMax;
}

bool ChunkedDecoder::take(char c) {
  auto const expect = [this, c](char wanted, State next) {
    state_ = next;
    return c == wanted;
  };
  switch (state_) {
    case State::size_first:
    case State::size:
      return take_size(c);
    case State::size_lf:
      return expect('\n', left_ > 0 ? State::data : State::last_cr);
    case State::data_cr:
      return expect('\r', State::data_lf);
    case State::data_lf:
      return expect('\n', State::size_first);
    case State::last_cr:
      return expect('\r', State::last_lf);
    case State::last_lf:
      return expect('\n', State::done);
    case State::data:
    case State::done:
      break;
  }
  return false;
}

Result<ChunkedDecoder::Step, ChunkError> ChunkedDecoder::decode(std::span<char const> in,
                                                                std::span<char> out) {
  Step step;
  while (step.consumed < in.size() && !done()) {
    if (state_ != State::data) {
      if (!take(in[step.consumed])) return refuse(ChunkError::malformed);
      ++step.consumed;
      continue;
    }
    auto const room = out.size() - step.produced;
    if (room == 0) break;
    auto const n = static_cast<std::size_t>(
        std::min<std::uint64_t>(left_, std::min(room, in.size() - step.consumed)));
    std::copy_n(in.data() + step.consumed, n, out.data() + step.produced);
    step.consumed += n;
    step.produced += n;
    left_ -= n;
    if (left_ == 0) state_ = State::data_cr;
  }
  return step;
}

}  // namespace leadex::http
