#include "server/storage/postgres/platform_chain.hpp"

#include "server/privacy/hash_chain.hpp"

namespace leadex::storage::postgres {

namespace {

void add(privacy::ChainHasher& hasher, std::int64_t n, Transfer const& transfer) {
  hasher.add_int64(n)
      .add_int64(transfer.debit)
      .add_int64(transfer.credit)
      .add_int64(transfer.amount.micros)
      .add_int64(static_cast<std::int64_t>(transfer.code))
      .add_int64(static_cast<std::int64_t>(transfer.phase))
      .add_int64(transfer.lead_no)
      .add_int64(transfer.slot);
  if (transfer.pending) {
    hasher.add_int64(transfer.pending->batch_seq).add_int64(transfer.pending->n);
  } else {
    hasher.add_null().add_null();
  }
}

void add(privacy::ChainHasher& hasher, Account const& account) {
  hasher.add_int64(account.account_no)
      .add_int64(static_cast<std::int64_t>(account.code))
      .add_int64(account.owner_no)
      .add_int64(account.sub_no)
      .add_int64(account.debits_pending)
      .add_int64(account.debits_posted)
      .add_int64(account.credits_pending)
      .add_int64(account.credits_posted);
  if (account.floor_micros) {
    hasher.add_int64(*account.floor_micros);
  } else {
    hasher.add_null();
  }
}

}  // namespace

crypto::Digest platform_hash(PlatformLink const& link, crypto::Digest const& previous) {
  privacy::ChainHasher hasher("platform/1");
  hasher.add_int64(link.seq).add_int64(link.epoch).add_int64(link.at_us).add_bytes(link.body);
  hasher.add_int64(static_cast<std::int64_t>(link.transfers.size()));
  std::int64_t n = 0;
  for (auto const& transfer : link.transfers) add(hasher, n++, transfer);
  hasher.add_int64(static_cast<std::int64_t>(link.accounts.size()));
  for (auto const& account : link.accounts) add(hasher, account);
  return hasher.finish(previous);
}

}  // namespace leadex::storage::postgres
