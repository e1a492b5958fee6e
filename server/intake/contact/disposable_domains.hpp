#pragma once
// List of domains that hand out throw-away mailboxes, from a text file (one domain a line) that an
// operator replaces when a newer one is out. A DisposableDomains is a handle: its copies share one
// list, and replace_with() gives them all another one at once. Any thread. No file set means an
// empty list.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <istream>
#include <memory>
#include <optional>
#include <shared_mutex>
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
  DisposableDomains() : shared_(std::make_shared<Shared>()) {}

  /// Empty lines and lines that start with # or // are comments; one of them may say
  /// "# date: 2026-11-20", the day the list is of. A bad line refuses the whole
  /// file: a half-read block list would let through what the operator meant to stop.
  [[nodiscard]] static Result<DisposableDomains, DomainListFault> load(
      std::filesystem::path const& file);
  [[nodiscard]] static Result<DisposableDomains, DomainListFault> read(std::istream& lines);

  /// True when the domain or a parent of it is listed (a.b.example asks a.b.example, b.example).
  /// @param domain_ascii  lower case, A-labels, as EmailAddress::domain_ascii.
  [[nodiscard]] bool contains(std::string_view domain_ascii) const;

  [[nodiscard]] std::size_t size() const { return list()->domains.size(); }
  /// The day the list says it is of.
  [[nodiscard]] std::optional<std::chrono::year_month_day> dated() const { return list()->dated; }

  /// All copies of this ask `fresh`'s list from now on.
  void replace_with(DisposableDomains const& fresh) const;

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept {
      return std::hash<std::string_view>{}(text);
    }
  };
  struct List {
    std::unordered_set<std::string, Hash, std::equal_to<>> domains;
    std::optional<std::chrono::year_month_day> dated;
  };
  struct Shared {
    std::shared_mutex guard;
    std::shared_ptr<List const> list = std::make_shared<List>();  // under guard
  };
  [[nodiscard]] std::shared_ptr<List const> list() const;

  std::shared_ptr<Shared> shared_;
};

}  // namespace leadex::intake
