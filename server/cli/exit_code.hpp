#pragma once
// What the program says to its shell, and the one exception of this room: Failure ends a verb and
// carries its exit code. Thrown below run_command_line only, which catches it; any thread.

#include <stdexcept>
#include <string>

namespace leadex::cli {

inline constexpr int kOk = 0;
inline constexpr int kFailed = 1;
inline constexpr int kUsage = 2;
inline constexpr int kNotAllowed = 3;  ///< no key, a wrong one, or not this one
inline constexpr int kNotFound = 4;
inline constexpr int kConflict = 5;     ///< another state than the verb needs
inline constexpr int kPartial = 6;      ///< done, but not for all: some rows were refused
inline constexpr int kUnreachable = 7;  ///< no server, no network, no answer

/// A sentence for the person at the terminal, without keys and without personal data.
class Failure : public std::runtime_error {
 public:
  Failure(int exit_code, std::string const& message)
      : std::runtime_error(message), exit_code_{exit_code} {}
  [[nodiscard]] int exit_code() const { return exit_code_; }

 private:
  int exit_code_;
};

}  // namespace leadex::cli
