#include "billing/settlement/crossing.hpp"

#include "billing/values/check.hpp"

namespace leadex {

namespace {

Transfer posted(Path path, Money amount, TransferCode code) {
  return {path.debit, path.credit, amount, code, Phase::posted, 0, 0, {}};
}

}  // namespace

Transfer fund_leaves(Path path, Money amount) { return posted(path, amount, TransferCode::fund); }
Transfer fund_arrives(Path path, Money amount) { return posted(path, amount, TransferCode::fund); }
Transfer defund_leaves(Path path, Money amount) {
  return posted(path, amount, TransferCode::defund);
}
Transfer defund_arrives(Path path, Money amount) {
  return posted(path, amount, TransferCode::defund);
}

std::optional<Transfer> remit(Path path, Money available, Money keep) {
  LEADEX_CHECK(keep.micros >= 0);
  if (available <= keep) return std::nullopt;
  return posted(path, Money{available.micros - keep.micros}, TransferCode::settle);
}

Transfer earnings_arrive(Path path, Money amount) {
  return posted(path, amount, TransferCode::settle);
}
Transfer claw_back_leaves(Path path, Money amount) {
  return posted(path, amount, TransferCode::claw_back);
}
Transfer claw_back_arrives(Path path, Money amount) {
  return posted(path, amount, TransferCode::claw_back);
}

}  // namespace leadex
