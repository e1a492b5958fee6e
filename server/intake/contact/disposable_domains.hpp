#pragma once
// List of domains that hand out throw-away mailboxes, loaded once at start from a text file (one
// domain a line) and read-only after: any thread may ask. No file set means an empty list.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <istream>
#include <string>
#include <string_view>
#include <unordered_set>

#include "billing/values/result.hpp"

namespace leadex::intake {

enum class DomainListFault : std::uint8_t {
  unreadable,  // no such file, or a read failed
  bad_line,    // a line that is no domain name
  too_many     // more than kDisposableDomainsMax lines
};

inline constexpr std::size_t kDisposableDomainsMax = 1'000'000;

class DisposableDomains {
 public:
  DisposableDomains() = default;

  /// Empty lines and lines that start with # or // are comments. A bad line refuses the whole
  /// file: a half-read block list would let through what the operator meant to stop.
  [[nodiscard]] static Result<DisposableDomains, DomainListFault> load(
      std::filesystem::path const& file);
  [[nodiscard]] static Result<DisposableDomains, DomainListFault> read(std::istream& lines);

  /// True when the domain or a parent of it is listed (a.b.example asks a.b.example, b.example).
  /// @param domain_ascii  lower case, A-labels, as EmailAddress::domain_ascii.
  [[nodiscard]] bool contains(std::string_view domain_ascii) const;

  [[nodiscard]] std::size_t size() const { return domains_.size(); }

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept {
      return std::hash<std::string_view>{}(text);
    }
  };
  std::unordered_set<std::string, Hash, std::equal_to<>> domains_;
};

}  // namespace leadex::intake
