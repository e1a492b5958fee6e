#pragma once
// Approvals: what waits for a second person. The payload is sealed before it comes here. Used
// inside one database job.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "billing/values/time.hpp"

namespace leadex::storage {

enum class ApprovalState : std::uint8_t { waiting, approved, refused };
inline constexpr std::array<std::string_view, 3> kApprovalStateTexts{"waiting", "approved",
                                                                     "refused"};
[[nodiscard]] constexpr std::string_view text(ApprovalState state) {
  return kApprovalStateTexts.at(static_cast<std::size_t>(state));
}

struct Approval {
  std::int64_t approval_no{};
  std::string kind;
  std::int64_t subject_no{};
  std::string payload_sealed;
  std::int64_t requested_by{};  ///< principal
  Timestamp requested_at{};
  ApprovalState state{};
  std::optional<std::int64_t> decided_by;
  std::optional<Timestamp> decided_at;
};

struct ApprovalFilter {
  std::optional<ApprovalState> state;
  std::optional<std::int64_t> before_no;
  int limit = 50;
};

class ApprovalRows {
 public:
  virtual ~ApprovalRows() = default;
  virtual void insert(Approval const& approval) = 0;
  [[nodiscard]] virtual std::optional<Approval> find_locked(std::int64_t approval_no) = 0;
  /// @param decided_by  none when the requester takes it back
  virtual void decide(std::int64_t approval_no, ApprovalState state,
                      std::optional<std::int64_t> decided_by, Timestamp at) = 0;
  [[nodiscard]] virtual std::vector<Approval> list(ApprovalFilter const& filter) = 0;
};

}  // namespace leadex::storage
