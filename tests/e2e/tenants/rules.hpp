#pragma once
// Who may call what: every operation of the API with its roles, written down from what the API
// promises and not from the program's own table. Pure; any thread.

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace leadex::e2e {

/// G generator, B buyer, A admin, U auditor, V verifier.
struct Rule {
  std::string_view operation;
  std::string_view roles;       ///< "*": no key asked for
  std::string_view kinds = {};  ///< what the path names: "batch", or "listing,bid"
  bool test_keys = false;       ///< a test key may, since it only reads or is answered dry
  std::string_view query = {};  ///< what the query needs at least
  std::string_view body = {};   ///< one that an owner's request would be good with

  [[nodiscard]] bool allows(char role) const {
    return roles == "*" || roles.find(role) != std::string_view::npos;
  }
  [[nodiscard]] std::vector<std::string> kind_list() const;
  /// Reads of contacts and consents: each is audited, and not all who know the id may make them.
  [[nodiscard]] bool shows_person() const {
    return operation == "get_sale_contact" || operation == "get_lead_consent";
  }
};

[[nodiscard]] std::span<Rule const> rules();
/// nullptr for an operation that the table does not hold.
[[nodiscard]] Rule const* find_rule(std::string_view operation);

/// An operation as /openapi.json lists it.
struct Listed {
  std::string operation;
  std::string method;
  std::string path;
};
/// @param openapi  the served document. Throws std::runtime_error when it is none.
[[nodiscard]] std::vector<Listed> listed_operations(std::string const& openapi);

/// The path with its {…} replaced in order, and the query behind it.
[[nodiscard]] std::string target_of(Listed const& listed, Rule const& rule,
                                    std::vector<std::string> const& values);

}  // namespace leadex::e2e
