#pragma once
// Which returns are disputes, as those that show or decide them ask. Any thread.

#include "server/storage/case_reads.hpp"

namespace leadex::storage {

/// Contested by its generator, decided or not: by an admin, or by what the exchange itself found,
/// which nobody contests but where the buyer's own return was contested before.
[[nodiscard]] inline bool was_contested(ReturnView const& view) {
  return view.is_dispute() || (view.ruling == 1 && !view.generator_note_sealed.empty());
}

}  // namespace leadex::storage
