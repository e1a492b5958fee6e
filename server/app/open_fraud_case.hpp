#pragma once
// open_fraud_case: a case about a source, with its number and its line in the audit log. Inside one
// transaction.

#include "server/storage/platform_tx.hpp"

namespace leadex::app {

/// @param found  case_no is given here
/// @return false when there is one already
bool open_fraud_case(storage::PlatformTx& tx, storage::NewFraudCase found);

}  // namespace leadex::app
