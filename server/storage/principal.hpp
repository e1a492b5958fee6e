#pragma once
// Who acts: roles, kinds of keys, and the principal that a request was made by. Plain values; any
// thread. server/auth makes Principals from keys, everything behind it only reads them.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace leadex::storage {

enum class Role : std::uint8_t { generator, buyer, admin, auditor, verifier };
inline constexpr std::array<std::string_view, 5> kRoleTexts{"generator", "buyer", "admin",
                                                            "auditor", "verifier"};
[[nodiscard]] constexpr std::string_view text(Role role) {
  return kRoleTexts.at(static_cast<std::size_t>(role));
}
[[nodiscard]] constexpr std::optional<Role> role_from_text(std::string_view name) {
  for (std::size_t i = 0; i < kRoleTexts.size(); ++i) {
    if (kRoleTexts.at(i) == name) return static_cast<Role>(i);
  }
  return std::nullopt;
}
[[nodiscard]] constexpr bool is_staff(Role role) {
  return role != Role::generator && role != Role::buyer;
}

/// live: a production database; dev: a database whose environment is dev; test: dry runs only.
enum class KeyKind : std::uint8_t { live, dev, test };
inline constexpr std::array<std::string_view, 3> kKeyKindTexts{"live", "dev", "test"};
[[nodiscard]] constexpr std::string_view text(KeyKind kind) {
  return kKeyKindTexts.at(static_cast<std::size_t>(kind));
}
[[nodiscard]] constexpr std::optional<KeyKind> key_kind_from_text(std::string_view name) {
  for (std::size_t i = 0; i < kKeyKindTexts.size(); ++i) {
    if (kKeyKindTexts.at(i) == name) return static_cast<KeyKind>(i);
  }
  return std::nullopt;
}

/// The person or service behind a request. Approvals compare principals, tenant scope compares
/// tenants; neither follows from the other.
struct Principal {
  std::int64_t principal_no{};
  std::int64_t tenant_no{};
  Role role{};
  std::vector<std::string> scopes;
  KeyKind key_kind{};
  std::int64_t key_no{};
  std::optional<std::int64_t> issued_by;  ///< principal that made this principal's account

  [[nodiscard]] bool has_scope(std::string_view scope) const {
    for (auto const& held : scopes) {
      if (held == scope) return true;
    }
    return false;
  }
};

}  // namespace leadex::storage
