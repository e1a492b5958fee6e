#pragma once
// PassportReads: what a lead's passport is made of, from rows that are stored anyway. Nothing in it
// names another account. Committed rows only. Coroutines of any executor; one transaction each.

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "billing/values/ids.hpp"
#include "billing/values/result.hpp"
#include "server/storage/lead_sources.hpp"
#include "server/storage/store_error.hpp"
#include "server/storage/viewer.hpp"

namespace leadex::storage {

/// A check of this lead's contact, by the lot's sample. Shown once the lot is decided.
struct PassportCheck {
  std::int64_t decided_us{};
  std::string verdict;
  std::string reason;
};

struct PassportLot {
  std::int64_t decided_us{};
  std::string verdict;  ///< accepted or rejected
  std::string mode;
  std::int64_t accepted_rows{};
  std::optional<std::int64_t> sample_size;
  std::optional<std::int64_t> acceptance_number;
  std::int64_t commitment_no{};
};

/// A round after which the lead was offered again: until then the lead may rest anew in that round,
/// for another cause.
struct PassportRound {
  std::int32_t round{};
  bool returned{};  ///< else nobody bought it
  std::int64_t rested_us{};
  std::int64_t listed_again_us{};  ///< when that batch of the market ended
  std::int64_t listed_again_seq{};
};

struct PassportSale {
  std::int32_t slot{};
  std::int64_t seq{};  ///< of the market's batch it was sold in
  std::int64_t sold_us{};
  bool exclusive{};
  std::optional<std::int64_t> voided_us;  ///< when that batch of the market ended
  std::int64_t voided_seq{};
  std::optional<std::int64_t> returned_us;
};

struct PassportFacts {
  LeadId lead;
  std::int64_t captured_us{};
  std::int64_t consent_us{};
  std::string consent_digest;  ///< SHA-256 of the text that was agreed to
  bool named_consent{};
  std::int32_t vehicle{};
  std::string reason;
  std::int32_t version{};  ///< of the market's rules that its row passed
  bool of_lot{};           ///< else it was posted alone
  std::int32_t hops{};     ///< kHopsUntold
  std::int64_t first_listed_us{};
  std::vector<PassportCheck> checks;  ///< in the order of time
  std::optional<PassportLot> lot;     ///< once it is decided
  std::vector<PassportRound> rounds;
  std::vector<PassportSale> sales;
};

class PassportReads {
 public:
  virtual ~PassportReads() = default;
  template <class T>
  using Later = boost::asio::awaitable<Result<T, StoreError>>;

  /// Of a lead of the viewer's own (generators), or any (staff).
  [[nodiscard]] virtual Later<std::optional<PassportFacts>> of_lead(Viewer viewer, LeadId lead) = 0;
  /// Of the lead behind a sale of the viewer's as its buyer, or any (staff).
  [[nodiscard]] virtual Later<std::optional<PassportFacts>> of_sale(Viewer viewer, SaleId sale) = 0;
};

}  // namespace leadex::storage
