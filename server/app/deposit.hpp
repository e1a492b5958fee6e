#pragma once
// deposit: a buyer's money has come to the bank. Above the limit a second person confirms first.
// Inside one transaction.

#include <optional>

#include "server/app/action.hpp"

namespace leadex::app {

struct NewDeposit {
  std::int64_t tenant_no{};  ///< a buyer
  std::string currency;
  Money amount;
  std::string reference;  ///< of the bank, 1 … 140 bytes; sealed
};

struct DepositOutcome {
  std::optional<storage::PlatformBatch> batch;  ///< booked
  std::optional<std::int64_t> approval_no;      ///< or waiting: 202
};

/// @errors forbidden, not_found, validation_failed, wrong_state (suspended)
[[nodiscard]] AppResult<DepositOutcome> deposit(AppTools const& tools, PlatformTx& tx,
                                                Principal const& actor, NewDeposit const& wanted);

}  // namespace leadex::app
