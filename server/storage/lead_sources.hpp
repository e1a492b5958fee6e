#pragma once
// LeadSources: taxonomies of sources by version, and what the leads of a source brought. Committed
// rows only; every read is bounded. Coroutines of any executor; each call is one transaction.

#include <array>
#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "billing/values/ids.hpp"
#include "billing/values/money.hpp"
#include "billing/values/result.hpp"
#include "billing/values/time.hpp"
#include "matching/quality/source_taxonomy.hpp"
#include "server/storage/audit.hpp"
#include "server/storage/lead_source.hpp"
#include "server/storage/store_error.hpp"
#include "server/storage/viewer.hpp"

namespace leadex::storage {

/// One immutable version; number 0 is the empty one that was there before any.
struct TaxonomyVersion {
  MarketNo market{};  ///< 0: of all markets that have none of their own
  std::int32_t version{};
  quality::Taxonomy terms;
  std::optional<Timestamp> created_at;
};

/// By what the report's groups are told apart. The first two are by touch, the others by lead.
enum class SourceGroup : std::uint8_t { vehicle, reason, utm_source, utm_campaign, sub1 };
inline constexpr std::array<std::string_view, 5> kSourceGroups{"vehicle", "reason", "utm_source",
                                                               "utm_campaign", "sub1"};

/// A sale of a lead that stands: it was neither voided nor lapsed nor given back in full.
struct CreditedSale {
  Money gross;
  Money fee;
  Money credited;
};

struct SourcedLead {
  std::int64_t lead_no{};
  std::int64_t captured_us{};
  std::int32_t vehicle{};
  std::string reason;
  std::string tag;             ///< of the group that was asked for; "" for groups by touch
  std::vector<Touch> touches;  ///< for groups by touch alone
  std::vector<CreditedSale> sales;
};

struct SourcedFilter {
  Viewer viewer;
  MarketNo market{};
  SourceGroup group{};
  std::int64_t captured_from_us{};
  std::int64_t captured_until_us{};  ///< exclusive
};

/// Where a read of leads goes on: behind this lead, in the order of captures and numbers.
struct CapturePlace {
  std::int64_t captured_us{};
  std::int64_t lead_no{};
};
struct SourcedLeads {
  std::vector<SourcedLead> leads;    ///< in that order
  std::optional<CapturePlace> next;  ///< none: there are no more
};

class LeadSources {
 public:
  static constexpr std::int64_t kReadMax = 5'000;  ///< leads of the market that one read walks

  virtual ~LeadSources() = default;
  template <class T>
  using Later = boost::asio::awaitable<Result<T, StoreError>>;

  /// In force for leads of the market: its own newest, else the exchange's, else version 0.
  [[nodiscard]] virtual Later<TaxonomyVersion> in_force(MarketNo market) = 0;
  /// Of exactly this market, or of the exchange (0): the newest, or that version. Nothing for a
  /// version there is not; 0 is always there.
  [[nodiscard]] virtual Later<std::optional<TaxonomyVersion>> taxonomy(
      MarketNo market, std::optional<std::int32_t> version) = 0;
  /// Adds the version, which must be the one after the newest, with its audit row.
  /// @return  false, and nothing is written, when it is not
  [[nodiscard]] virtual Later<bool> add_taxonomy(TaxonomyVersion taxonomy, AuditEntry entry) = 0;

  /// The viewer's leads behind `after` that were captured in time, out of the next kReadMax of the
  /// market. There may be none of the viewer's and more to come.
  [[nodiscard]] virtual Later<SourcedLeads> leads(SourcedFilter filter, CapturePlace after) = 0;
};

}  // namespace leadex::storage
