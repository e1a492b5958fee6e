#pragma once
// The shared corpus of HTTP requests with a strict parser's verdicts, for the tests of the guard
// and of the whole program.

#include <filesystem>
#include <string>
#include <vector>

namespace leadex::http::test {

struct FramingSample {
  std::string name;
  std::string type;    ///< "request", or what only a lenient parser reads
  std::string reason;  ///< of the strict parser's error; "" when it takes the bytes
  int complete = 0;    ///< requests that the strict parser ends
  std::string bytes;   ///< the blank lines at the end are cut: continue with "", CRLF, CRLF CRLF

  [[nodiscard]] bool request() const { return type == "request"; }
  /// The parser stopped at a wish of its own library, not at an error.
  [[nodiscard]] bool paused() const { return reason.starts_with("Pause on"); }
};

/// @throws std::runtime_error  when the file is not what it should be
[[nodiscard]] std::vector<FramingSample> read_framing_samples(std::filesystem::path const& path);

/// Most samples lack the Host that we ask for first of all: each head gets one.
[[nodiscard]] std::string with_hosts(std::string bytes);

}  // namespace leadex::http::test
