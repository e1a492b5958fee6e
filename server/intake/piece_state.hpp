#pragma once
// What an upload in pieces keeps sealed beside its rows until it ends: where its file goes on, and
// the signs of each chunk, so that a lot has the same picture however it was cut. Any thread.

#include <string>
#include <string_view>

#include "server/intake/lot_signs.hpp"
#include "server/intake/upload_decoder.hpp"
#include "server/privacy/sealed_value.hpp"
#include "server/storage/upload_pieces.hpp"

namespace leadex::intake {

/// What table batch_piece keeps sealed of a mark, and back.
[[nodiscard]] std::string seal_piece_state(privacy::KeyRing const& ring, BatchId batch,
                                           std::string_view header, std::string_view hash_state);
/// @errors as privacy::open_value; malformed too when the text is none of ours
[[nodiscard]] Result<ResumePoint, privacy::SealError> open_piece_state(
    privacy::KeyRing const& ring, BatchId batch, storage::UploadMark const& mark);

/// What table batch_sign keeps of a chunk, and back. @param last_row  of the chunk, names it
[[nodiscard]] std::string seal_signs(privacy::KeyRing const& ring, BatchId batch,
                                     std::int64_t last_row, ChunkSigns const& signs);
/// @errors as open_piece_state
[[nodiscard]] Result<ChunkSigns, privacy::SealError> open_signs(privacy::KeyRing const& ring,
                                                                BatchId batch,
                                                                storage::KeptSigns const& kept);

}  // namespace leadex::intake
