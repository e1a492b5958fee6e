#pragma once
// Names of facts that exist only once a lead was sold and worked on. An estimate fitted on them
// would foretell what has happened. Pure; any thread.

#include <string_view>

namespace leadex::quality {

/// Whether an attribute of that name is refused as something to foretell by: `duration`, `outcome`,
/// `disposition`, `converted` and the like, and all that begins with `call_`, `sale_` or `sold_`.
[[nodiscard]] bool named_after_sale(std::string_view name);

}  // namespace leadex::quality
