// An account's list of sales: from its events as far as the fan-out has told, and from the sales
// themselves beyond. Nothing is missing and nothing comes twice, wherever the fan-out stands.

#include <set>

#include "server/storage/postgres/sale_reads.hpp"
#include "tests/server/delivery/visit_fixture.hpp"

namespace leadex::delivery::test {
namespace {

using storage::SaleFilter;
using storage::SaleView;
using storage::Viewer;

class OwnSales : public VisitFixture {
 protected:
  void SetUp() override {
    DeliveryFixture::SetUp();
    campaign(1, kBuyer, 5, 0);
    campaign(2, kOtherBuyer, 4, 0);
  }
  void sell(std::int64_t first, std::int64_t last) {
    for (auto lead = first; lead <= last; ++lead) ASSERT_EQ(offer(lead).size(), 1U);
  }
  /// All pages of that size.
  std::vector<SaleView> list(std::int64_t tenant_no, int page, SaleFilter filter = {}) {
    std::vector<SaleView> all;
    filter.limit = page;
    for (;;) {
      auto const some = later(reads_.list(Viewer{tenant_no, storage::Role::buyer}, filter));
      all.insert(all.end(), some.begin(), some.end());
      if (std::ssize(some) < page) return all;
      auto const& last = some.back();
      filter.before = storage::SaleCursor{to_unix_micros(last.sold_at), last.id.market,
                                          last.id.lead_no, last.id.slot};
    }
  }
  /// Newest first, each once, and as many as the table holds for that account.
  void expect_whole(std::int64_t tenant_no) {
    auto const wanted =
        number("select count(*) from leadex.sale where buyer = " + std::to_string(tenant_no) +
               " or generator = " + std::to_string(tenant_no));
    for (int const page : {1, 3, 7, 500}) {
      auto const found = list(tenant_no, page);
      ASSERT_EQ(std::ssize(found), wanted) << tenant_no << " by " << page;
      std::set<SaleId> ids;
      for (std::size_t i = 0; i < found.size(); ++i) {
        EXPECT_TRUE(ids.insert(found[i].id).second);
        EXPECT_TRUE(found[i].buyer_no == tenant_no || found[i].generator_no == tenant_no);
        if (i > 0) EXPECT_LE(found[i].sold_at, found[i - 1].sold_at);
      }
    }
  }
  void expect_all_whole() {
    for (auto const tenant : {kBuyer, kOtherBuyer, kGenerator, std::int64_t{999}}) {
      expect_whole(tenant);
    }
  }
  storage::postgres::PostgresSaleReads reads_{database_pool_};
};

TEST_F(OwnSales, AreWholeWhereverTheFanOutStands) {
  sell(1, 12);
  expect_all_whole();  // nothing told yet
  fan_out_all();
  expect_all_whole();  // all told
  sell(13, 20);
  ASSERT_TRUE(run(*host_, market::PauseCampaign{1, kBuyer, true}).has_value());
  sell(21, 30);        // the other buyer's
  expect_all_whole();  // some told
  // Up to somewhere in the middle.
  later(store_.fan_out(kMarket, 3, fan_out_job(ids_, kMarket, now())));
  expect_all_whole();
  fan_out_all();
  expect_all_whole();
  EXPECT_GT(list(kOtherBuyer, 500).size(), 5U);
}

TEST_F(OwnSales, HoldVisitsWhereverTheFanOutStands) {
  auto const come = [this](int visits) {
    for (int i = 0; i < visits; ++i) click(1, kGenerator);
  };
  clicks_ = 100;  // behind the numbers of leads
  visitors(3, PricingModel::cpc, 1);
  come(5);
  ASSERT_TRUE(run(*host_, market::PauseCampaign{3, kBuyer, true}).has_value());
  visitors(4, PricingModel::cpa, 200);
  come(3);
  expect_all_whole();
  fan_out_all();
  sell(1, 3);
  fan_out_all();
  sell(4, 5);
  expect_all_whole();
  EXPECT_EQ(list(kBuyer, 500).size(), 13U);
}

TEST_F(OwnSales, KeepTheirFilters) {
  sell(1, 10);
  fan_out_all();
  sell(11, 14);
  auto const all = list(kBuyer, 500);
  ASSERT_EQ(all.size(), 14U);
  SaleFilter filter;
  filter.sold_from_us = to_unix_micros(all[6].sold_at);
  EXPECT_EQ(list(kBuyer, 3, filter).size(), 7U);
  filter.sold_until_us = to_unix_micros(all[3].sold_at);
  EXPECT_EQ(list(kBuyer, 3, filter).size(), 3U);
  filter = {};
  filter.market = kMarket;
  filter.campaign_no = 1;
  EXPECT_EQ(list(kBuyer, 5, filter).size(), 14U);
  filter.campaign_no = 2;
  EXPECT_TRUE(list(kBuyer, 5, filter).empty());
  filter = {};
  filter.states = {market::SaleState::voided};
  EXPECT_TRUE(list(kBuyer, 5, filter).empty());
  filter.states = {market::SaleState::delivered};
  EXPECT_EQ(list(kBuyer, 5, filter).size(), 14U);
  filter = {};
  filter.market = kMarket;
  filter.lead_no = 3;
  EXPECT_EQ(list(kBuyer, 5, filter).size(), 1U);
  filter.market = kMarket + 1;
  EXPECT_TRUE(list(kBuyer, 5, filter).empty());
}

}  // namespace
}  // namespace leadex::delivery::test
