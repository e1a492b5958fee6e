#pragma once
// Public ids that are made of more than one number: transfers and accounts of the books. Pure; any
// thread.

#include <optional>
#include <string>
#include <string_view>

#include "billing/ledger/transfer.hpp"
#include "billing/values/ids.hpp"
#include "server/crypto/public_id.hpp"

namespace leadex::render {

/// txn_…: batch and place in it.
[[nodiscard]] std::string transfer_id(crypto::PublicIdCodec const& ids, MarketNo stream,
                                      TransferRef ref);

struct LedgerAccountNo {
  MarketNo stream{};
  std::int64_t account_no{};
};
/// acct_…: apart from the accounts of the API, which share the prefix.
[[nodiscard]] std::string ledger_account_id(crypto::PublicIdCodec const& ids,
                                            LedgerAccountNo account);
/// Nothing for anything else, an account of the API included.
[[nodiscard]] std::optional<LedgerAccountNo> open_ledger_account(crypto::PublicIdCodec const& ids,
                                                                 std::string_view text);

/// acct_… of an account of the API.
[[nodiscard]] std::string account_id(crypto::PublicIdCodec const& ids, std::int64_t tenant_no);

}  // namespace leadex::render
