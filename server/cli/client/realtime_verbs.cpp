#include <fmt/format.h>

#include <fstream>

#include "server/cli/client/day_check.hpp"
#include "server/cli/client/listing_output.hpp"
#include "server/cli/client/verbs.hpp"
#include "server/cli/exit_code.hpp"
#include "server/crypto/bytes.hpp"

namespace leadex::cli {

namespace {

constexpr std::int64_t kDaysMost = 1'000;
constexpr std::int64_t kChecksMost = 1'000'000;

/// The day's own entry of the list. Throws Failure when it is not there, or not revealed.
RevealedDay read_day(Api& api, std::string const& place, std::string const& wanted) {
  auto const pages = api.pages(place + "/realtime-days", kDaysMost);
  for (auto const& day : rows_of(pages)) {
    if (day["day"].text() != wanted) continue;
    if (day["secret"].is_null()) {
      throw Failure(kConflict, "the secret of " + wanted + " is not revealed yet");
    }
    auto secret = crypto::hex_decode(day["secret"].text());
    if (!secret) throw Failure(kFailed, "the secret is no hex text");
    return {std::move(*secret), day["commitment"].text(), day["rate_bp"].integer(), {}};
  }
  throw Failure(kFailed, "no sample was committed for " + wanted);
}

std::vector<std::string> read_ids(std::string const& path) {
  std::vector<std::string> ids;
  if (path.empty()) return ids;
  std::ifstream file{path};
  for (std::string line; std::getline(file, line);) {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (!line.empty()) ids.push_back(std::move(line));
  }
  if (file.bad()) throw Failure(kFailed, path + " could not be read");
  return ids;
}

}  // namespace

int verify_realtime(Api& api, Command const& command) {
  auto const place = "/v1/markets/" + query_encode(command.market);
  auto day = read_day(api, place, command.day);
  auto const pages =
      api.pages(place + "/realtime-checks?day=" + query_encode(command.day), kChecksMost);
  for (auto const& check : rows_of(pages)) day.checked.push_back(check["lead_id"].text());
  auto const posted = read_ids(command.file);
  auto const findings = check_day(day, posted);
  if (command.local.json) {
    print_out(json_object({{"commitment_holds", findings.commitment_holds},
                           {"checked", static_cast<std::int64_t>(day.checked.size())},
                           {"posted", static_cast<std::int64_t>(posted.size())},
                           {"uncalled", static_cast<std::int64_t>(findings.uncalled.size())},
                           {"missing", static_cast<std::int64_t>(findings.missing.size())}}) +
              "\n");
    return findings.all_hold() ? kOk : kFailed;
  }
  auto const word = [](bool good) { return good ? "holds" : "DOES NOT HOLD"; };
  print_out(fmt::format("commitment  {}: sha256(secret) against {}\n",
                        word(findings.commitment_holds), day.commitment));
  print_out(fmt::format("checks      {}: {} leads, each chosen by the secret\n",
                        word(findings.uncalled.empty()), day.checked.size()));
  for (auto const& lead : findings.uncalled) print_out("  not chosen: " + lead + "\n");
  print_out(fmt::format("posts       {}: of {} leads given, those chosen were checked\n",
                        word(findings.missing.empty()), posted.size()));
  for (auto const& lead : findings.missing) print_out("  not checked: " + lead + "\n");
  return findings.all_hold() ? kOk : kFailed;
}

}  // namespace leadex::cli
