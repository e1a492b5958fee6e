#pragma once
// LeadSources: taxonomies of sources by version, what was told of each lead's source, and what the
// leads of a source brought. Committed rows only; every read is bounded. Coroutines of any
// executor; each call is one transaction.

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
#include "server/storage/store_error.hpp"
#include "server/storage/viewer.hpp"

namespace leadex::storage {

/// One contact of a person with its later source, as the lead's generator told it.
struct Touch {
  std::int64_t at_us{};
  std::int32_t vehicle{};  ///< number in targeting::kVehicles
  std::string reason;
  static void fields(auto& self, auto& io) { io(self.at_us, self.vehicle, self.reason); }
  friend bool operator==(Touch const&, Touch const&) = default;
};

/// utm_source, utm_medium, utm_campaign, sub1 … sub5; "": not told.
inline constexpr std::size_t kSourceTags = 8;
inline constexpr std::int32_t kHopsUntold = -1;

struct LeadSource {
  std::int64_t lead_no{};
  bool vehicle_told{};  ///< else the lead has the class's
  bool reason_told{};
  quality::SourceClass found;  ///< by the taxonomy below
  bool taxonomy_own{};         ///< of its market, not of the exchange
  std::int32_t taxonomy_version{};
  std::array<std::string, kSourceTags> tags;
  std::int32_t hops{kHopsUntold};
  std::vector<Touch> touches;  ///< in the order of time
};

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

/// Lead numbers after the first to the last.
struct LeadNumbers {
  std::int64_t after{};
  std::int64_t last{};
};

class LeadSources {
 public:
  static constexpr std::int64_t kNumbersMax = 5'000;  ///< of one read of leads

  virtual ~LeadSources() = default;
  template <class T>
  using Later = boost::asio::awaitable<Result<T, StoreError>>;

  /// Before the leads themselves: a row without its lead means nothing. Those there stay.
  /// @return  how many were written
  [[nodiscard]] virtual Later<std::int64_t> put(MarketNo market,
                                                std::vector<LeadSource> sources) = 0;

  /// In force for leads of the market: its own newest, else the exchange's, else version 0.
  [[nodiscard]] virtual Later<TaxonomyVersion> in_force(MarketNo market) = 0;
  /// Of exactly this market, or of the exchange (0): the newest, or that version. Nothing for a
  /// version there is not; 0 is always there.
  [[nodiscard]] virtual Later<std::optional<TaxonomyVersion>> taxonomy(
      MarketNo market, std::optional<std::int32_t> version) = 0;
  /// Adds the version, which must be the one after the newest, with its audit row.
  /// @return  false, and nothing is written, when it is not
  [[nodiscard]] virtual Later<bool> add_taxonomy(TaxonomyVersion taxonomy, AuditEntry entry) = 0;

  /// The highest lead number of a market; 0 when it has none.
  [[nodiscard]] virtual Later<std::int64_t> last_lead(MarketNo market) = 0;
  /// The viewer's leads with these numbers (at most kNumbersMax of them), in their order.
  [[nodiscard]] virtual Later<std::vector<SourcedLead>> leads(SourcedFilter filter,
                                                              LeadNumbers numbers) = 0;
};

}  // namespace leadex::storage
