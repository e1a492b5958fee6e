#pragma once
// ClickStore over tables placement, click_count and postback. Any thread.

#include "server/storage/clicks.hpp"
#include "server/storage/postgres/pool.hpp"

namespace leadex::storage::postgres {

class PostgresClickStore final : public ClickStore {
 public:
  /// @param pool  outlives this.
  explicit PostgresClickStore(Pool& pool) : pool_(pool) {}
  [[nodiscard]] Later<bool> insert(Placement placement) override;
  [[nodiscard]] Later<std::vector<Placement>> list(Viewer viewer, PlacementFilter filter) override;
  [[nodiscard]] Later<std::optional<Placement>> find(Viewer viewer, PlacementId id) override;
  [[nodiscard]] Later<bool> pause(Viewer viewer, PlacementId id, bool paused) override;
  [[nodiscard]] Later<std::vector<PostbackView>> postbacks(Viewer viewer, PlacementId id,
                                                           std::optional<std::int64_t> before_no,
                                                           int limit) override;
  [[nodiscard]] Later<std::optional<Placement>> visited(PlacementId id) override;
  [[nodiscard]] Later<bool> add(std::vector<VisitCount> counts) override;
  [[nodiscard]] Later<std::vector<VisitCount>> counts(PlacementId id, std::int32_t from_day,
                                                      std::int32_t to_day) override;

 private:
  Pool& pool_;
};

}  // namespace leadex::storage::postgres
