#pragma once
// LotSigns: what an upload shows of its source, counted row by row while it streams: crowds of one
// address or device, people whom other sources brought before, old leads, leads that went through
// many hands, and a picture of the rows. Nothing personal is kept: addresses and devices are keyed
// digests that end with the upload. One thread at a time. Source:
// docs/decisions/0029-source-fraud.md.

#include <cstdint>
#include <vector>

#include "matching/quality/crowd_counter.hpp"
#include "matching/quality/row_sketch.hpp"
#include "server/intake/contact/lead_check.hpp"
#include "server/privacy/key_ring.hpp"
#include "server/storage/lot_pictures.hpp"

namespace leadex::intake {

inline constexpr quality::CrowdLimit kAddressCrowd{86'400'000'000, 5};
inline constexpr quality::CrowdLimit kDeviceCrowd{86'400'000'000, 3};
inline constexpr auto kOldLead = std::chrono::days{30};
inline constexpr std::size_t kManyHops = 3;  // touchpoints of partners

/// What counting needs of a row, made beside the check on any thread.
struct RowSigns {
  std::int64_t captured_us{};
  std::uint64_t address{};  // 0: no address
  std::uint64_t device{};   // 0: not told
  std::uint64_t print{};    // of the attributes
  bool old{};
  bool tells_hops{};
  bool many_hops{};
};

/// Of one chunk of an upload.
struct ChunkSigns {
  std::vector<RowSigns> rows;  // of accepted rows, in their order
  std::int64_t candidates{};   // sound rows that no earlier row of the file is the same person as
  std::int64_t known{};        // of these, rows of a person that another source brought before
};

/// A device is the user agent within its network (/24, /48): one browser's text alone is shared by
/// thousands of people. @param now  of the upload
[[nodiscard]] RowSigns signs_of(privacy::KeyRing const& ring, CheckedLead const& lead,
                                Timestamp now);

class LotSigns {
 public:
  LotSigns();
  /// Chunks come in file order: crowds are told in slices of the file.
  void add(ChunkSigns const& chunk);
  /// Starts anew.
  [[nodiscard]] storage::LotPicture finish();

 private:
  quality::CrowdCounter addresses_;
  quality::CrowdCounter devices_;
  quality::RowSketch sketch_;
  quality::LotCounts counts_;
};

}  // namespace leadex::intake
