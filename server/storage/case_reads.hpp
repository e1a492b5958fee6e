#pragma once
// CaseReads: returns and disputes as the two parties and staff see them, with what the evidence
// file holds. Committed rows only. Coroutines of any executor; each call is one transaction.

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "server/storage/lead_reads.hpp"
#include "server/storage/ledger_reads.hpp"
#include "server/storage/sale_reads.hpp"

namespace leadex::storage {

struct ReturnView {
  ReturnId id;
  SaleId sale;
  std::string market;  // its name
  std::string currency;
  std::int64_t buyer_no{};
  std::int64_t generator_no{};
  std::string reason;
  market::ReturnState state{};
  std::uint8_t ruling{};  // 0 none 1 automatic 2 manual
  Money credited;
  Timestamp opened_at{};
  std::optional<Timestamp> due_at;
  std::optional<Timestamp> decided_at;
  std::string buyer_note_sealed;  // notes: empty when there is none
  std::string generator_note_sealed;
  std::string decision_note_sealed;

  /// Contested by the generator, whether decided or not.
  [[nodiscard]] bool is_dispute() const {
    return state == market::ReturnState::disputed || ruling == 2;
  }
};

struct CaseCursor {
  std::int64_t opened_us{};
  MarketNo market{};
  std::int64_t return_no{};
};
struct CaseFilter {
  std::optional<CaseCursor> before;
  std::optional<MarketNo> market;
  std::vector<market::ReturnState> states;  // none: all
  bool disputes_only{};
  int limit = 50;
};

struct SpotCheckFinding {
  std::string verdict;  // good, bad, unreachable
  std::string reason;
  std::optional<Timestamp> decided_at;
};

/// What both parties and staff see of a dispute: the same for all of them.
struct CaseFile {
  ReturnView case_;
  SaleView sale;
  LeadView lead;
  std::optional<SpotCheckFinding> spot_check;
  std::vector<TransferView> transfers;
};

class CaseReads {
 public:
  virtual ~CaseReads() = default;
  template <class T>
  using Later = boost::asio::awaitable<Result<T, StoreError>>;

  [[nodiscard]] virtual Later<std::vector<ReturnView>> list(Viewer viewer, CaseFilter filter) = 0;
  [[nodiscard]] virtual Later<std::optional<ReturnView>> find(Viewer viewer, ReturnId id) = 0;
  /// Only returns that were contested.
  [[nodiscard]] virtual Later<std::optional<CaseFile>> dispute(Viewer viewer, DisputeId id) = 0;
};

}  // namespace leadex::storage
