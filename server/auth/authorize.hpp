#pragma once
// What each role may do: scopes of a role, and which roles and scope an operation asks for. A table
// known when the program is compiled; an operation that is not in it is refused. Pure; any thread.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "server/storage/principal.hpp"

namespace leadex::auth {

/// All scopes of a role; a key without a list of its own gets these.
[[nodiscard]] std::vector<std::string> scopes_of(storage::Role role);

/// Whether every one of `scopes` belongs to the role.
[[nodiscard]] bool scopes_fit(storage::Role role, std::span<std::string const> scopes);

enum class Permission : std::uint8_t {
  granted,
  unknown_operation,  ///< a route without an entry: a bug, refused
  role,               ///< 403: not for this role
  scope,              ///< 403: the key was made without that scope
  test_key,           ///< 403: a lxk_test_ key, and the operation cannot be a dry run
};

/// @param operation_id  of openapi.yaml, as the router sets it.
[[nodiscard]] Permission authorize(storage::Principal const& principal,
                                   std::string_view operation_id);

struct OperationRule {
  std::string_view operation_id;
  std::uint8_t roles{};    ///< bit n: role n of storage::Role
  std::string_view scope;  ///< own:read, own:write: of the role's own trade, which no key names
  bool test_keys{};
  [[nodiscard]] constexpr bool allows(storage::Role role) const {
    return ((roles >> static_cast<unsigned>(role)) & 1U) != 0;
  }
};
/// The whole table, for the comparison with openapi.yaml.
[[nodiscard]] std::span<OperationRule const> operation_rules();

}  // namespace leadex::auth
