#pragma once
// CampaignReads over tables campaign, campaign_version, campaign_counter, account and auction. Any
// thread.

#include "server/storage/campaign_reads.hpp"
#include "server/storage/postgres/pool.hpp"

namespace leadex::storage::postgres {

class PostgresCampaignReads final : public CampaignReads {
 public:
  /// @param pool  outlives this.
  explicit PostgresCampaignReads(Pool& pool) : pool_(pool) {}
  [[nodiscard]] Later<std::vector<CampaignView>> list(Viewer viewer,
                                                      CampaignFilter filter) override;
  [[nodiscard]] Later<std::optional<CampaignView>> find(Viewer viewer,
                                                        CampaignId campaign) override;
  [[nodiscard]] Later<std::optional<CampaignView>> find_version(Viewer viewer, CampaignId campaign,
                                                                std::int32_t version) override;
  [[nodiscard]] Later<bool> owns_endpoint(Viewer viewer, std::int64_t endpoint_no) override;
  [[nodiscard]] Later<std::int64_t> count_generators(std::vector<std::int64_t> accounts) override;
  [[nodiscard]] Later<std::optional<AuctionRecord>> auction(Viewer viewer,
                                                            AuctionId auction) override;
  [[nodiscard]] Later<AuctionsFound> auctions(Viewer viewer, AuctionSearch search) override;

  static constexpr int kAuctionScanMax = 2000;  // records one search reads

 private:
  Pool& pool_;
};

}  // namespace leadex::storage::postgres
