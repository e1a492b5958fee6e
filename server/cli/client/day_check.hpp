#pragma once
// The sample of a day's posted leads, drawn again from what the server shows once it has revealed
// the secret. Deliberately written apart from the server's own draw. Pure; any thread.

#include <cstdint>
#include <string>
#include <vector>

namespace leadex::cli {

struct RevealedDay {
  std::string secret;      ///< bytes
  std::string commitment;  ///< hex, published before the day began
  std::int64_t rate_bp{};
  std::vector<std::string> checked;  ///< ids of the leads that were checked, as far as one may see
};

struct DayFindings {
  bool commitment_holds{};            ///< sha256(secret) is what was committed
  std::vector<std::string> uncalled;  ///< checked though the secret did not choose them
  std::vector<std::string> missing;   ///< chosen by the secret and not checked
  [[nodiscard]] bool all_hold() const {
    return commitment_holds && uncalled.empty() && missing.empty();
  }
};

/// Whether HMAC-SHA256(secret, "realtime:<lead id>") is below the rate.
[[nodiscard]] bool is_chosen(RevealedDay const& day, std::string const& lead_id);

/// @param posted  ids of leads posted that day that one knows of; may be empty
[[nodiscard]] DayFindings check_day(RevealedDay const& day, std::vector<std::string> const& posted);

}  // namespace leadex::cli
