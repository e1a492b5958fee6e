#include "server/app/trial_balance.hpp"

#include "server/storage/currency.hpp"

namespace leadex::app {

AppResult<storage::TrialBalance> trial_balance(PlatformTx& tx, Principal const& actor,
                                               std::string const& currency) {
  bool const reader = actor.role == storage::Role::admin || actor.role == storage::Role::auditor;
  if (!reader) return fail(AppCode::forbidden, "This is for admins and auditors.");
  if (!storage::currency_number(currency)) {
    return fail(AppCode::validation_failed, "There is no such currency.",
                {{"currency", "currency_unknown", "is no ISO 4217 code"}});
  }
  return tx.ledger().trial_balance(currency, kTrialBalanceRowsMax);
}

}  // namespace leadex::app
