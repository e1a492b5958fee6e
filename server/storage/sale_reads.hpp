#pragma once
// SaleReads: sales as their buyer, their generator and staff see them, and the sealed contact
// behind one. Committed rows only. Coroutines of any executor; each call is one transaction.

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "billing/values/ids.hpp"
#include "billing/values/money.hpp"
#include "billing/values/result.hpp"
#include "billing/values/time.hpp"
#include "matching/market/outcome.hpp"
#include "server/storage/store_error.hpp"
#include "server/storage/viewer.hpp"

namespace leadex::storage {

/// The part of its net that goes to the generator who brought the same person later.
struct SaleShare {
  BasisPoints split;
  Money amount;  ///< that the other has of it now
};

struct SaleView {
  SaleId id;
  std::string market;    // its name
  std::string currency;  // of the amounts below
  std::int64_t buyer_no{};
  std::int64_t campaign_no{};  // 0: the buyer's desk, or the viewer is the generator
  std::int64_t generator_no{};
  Money gross;
  Money fee;
  Money credited;
  PricingModel model{};
  bool of_visit{};  // its number is a click's
  market::SaleState state{};
  bool exclusive{};
  std::int64_t auction_no{};  // 0: none was held
  Timestamp sold_at{};
  std::int64_t due_us{};     // delivery deadline, end of the return window, or holdback release
  std::int64_t return_no{};  // 0: none
  std::optional<market::ReturnState> return_state;
  std::optional<SaleShare> share;  // find() alone: to its generator and to staff
};

/// Place in the order of lists: newest first.
struct SaleCursor {
  std::int64_t sold_us{};
  MarketNo market{};
  std::int64_t lead_no{};
  std::int32_t slot{};
};

struct SaleFilter {
  std::optional<SaleCursor> before;  // the last sale of the page before
  std::optional<MarketNo> market;
  std::optional<std::int64_t> campaign_no;  // of `market`; another buyer's finds nothing
  std::optional<std::int64_t> lead_no;      // of `market`
  std::optional<std::int64_t> batch_no;     // of `market`
  std::vector<market::SaleState> states;    // none: all
  std::optional<std::int64_t> sold_from_us;
  std::optional<std::int64_t> sold_until_us;  // exclusive
  int limit = 50;                             // 1 … 501
};

/// Who reads a contact and why; becomes the audit row that is written before the answer.
struct ContactRequest {
  Viewer viewer;
  std::int64_t principal_no{};
  SaleId sale;
  std::string reason;  // as the audit row keeps it: words and sealed values
};

struct SealedContactRow {
  bool gone{};  // returned, voided or erased: nothing below is set
  std::int32_t kek_id{};
  std::string key_wrapped;
  std::string contact_sealed;
  std::string consent_sealed;
  std::int32_t version{};  // of the market's settings; names the attributes
  std::vector<market::AttributeText> attributes;
};

class SaleReads {
 public:
  virtual ~SaleReads() = default;
  template <class T>
  using Later = boost::asio::awaitable<Result<T, StoreError>>;

  [[nodiscard]] virtual Later<std::vector<SaleView>> list(Viewer viewer, SaleFilter filter) = 0;
  [[nodiscard]] virtual Later<std::optional<SaleView>> find(Viewer viewer, SaleId sale) = 0;
  /// Whether the lead's consent had been revoked when it was sold; false for a sale of others.
  [[nodiscard]] virtual Later<bool> revoked_before_sale(Viewer buyer, SaleId sale) = 0;
  /// Whether the sold lead's contact is destroyed; false for a sale that the viewer has not.
  [[nodiscard]] virtual Later<bool> erased(Viewer viewer, SaleId sale) = 0;
  /// The sealed rows of the sold lead for its buyer or staff, audited in the same transaction;
  /// nothing (and no audit row) when the viewer has no such sale.
  [[nodiscard]] virtual Later<std::optional<SealedContactRow>> contact(ContactRequest request) = 0;
};

}  // namespace leadex::storage
