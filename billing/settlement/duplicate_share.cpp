#include "billing/settlement/duplicate_share.hpp"

#include "billing/values/check.hpp"

namespace leadex {

Money duplicate_share_of(SaleMoney const& money, BasisPoints split) {
  LEADEX_CHECK(split.bp > 0 && split.bp < kBasisPointsWhole);
  if (money.stage != SaleStage::settled) return {};
  Money const paid_out{kept_part(money).net.micros - money.holdback.micros};
  LEADEX_CHECK(paid_out.micros >= 0);
  auto const part = share(paid_out, split, Rounding::floor);
  LEADEX_CHECK(part.has_value());
  return *part;
}

std::optional<Transfer> follow_share(SaleRoute const& route, DuplicateShare const& share,
                                     SaleMoney const& before, SaleMoney const& after) {
  auto const had = duplicate_share_of(before, share.split);
  auto const has = duplicate_share_of(after, share.split);
  if (had == has) return std::nullopt;
  bool const more = has > had;
  Transfer transfer;
  transfer.debit = more ? route.generator_earned : share.earned;
  transfer.credit = more ? share.earned : route.generator_earned;
  transfer.amount = Money{more ? has.micros - had.micros : had.micros - has.micros};
  transfer.code = more ? TransferCode::duplicate_share : TransferCode::duplicate_share_back;
  transfer.phase = Phase::posted;
  transfer.lead_no = route.lead_no;
  transfer.slot = route.slot;
  return transfer;
}

}  // namespace leadex
