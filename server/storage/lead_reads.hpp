#pragma once
// LeadReads: leads without their contact, and what a committed batch of a market said (for answers
// that are given again). Committed rows only. Coroutines of any executor; one transaction each.

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "billing/values/ids.hpp"
#include "billing/values/result.hpp"
#include "billing/values/time.hpp"
#include "matching/market/outcome.hpp"
#include "server/storage/store_error.hpp"
#include "server/storage/viewer.hpp"

namespace leadex::storage {

struct LeadView {
  LeadId id;
  std::int64_t generator_no{};
  std::int64_t batch_no{};  // 0: real-time
  std::int32_t version{};   // of the market's settings; names the attributes
  market::LeadState state{};
  std::optional<std::int64_t> score;
  std::int32_t vehicle{};
  std::string reason;
  Timestamp captured_at{};
  Timestamp consent_at{};
  std::string consent_digest;
  std::vector<market::AttributeText> attributes;  // in the order of that version
  std::int32_t warnings{};                        // bits as NewLead has them
  std::string domain_suggested;                   // likewise; "" for none
};

/// A round of a lead that ended without a buyer who kept it.
struct LeadRoundView {
  std::int32_t round{};  // 0: as it came
  market::RestCause cause{};
  std::string reason;        // of the return
  std::optional<Money> ask;  // none: the market's
  Timestamp ended_at{};
  Timestamp due_at{};  // when it may be listed again
  enum class State : std::uint8_t { resting, listed_again, dropped };
  State state{};
};

class LeadReads {
 public:
  virtual ~LeadReads() = default;
  template <class T>
  using Later = boost::asio::awaitable<Result<T, StoreError>>;

  /// A lead of the viewer's own (generators), or any (staff); nobody else.
  [[nodiscard]] virtual Later<std::optional<LeadView>> find(Viewer viewer, LeadId lead) = 0;
  /// The rounds of such a lead that are over, the newest first; none for anybody else.
  [[nodiscard]] virtual Later<std::vector<LeadRoundView>> rounds(Viewer viewer, LeadId lead) = 0;
  /// What is on sale is there for every buyer: leads of one market that are listed, in no order, at
  /// most 501 numbers.
  [[nodiscard]] virtual Later<std::vector<LeadView>> listed(MarketNo market,
                                                            std::vector<std::int64_t> leads) = 0;
  /// Whether a person was claimed in a market since `since_us`, and by a lead of whom. Digests as
  /// table person holds them, one or two; the generator's own wins over another's.
  enum class PersonSeen : std::uint8_t { nowhere, own, of_another };
  [[nodiscard]] virtual Later<PersonSeen> person_seen(MarketNo market, std::int64_t generator_no,
                                                      std::vector<std::string> digests,
                                                      std::int64_t since_us) = 0;
  /// The body of a committed batch as its writer gave it; market::read_body reads it.
  [[nodiscard]] virtual Later<std::optional<std::string>> batch_body(MarketNo market,
                                                                     std::int64_t seq) = 0;
};

}  // namespace leadex::storage
