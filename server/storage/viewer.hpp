#pragma once
// Viewer: for whom a store reads. Every read of the trade carries it into its WHERE, so that
// another account's row is never loaded. A plain value; any thread.

#include <cstdint>
#include <optional>

#include "server/storage/principal.hpp"

namespace leadex::storage {

struct Viewer {
  std::int64_t tenant_no{};
  Role role{};

  [[nodiscard]] static Viewer of(Principal const& principal) {
    return {principal.tenant_no, principal.role};
  }
  /// Admins and auditors read all accounts; verifiers work their queue and see no trade.
  [[nodiscard]] bool sees_all() const { return role == Role::admin || role == Role::auditor; }
  /// The account a row must belong to; nothing for those who see all.
  [[nodiscard]] std::optional<std::int64_t> scope() const {
    if (sees_all()) return std::nullopt;
    return tenant_no;
  }
};

}  // namespace leadex::storage
