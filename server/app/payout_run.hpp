#pragma once
// Payout runs: draft → approved by another person → exported → paid or failed. A draft takes the
// money out of the earnings, so no second run pays it again; failing gives it back. Admins only.
// Each function inside one transaction.

#include <functional>
#include <string>

#include "server/app/action.hpp"
#include "server/app/bank_details.hpp"

namespace leadex::app {

inline constexpr int kPayoutsPerRunMax = 2000;

/// Pays each active generator what it has earned in that currency on the platform, rounded down to
/// a coin; those without bank details, or whose details still cool, wait for another run. The bank
/// details are copied into the run.
/// @errors forbidden, validation_failed (currency), nothing_to_pay
[[nodiscard]] AppResult<storage::PayoutRun> draft_payout_run(AppTools const& tools, PlatformTx& tx,
                                                             Principal const& actor,
                                                             std::string const& currency);

/// Not by the drafter, nor by one whose account or key the drafter made.
/// @errors forbidden, not_found, four_eyes_required, wrong_state
[[nodiscard]] AppResult<storage::PayoutRun> approve_payout_run(PlatformTx& tx,
                                                               Principal const& actor,
                                                               std::int64_t run_no);

struct PayoutLine {
  std::int64_t payout_no{};
  std::int64_t tenant_no{};
  Money amount;
  BankDetails bank;
};
struct ExportedRun {
  storage::PayoutRun run;
  std::vector<PayoutLine> lines;
};
/// Opens the bank details for the file; audited. Exporting again gives the same lines.
/// @errors forbidden, not_found, wrong_state (draft, or closed)
[[nodiscard]] AppResult<ExportedRun> export_payout_run(AppTools const& tools, PlatformTx& tx,
                                                       Principal const& actor, std::int64_t run_no);

/// The bank has sent all of it. @errors forbidden, not_found, wrong_state (not exported)
[[nodiscard]] AppResult<storage::PayoutRun> pay_payout_run(PlatformTx& tx, Principal const& actor,
                                                           std::int64_t run_no);
/// Nothing of it left: the money is earnings again. @errors forbidden, not_found, wrong_state
[[nodiscard]] AppResult<storage::PayoutRun> fail_payout_run(PlatformTx& tx, Principal const& actor,
                                                            std::int64_t run_no);

/// RFC 4180 with a header line and CRLF; cells that a spreadsheet would run get a quote in front.
/// @param public_id  of a payout's number    @param amount  decimal text in the run's currency
[[nodiscard]] std::string payout_csv(ExportedRun const& run,
                                     std::function<std::string(std::int64_t)> const& public_id,
                                     std::function<std::string(Money)> const& amount);

}  // namespace leadex::app
