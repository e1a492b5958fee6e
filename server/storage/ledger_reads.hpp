#pragma once
// LedgerReads: accounts of the books and their transfers over all streams, as their owner and staff
// see them. Committed rows only. Coroutines of any executor; each call is one transaction.

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "billing/ledger/account.hpp"
#include "billing/ledger/transfer.hpp"
#include "billing/values/ids.hpp"
#include "billing/values/result.hpp"
#include "billing/values/time.hpp"
#include "server/storage/store_error.hpp"
#include "server/storage/viewer.hpp"

namespace leadex::storage {

struct LedgerAccountView {
  MarketNo stream{};     // 0: the platform
  std::string market;    // its name; of a clearing account of the platform too; else empty
  std::string currency;  // empty when the row names none that this program knows
  Account account;
};

/// Place in the order of lists: stream, then number.
struct LedgerAccountCursor {
  MarketNo stream{};
  std::int64_t account_no{};
};
struct LedgerAccountFilter {
  std::optional<LedgerAccountCursor> after;
  std::optional<MarketNo> stream;
  std::optional<AccountCode> code;
  std::optional<std::int64_t> owner_no;
  int limit = 50;
};

/// An account that is neither the viewer's nor the exchange's has the number 0 in it.
struct TransferView {
  MarketNo stream{};
  TransferRef ref;
  std::string currency;
  Transfer transfer;
  Timestamp at{};
};

/// Place in the order of lists: streams one after the other, the newest transfer of each first.
struct TransferCursor {
  MarketNo stream{};
  TransferRef ref;
};
struct TransferFilter {
  std::optional<TransferCursor> before;
  std::optional<MarketNo> stream;
  std::optional<LedgerAccountCursor> account;  // one account; of others it finds nothing
  std::optional<TransferCode> code;
  int limit = 50;
};
/// One page. The search of an account with few transfers stops after a fixed number of rows; then
/// the page may be short or empty and goes on at `next`.
struct TransferPage {
  std::vector<TransferView> transfers;
  std::optional<TransferCursor> next;
};

/// What a generator has earned in one market, by the books.
struct EarningsView {
  MarketNo market{};  // 0: on the platform's side, ready for payout
  std::string market_name;
  std::string currency;
  Money pending;   // sold, not settled
  Money earned;    // settled, on its way to the platform; or available for payout
  Money holdback;  // settled, kept until the risk has passed
};

class LedgerReads {
 public:
  virtual ~LedgerReads() = default;
  template <class T>
  using Later = boost::asio::awaitable<Result<T, StoreError>>;

  [[nodiscard]] virtual Later<std::vector<LedgerAccountView>> accounts(
      Viewer viewer, LedgerAccountFilter filter) = 0;
  [[nodiscard]] virtual Later<TransferPage> transfers(Viewer viewer, TransferFilter filter) = 0;
  /// Of one sale what moved on the viewer's accounts: award, settlement, what gave it back; oldest
  /// first.
  [[nodiscard]] virtual Later<std::vector<TransferView>> of_sale(Viewer viewer, SaleId sale) = 0;
  /// By market, the platform first.
  [[nodiscard]] virtual Later<std::vector<EarningsView>> earnings(Viewer viewer) = 0;

  /// Generators with settled earnings above zero in one market's books, with the debits their
  /// account has seen so far. For the job that sends earnings to the platform; all accounts.
  struct Settled {
    std::int64_t generator_no{};
    Money available;
    Money debits_posted;
  };
  [[nodiscard]] virtual Later<std::vector<Settled>> settled_earnings(MarketNo market,
                                                                     int limit) = 0;
};

}  // namespace leadex::storage
