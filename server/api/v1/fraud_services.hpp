#pragma once
// FraudServices: planted contacts and the signs of leads that are posted one by one, as the
// handlers that take leads use them. Nothing here is told to whoever posts. Built once by main
// before IntakeServices::watch; any thread.

#include <optional>
#include <string>
#include <vector>

#include "server/api/operation.hpp"
#include "server/app/planted_contacts.hpp"
#include "server/intake/lead_rows.hpp"
#include "server/intake/posted_signs.hpp"

namespace leadex::api {

struct FraudServices {
  app::PlantedContacts planted;
  intake::PostedSigns signs;

  /// @param database  outlives this.
  explicit FraudServices(storage::Database& database) : planted(database) {}
};

/// Whether any of the digests is planted, and which. Empty where nothing is watched.
[[nodiscard]] asio::awaitable<Result<std::vector<std::int64_t>, ApiProblem>> planted_in(
    ApiContext const& ctx, std::vector<std::string> const& digests);

/// What is watched of a lead between its check and what became of it.
struct WatchedLead {
  MarketNo market{};
  std::int64_t generator_no{};
  std::vector<std::int64_t> planted;
  std::vector<std::string> persons;  // digests
  intake::RowSigns signs;
  std::optional<std::int64_t> form_us;  // a hosted form, shown to sent
};

/// A lead that is about to go to its market. @param place  one of the exchange's own contacts is
/// marked there, so that nobody gets it
[[nodiscard]] asio::awaitable<Result<WatchedLead, ApiProblem>> watch_lead(
    ApiContext const& ctx, intake::CheckedLead const& lead, intake::LeadPlace& place);

/// A ping that tells whose lead it is.
[[nodiscard]] asio::awaitable<Result<void, ApiProblem>> watch_ping(ApiContext const& ctx,
                                                                   WatchedLead watched);

/// What became of it. A repeated answer is not counted again; of a planted contact the case is
/// there before anybody is answered. @param lead  0: none @param refused  as it will be answered
[[nodiscard]] asio::awaitable<Result<void, ApiProblem>> watch_outcome(ApiContext const& ctx,
                                                                      WatchedLead watched,
                                                                      std::int64_t lead_no,
                                                                      bool replayed,
                                                                      std::optional<Code> refused);

}  // namespace leadex::api
