#pragma once
// Warnings of a lead as its generator and staff see them; buyers are not told. Any thread.

#include <string_view>

#include "server/intake/contact/row_warning.hpp"
#include "server/json/writer.hpp"

namespace leadex::api {

/// `"warnings":[{"code","pointer","suggestion"?}]` into the open object; nothing where there is
/// none.
inline void write_warnings(json::JsonWriter& out, intake::RowWarnings warnings,
                           std::string_view domain_suggested) {
  if (warnings.empty()) return;
  auto const list = out.array("warnings");
  for (std::size_t i = 0; i < intake::kRowWarnings; ++i) {
    auto const warning = static_cast<intake::RowWarning>(i);
    if (!warnings.has(warning)) continue;
    auto const one = out.object();
    out.field("code", intake::kWarningTexts[i].code);
    out.field("pointer", intake::kWarningTexts[i].pointer);
    if (warning == intake::RowWarning::email_mistyped && !domain_suggested.empty()) {
      out.field("suggestion", domain_suggested);
    }
  }
}

}  // namespace leadex::api
