#pragma once
// DoNotCallLists: phones that nobody may call, one list a country with the date of its version,
// known by blind indexes alone. A list is brought in beside the one in force and takes its place in
// one step. Coroutines of any executor; each call is one transaction.

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "billing/values/ids.hpp"
#include "billing/values/result.hpp"
#include "billing/values/time.hpp"
#include "server/storage/store_error.hpp"

namespace leadex::storage {

inline constexpr std::int64_t kDoNotCallMax = 300'000'000;  // of one list

struct DoNotCallList {
  std::string country;   ///< ISO 3166-1 alpha-2
  Timestamp version_at;  ///< its version's day, midnight UTC
  std::int64_t phones{};
  Timestamp loaded_at;
};

/// What a list says of some phones.
struct DoNotCallLook {
  std::optional<Timestamp> version_at;  ///< none: no list of that country was ever brought
  std::vector<std::string> listed;      ///< of the digests asked about
};

/// The list that was to be put in force, or the later one that is.
struct DoNotCallSwitch {
  DoNotCallList list;
  bool taken{};
};

class DoNotCallLists {
 public:
  virtual ~DoNotCallLists() = default;
  template <class T>
  using Later = boost::asio::awaitable<Result<T, StoreError>>;

  /// The country whose list a version of a market's rules holds phones against; none: no list.
  [[nodiscard]] virtual Later<std::optional<std::string>> rule_of(MarketNo market,
                                                                  std::int32_t version) = 0;
  /// One statement, whatever the number of digests (16 bytes each).
  [[nodiscard]] virtual Later<DoNotCallLook> look(std::string country,
                                                  std::vector<std::string> digests) = 0;
  /// In force, by country.
  [[nodiscard]] virtual Later<std::vector<DoNotCallList>> lists() = 0;

  /// A list to be; nobody is held against it yet.
  [[nodiscard]] virtual Later<std::int64_t> begin(std::string country, Timestamp version_at) = 0;
  /// Adds phones; those that are in it stay. @return how many were new
  [[nodiscard]] virtual Later<std::int64_t> add(std::int64_t load_no,
                                                std::vector<std::string> digests) = 0;
  /// Puts it in force with an audit row, unless a list of a later day is. @param phones  it has
  [[nodiscard]] virtual Later<DoNotCallSwitch> put_in_force(std::int64_t load_no,
                                                            std::int64_t phones,
                                                            std::int64_t principal_no) = 0;
  /// It will never be in force.
  [[nodiscard]] virtual Later<bool> give_up(std::int64_t load_no) = 0;
  /// Deletes phones of lists that are in force no more, of those given up, and of those begun more
  /// than a day ago; `limit` at most. @return how many
  [[nodiscard]] virtual Later<std::int64_t> sweep(int limit) = 0;
};

}  // namespace leadex::storage
