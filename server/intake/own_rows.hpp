#pragma once
// How refused rows are kept as they came: each batch has a key of its own, sealed under the
// exchange's; destroying it (row batch_own_key) makes the rows unreadable. Any thread.

#include <cstdint>
#include <string>
#include <string_view>

#include "billing/values/ids.hpp"
#include "server/privacy/sealed_value.hpp"

namespace leadex::intake {

struct NewOwnKey {
  crypto::AeadKey key;
  std::string sealed;  ///< column key_sealed of table batch_own_key
};
[[nodiscard]] NewOwnKey make_own_key(privacy::KeyRing const& ring, BatchId batch);
/// @errors as privacy::open_value
[[nodiscard]] Result<crypto::AeadKey, privacy::SealError> open_own_key(privacy::KeyRing const& ring,
                                                                       BatchId batch,
                                                                       std::string_view sealed);

/// @param row_no  0 for the header
[[nodiscard]] std::string seal_own_row(crypto::AeadKey const& key, BatchId batch,
                                       std::int64_t row_no, std::string_view text);
/// @errors as privacy::open_value
[[nodiscard]] Result<crypto::Secret, privacy::SealError> open_own_row(crypto::AeadKey const& key,
                                                                      BatchId batch,
                                                                      std::int64_t row_no,
                                                                      std::string_view sealed);

}  // namespace leadex::intake
