#pragma once
// ResponseReader: parses one answer from bytes as they come, with limits. Pure; one object belongs
// to one answer. Inside this room only.

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "server/http/headers.hpp"

namespace leadex::http {

class ResponseReader {
 public:
  enum class State {
    more,       ///< give it more bytes
    done,       ///< the answer is complete
    full,       ///< `body_bytes_max` bytes are kept and more would follow
    malformed,  ///< not HTTP, or its head is too large
  };

  /// `no_body`: the answer to HEAD, whatever its length says.
  ResponseReader(std::size_t body_bytes_max, bool no_body);
  ~ResponseReader();
  ResponseReader(ResponseReader const&) = delete;
  ResponseReader& operator=(ResponseReader const&) = delete;

  /// Takes bytes; interim answers (1xx) are skipped.
  [[nodiscard]] State put(std::string_view bytes);
  /// The peer closed: done for a body without length, malformed for anything cut short.
  [[nodiscard]] State put_end();

  [[nodiscard]] bool has_begun() const { return has_begun_; }
  [[nodiscard]] int status() const;
  [[nodiscard]] Headers headers() const;  ///< names in lower case
  [[nodiscard]] std::string& body() { return body_; }
  /// The connection may carry another request: complete, and no byte behind the answer.
  [[nodiscard]] bool keeps_alive() const;

 private:
  struct Impl;

  [[nodiscard]] State parse();

  std::unique_ptr<Impl> impl_;
  std::size_t body_bytes_max_;
  bool no_body_;
  bool has_begun_ = false;
  int interim_ = 0;
  std::string pending_;
  std::string body_;
};

}  // namespace leadex::http
