#pragma once
// RestRows: leads that rest before they are listed again. The market's writer puts them here and
// closes them when they come back; a job looks up which are due. Within a transaction of LotStore.

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "billing/values/ids.hpp"
#include "server/storage/lots.hpp"

namespace leadex::storage {

struct RestedLead {
  market::RelistLead again;           ///< as the market is offered it; withheld is not looked up
  std::optional<SealedLead> contact;  ///< none once it was erased
  std::int64_t consent_us{};
  /// It is not on sale, nobody has it, its consent was not revoked.
  bool free{};
};

/// A round that ended.
struct RestedRound {
  std::int64_t lead_no{};
  std::int32_t round{};
};

class RestRows {
 public:
  virtual ~RestRows() = default;
  /// Due by then and not dropped, the oldest first. @cost by an index of what is open alone
  [[nodiscard]] virtual std::vector<RestedLead> due(MarketNo market, std::int64_t now_us,
                                                    int limit) = 0;
  /// Something stands against them: they do not come back unless they rest anew in that round.
  virtual void drop(MarketNo market, std::span<RestedRound const> rounds) = 0;
  /// Its generator does not want it back on sale, for good. @return whether a round of it was open,
  /// or withdrawn before
  virtual bool withdraw(LeadId lead) = 0;
  /// The same of a batch's leads with numbers in that range. @return whether there were any
  virtual bool withdraw(BatchId batch, LeadRange range) = 0;
};

}  // namespace leadex::storage
