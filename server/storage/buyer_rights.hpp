#pragma once
// BuyerRights: buyers' own lists of persons whose leads they do not want, and which buyers a
// consent for named companies means. Coroutines of any executor; each call is one transaction.

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "billing/values/result.hpp"
#include "billing/values/time.hpp"
#include "server/storage/store_error.hpp"

namespace leadex::storage {

/// The numbers are stored.
enum class SuppressedField : std::uint8_t { email = 0, phone = 1 };

/// A person on a list, known by a blind index as table person has it.
struct SuppressedPerson {
  std::string digest;  ///< 16 bytes
  SuppressedField field{};
};

/// Never the digests: who reads a list back learns what its owner gave, nothing of the market.
struct SuppressionCounts {
  std::int64_t emails{};
  std::int64_t phones{};
  std::optional<Timestamp> since;  ///< of the first entry; none while the list is empty
};

inline constexpr std::int64_t kSuppressedMax = 10'000'000;  // of one buyer

/// Account numbers by the folded name they were found under; a name may belong to several.
using NamedBuyers = std::vector<std::pair<std::string, std::int64_t>>;

class BuyerRights {
 public:
  virtual ~BuyerRights() = default;
  template <class T>
  using Later = boost::asio::awaitable<Result<T, StoreError>>;

  /// Puts persons on the list; those that are there stay. Nothing is changed, and nothing returned,
  /// when the list would grow past kSuppressedMax.
  /// @param audited  the principal whose deed is audited with the list (staff's); none: a buyer's
  /// own
  [[nodiscard]] virtual Later<std::optional<SuppressionCounts>> suppress(
      std::int64_t buyer_no, std::vector<SuppressedPerson> persons,
      std::optional<std::int64_t> audited) = 0;
  /// Takes persons off; those that are not there are no fault.
  [[nodiscard]] virtual Later<SuppressionCounts> release(std::int64_t buyer_no,
                                                         std::vector<SuppressedPerson> persons) = 0;
  [[nodiscard]] virtual Later<SuppressionCounts> counts(std::int64_t buyer_no) = 0;

  /// Buyers whose list has one of these persons, ascending.
  [[nodiscard]] virtual Later<std::vector<std::int64_t>> withholding(
      std::vector<std::string> digests) = 0;

  /// Buyers of these names, which are folded (intake::company_key).
  [[nodiscard]] virtual Later<NamedBuyers> named(std::vector<std::string> keys) = 0;
};

}  // namespace leadex::storage
