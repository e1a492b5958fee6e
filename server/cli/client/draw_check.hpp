#pragma once
// The draw of a lot, computed again from what the server shows once it has revealed the secret.
// Deliberately written apart from the server's own draw. Pure; any thread.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "server/cli/client/json_view.hpp"

namespace leadex::cli {

/// What GET /v1/batches/{id}/spot-check tells.
struct RevealedDraw {
  std::string secret;       ///< bytes
  std::string commitment;   ///< hex, published before the upload
  std::string file_sha256;  ///< hex
  std::vector<std::int64_t> accepted_rows;
  std::int64_t sample_size{};
  std::vector<std::int64_t> sampled_rows;  ///< in the order given, stand-ins included
  std::int64_t unreachable{};              ///< rows of the sample that were given up
  bool sequential{};                       ///< the lot was judged as verdicts came
  bool skip_mode{};                        ///< half of the source's lots are left out
  bool skipped{};                          ///< this one was
  std::vector<std::int64_t> accept_at;     ///< bounds by checked rows; empty when not published
  std::vector<std::int64_t> reject_at;
  std::vector<std::string> verdicts;  ///< of the sampled rows; empty for those without
  std::string verdict;                ///< on the lot
  bool by_admin{};                    ///< an admin judged: the bounds did not
};

struct DrawFindings {
  bool commitment_holds{};  ///< sha256(secret) is what was committed
  bool sample_holds{};      ///< the checked rows are the first of the draw order
  /// As many as planned, and one more at most per unreachable row. Under a sequential plan at least
  /// what decided it, and no more than are open at once beyond that.
  bool size_holds{};
  bool skip_holds{};     ///< left out, or not, as HMAC-SHA256(secret, "skip") says
  bool verdict_holds{};  ///< what the bounds make of the verdicts, where bounds are published
  std::vector<std::int64_t> expected_rows;  ///< the first of the draw order, as many as checked
  [[nodiscard]] bool all_hold() const {
    return commitment_holds && sample_holds && size_holds && skip_holds && verdict_holds;
  }
};

/// Throws Failure (kConflict) while the secret is not revealed, kFailed for an odd answer.
[[nodiscard]] RevealedDraw read_draw(JsonView spot_check);

/// Rows ascending by HMAC-SHA256(secret, "<file sha256 hex>:<row>"), equal ones by row.
[[nodiscard]] std::vector<std::int64_t> draw_order(RevealedDraw const& draw);

[[nodiscard]] DrawFindings check_draw(RevealedDraw const& draw);

/// "1-3" and "7" as 1, 2, 3, 7. Throws Failure for anything else, and for more than the rows an
/// upload can have.
[[nodiscard]] std::vector<std::int64_t> expand_ranges(std::vector<std::string> const& ranges);

}  // namespace leadex::cli
