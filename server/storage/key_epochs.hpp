#pragma once
// KeyEpochRows: what of the database is wrapped under which month's key, wrapping it anew, and the
// record of epochs. Used by the key verbs and the server's own look at its epochs. Coroutines of
// any executor; one transaction each.

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "billing/values/ids.hpp"
#include "billing/values/result.hpp"
#include "billing/values/time.hpp"
#include "server/storage/store_error.hpp"

namespace leadex::storage {

/// How much is wrapped under one key.
struct KekUse {
  std::int32_t kek_id{};
  std::int64_t leads{};
  std::int64_t waiting{};  ///< forms that wait for their confirmation, 72 hours at most
};

struct WrappedKey {
  LeadId lead;
  std::string wrapped;
};

/// Keys in the order of markets and leads.
struct WrappedSlice {
  std::vector<WrappedKey> keys;  ///< those under the key asked for
  std::optional<LeadId> last;    ///< looked at; empty: there was none left to look at
};

struct RewrappedKey {
  LeadId lead;
  std::string before;  ///< as it was read: a lead erased or wrapped anew meanwhile stays as it is
  std::string after;
};

struct NotedEpoch {
  std::int32_t kek_id{};
  std::string check_value;  ///< 16 bytes
  bool destroyed{};
};

class KeyEpochRows {
 public:
  virtual ~KeyEpochRows() = default;
  template <class T>
  using Later = boost::asio::awaitable<Result<T, StoreError>>;

  /// Reads every lead's key: for the verbs, not for a server's path. Ascending.
  [[nodiscard]] virtual Later<std::vector<KekUse>> uses() = 0;

  /// Looks at `limit` leads' keys behind `after`, and gives those under `kek_id`.
  [[nodiscard]] virtual Later<WrappedSlice> wrapped(std::int32_t kek_id, LeadId after,
                                                    int limit) = 0;
  /// @return how many were wrapped anew
  [[nodiscard]] virtual Later<std::int64_t> rewrap(std::int32_t from, std::int32_t to,
                                                   std::vector<RewrappedKey> keys) = 0;

  /// Epochs that were ever noted, ascending.
  [[nodiscard]] virtual Later<std::vector<NotedEpoch>> noted() = 0;
  /// Notes one unless it is. @return as it is noted: another check value tells of another file
  [[nodiscard]] virtual Later<NotedEpoch> note(std::int32_t kek_id, std::string check_value) = 0;

  /// Marks one destroyed, with an audit row, unless anything is wrapped under it still, or under
  /// the key that the root key alone gives its month. Again: true.
  [[nodiscard]] virtual Later<bool> mark_destroyed(std::int32_t kek_id, Timestamp at) = 0;
};

}  // namespace leadex::storage
