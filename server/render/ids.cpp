#include "server/render/ids.hpp"

#include "billing/values/check.hpp"

namespace leadex::render {

namespace {

constexpr int kPlaceBits = 20;  // transfers of one batch
constexpr std::int64_t kOfBooks = std::int64_t{1} << 62;

}  // namespace

std::string transfer_id(crypto::PublicIdCodec const& ids, MarketNo stream, TransferRef ref) {
  LEADEX_CHECK(ref.n >= 0 && ref.n < (1 << kPlaceBits));
  LEADEX_CHECK(ref.batch_seq >= 0 && ref.batch_seq < (std::int64_t{1} << (62 - kPlaceBits)));
  return ids.seal(crypto::IdKind::transfer, stream, ref.batch_seq << kPlaceBits | ref.n);
}

std::string ledger_account_id(crypto::PublicIdCodec const& ids, LedgerAccountNo account) {
  LEADEX_CHECK(account.account_no >= 0 && account.account_no < kOfBooks);
  return ids.seal(crypto::IdKind::account, account.stream, account.account_no | kOfBooks);
}

std::optional<LedgerAccountNo> open_ledger_account(crypto::PublicIdCodec const& ids,
                                                   std::string_view text) {
  auto const raw = ids.open(text, crypto::IdKind::account);
  if (!raw || (raw->no & kOfBooks) == 0) return std::nullopt;
  return LedgerAccountNo{raw->market, raw->no & ~kOfBooks};
}

std::string account_id(crypto::PublicIdCodec const& ids, std::int64_t tenant_no) {
  return ids.seal(AccountId{0, tenant_no});
}

}  // namespace leadex::render
