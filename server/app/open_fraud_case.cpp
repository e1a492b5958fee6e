#include "server/app/open_fraud_case.hpp"

#include "server/app/action.hpp"

namespace leadex::app {

bool open_fraud_case(storage::PlatformTx& tx, storage::NewFraudCase found) {
  found.case_no = tx.next_number(0, storage::NumberKind::fraud_case);
  if (!tx.fraud().open(found, tx.now())) return false;
  audit(tx, 0, "fraud_case.opened", {found.generator_no, "fraud_case", found.case_no},
        AuditPayload{}
            .add("market", std::int64_t{found.market})
            .add("batch", found.batch_no)
            .add("kind", quality::word(found.finding.signal)));
  return true;
}

}  // namespace leadex::app
