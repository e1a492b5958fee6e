#pragma once
// Opening accounts and their keys over the API, as an admin. For the seed and the demo; one thread.

#include <string>
#include <string_view>

#include "server/cli/client/api.hpp"
#include "server/cli/client/credentials.hpp"

namespace leadex::cli {

struct WantedAccount {
  std::string role;
  std::string name;
  bool with_bank{};  ///< made-up details, well formed; for who is paid out
};

/// An account with a key. Where a second person must confirm, `confirming` does; null: throws
/// Failure instead.
[[nodiscard]] AccountKey open_account(Api& admin, WantedAccount const& wanted,
                                      Api* confirming = nullptr);

/// Books a deposit for a buyer.
void deposit(Api& admin, std::string const& account_id, std::string_view amount,
             std::string_view currency, std::string_view reference);

/// Opens the market unless it is there. @param body  as POST /v1/admin/markets takes it
/// @return whether it was opened now
bool ensure_market(Api& admin, std::string const& id, std::string const& body);

}  // namespace leadex::cli
