#include "billing/settlement/promise.hpp"

#include "billing/values/check.hpp"

namespace leadex {

std::optional<Transfer> keep_promise(Path promise_to_earned, Money promised, Money brought,
                                     std::int64_t lead_no) {
  LEADEX_CHECK(promised.micros >= 0 && brought.micros >= 0);
  if (promised <= brought) return std::nullopt;
  Transfer transfer;
  transfer.debit = promise_to_earned.debit;
  transfer.credit = promise_to_earned.credit;
  transfer.amount = Money{promised.micros - brought.micros};
  transfer.code = TransferCode::promise;
  transfer.phase = Phase::posted;
  transfer.lead_no = lead_no;
  return transfer;
}

}  // namespace leadex
