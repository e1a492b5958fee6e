#pragma once
// What is wrong with a form's definition beyond its shape: fields that its market does not know or
// asks for in vain, choices that could not be taken, sites and addresses that are none. Pure; any
// thread.

#include "server/forms/definition.hpp"
#include "server/json/field_error.hpp"
#include "server/market/settings.hpp"

namespace leadex::api {

struct DefinitionRules {
  market::MarketSettings const& settings;
  bool mails{};        ///< whether confirmations can be mailed
  bool allow_local{};  ///< a dev database: redirects may go to this machine
};

/// All faults with pointers into the body, e.g. "/definition/fields/2/name"; empty for none.
[[nodiscard]] json::FieldErrors definition_faults(forms::Definition const& definition,
                                                  DefinitionRules const& rules);

}  // namespace leadex::api
