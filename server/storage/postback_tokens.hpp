#pragma once
// PostbackTokens: who may report conversions of a buyer's leads by postback. Only keyed hashes of
// the tokens are kept. Coroutines of any executor; each call is one transaction.

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "billing/values/result.hpp"
#include "billing/values/time.hpp"
#include "server/storage/store_error.hpp"

namespace leadex::storage {

struct PostbackTokenRow {
  std::int64_t token_no{};
  Timestamp created_at{};
};

inline constexpr std::int64_t kPostbackTokensMax = 100;  // of a buyer, in use

class PostbackTokens {
 public:
  virtual ~PostbackTokens() = default;
  template <class T>
  using Later = boost::asio::awaitable<Result<T, StoreError>>;

  /// @param digest  32 bytes. @return nothing when the buyer has kPostbackTokensMax of them
  [[nodiscard]] virtual Later<std::optional<PostbackTokenRow>> add(std::int64_t buyer_no,
                                                                   std::int64_t token_no,
                                                                   std::string digest) = 0;
  /// In use, newest first.
  [[nodiscard]] virtual Later<std::vector<PostbackTokenRow>> list(
      std::int64_t buyer_no, std::optional<std::int64_t> before_no, int limit) = 0;
  /// Whether the buyer has such a token; one that was revoked before counts.
  [[nodiscard]] virtual Later<bool> revoke(std::int64_t buyer_no, std::int64_t token_no) = 0;
  /// Whose token it is, if it is in use and its buyer is active.
  [[nodiscard]] virtual Later<std::optional<std::int64_t>> buyer_of(std::string digest) = 0;
};

}  // namespace leadex::storage
