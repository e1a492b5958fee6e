#pragma once
// Approvals: what needs a second person waits as a row with a sealed payload; approving applies the
// effect in the same transaction. Other rooms register the effects of their kinds before start.

#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "server/app/action.hpp"

namespace leadex::app {

struct ApprovalRequest {
  std::string kind;           ///< "deposit"; a kind without a registered effect is a bug
  std::int64_t subject_no{};  ///< row that it is about
  std::int64_t tenant_no{};   ///< account that it is about, for the audit row
  std::string payload;        ///< sealed here
};

/// Writes the waiting approval with its audit row; its number goes into the 202 answer.
[[nodiscard]] std::int64_t request_approval(AppTools const& tools, PlatformTx& tx,
                                            Principal const& actor, ApprovalRequest const& request);

/// What happens when an approval is given. `payload` is opened; `approval.requested_by` asked,
/// `approval.decided_by` gives it.
using ApprovalEffect = std::function<AppResult<void>(
    AppTools const&, PlatformTx&, storage::Approval const&, std::string const& payload)>;

/// By kind. Filled before the server starts, read-only afterwards.
class ApprovalEffects {
 public:
  /// With the effects of this room: staff_account, staff_key, bank_details, deposit, claw_back.
  ApprovalEffects();
  void add(std::string kind, ApprovalEffect effect);
  [[nodiscard]] ApprovalEffect const* find(std::string_view kind) const;

 private:
  std::map<std::string, ApprovalEffect, std::less<>> effects_;
};

/// Admins only; not the requester, nor one whose account or key the requester made.
/// @errors forbidden, not_found, four_eyes_required, wrong_state, and those of the effect
[[nodiscard]] AppResult<storage::Approval> approve(AppTools const& tools,
                                                   ApprovalEffects const& effects, PlatformTx& tx,
                                                   Principal const& actor,
                                                   std::int64_t approval_no);
/// Any admin may refuse, and the requester take back; what waited for it stays as it is, unusable.
/// @errors forbidden, not_found, wrong_state
[[nodiscard]] AppResult<storage::Approval> refuse_approval(PlatformTx& tx, Principal const& actor,
                                                           std::int64_t approval_no);

}  // namespace leadex::app
