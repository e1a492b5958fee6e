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
};

struct DrawFindings {
  bool commitment_holds{};  ///< sha256(secret) is what was committed
  bool sample_holds{};      ///< the checked rows are the first of the draw order
  bool size_holds{};        ///< as many as planned, and one more at most per unreachable row
  std::vector<std::int64_t> expected_rows;  ///< the first of the draw order, as many as checked
  [[nodiscard]] bool all_hold() const { return commitment_holds && sample_holds && size_holds; }
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
