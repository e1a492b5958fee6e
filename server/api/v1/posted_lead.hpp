#pragma once
// What the posts of leads share, with and without a ping before: reading and checking the Lead of a
// body, and the answer that says what came of it. Any thread.

#include <optional>
#include <string_view>
#include <vector>

#include "server/api/v1/trade_support.hpp"
#include "server/intake/contact/lead_check.hpp"
#include "server/intake/lead_document.hpp"
#include "server/intake/lead_rows.hpp"

namespace leadex::api {

/// 422 with the code of the first fault, all of them listed.
[[nodiscard]] ApiProblem problem_of(std::vector<intake::RowFault> const& faults);

/// The Lead of the call's body by the market's rules. @errors  its faults, 422
/// @param taxonomy  in force; may be null
[[nodiscard]] Result<intake::CheckedLead, ApiProblem> check_lead(
    ApiCall const& call, market::MarketSettings const& settings, intake::LeadFields fields,
    std::shared_ptr<storage::TaxonomyVersion const> const& taxonomy = nullptr);

/// Holds its phone against the country's list, where the market's rules ask for that.
/// @errors  do_not_call, do_not_call_stale, 422; those of the store
[[nodiscard]] asio::awaitable<Result<void, ApiProblem>> check_do_not_call(
    ApiCall& call, MarketRef market, intake::CheckedLead const& lead);
/// Whether its e-mail domain takes mail, where name servers are set. @errors  it takes none, 422
[[nodiscard]] asio::awaitable<Result<void, ApiProblem>> check_mail(ApiCall& call,
                                                                   intake::CheckedLead& lead);

/// Where a lead of this call would stand: its generator, the market's rules in force, the buyers
/// its consent names. It has no number yet.
[[nodiscard]] asio::awaitable<Result<intake::LeadPlace, ApiProblem>> place_of(
    ApiCall& call, MarketRef market, intake::CheckedLead const& lead);

/// Chooses whether the lead is to be checked, once `place` has its number: its row tells then. It
/// is asked of every posted lead, and costs each the same. @return whether it is to be held
[[nodiscard]] asio::awaitable<Result<bool, ApiProblem>> sample_lead(ApiCall& call,
                                                                    intake::LeadPlace& place);

/// Offers the lead of `submission.lead` to its market, or, when it is held, has its persons claimed
/// for it alone.
void put_command(ApiCall const& call, intake::CheckedLead const& lead, bool hold,
                 market::Submission& submission);

/// What came of it. A lead that was only tried has no number.
struct Offered {
  std::optional<LeadId> lead;
  market::Outcome outcome;
  Money promise_added{};  ///< by the exchange, beside what the sales bring
  intake::RowWarnings warnings{};
  std::string domain_suggested{};
  bool held{};
};
/// Adds what looks odd about the lead. A repeated answer says what the first one said, from the
/// store.
[[nodiscard]] asio::awaitable<Result<void, ApiProblem>> add_warnings(
    ApiCall& call, intake::CheckedLead const& lead, bool replayed, Offered& offered);
/// 201, a LeadOutcome.
[[nodiscard]] http::Response render_outcome(ApiCall const& call, std::string_view currency,
                                            Offered const& offered);

/// A test key's lead is checked and matched like any other and then let go: nothing is written.
[[nodiscard]] asio::awaitable<ApiResult> try_lead(ApiCall& call, MarketRef market,
                                                  intake::CheckedLead lead,
                                                  intake::LeadPlace place);

/// The lead an answer is about: a repeated answer names the one of the first time.
struct AnsweredLead {
  LeadId id;
  bool held{};
};

struct WatchedLead;  // server/api/v1/fraud_services.hpp

/// The lead a submission made, once what was watched of it is told. @errors  the submission's
[[nodiscard]] asio::awaitable<Result<AnsweredLead, ApiProblem>> lead_watched(
    ApiCall& call, AnsweredLead fresh, Result<market::Answer, ApiProblem> done,
    WatchedLead watched);

/// @param fresh  of this call, unless it is a repeated one
[[nodiscard]] asio::awaitable<Result<AnsweredLead, ApiProblem>> lead_of(ApiCall& call,
                                                                        AnsweredLead fresh,
                                                                        market::Answer answer);

}  // namespace leadex::api
