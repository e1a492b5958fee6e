// The program serves exactly what the contract lists.

#include <algorithm>

#include "server/api/api.hpp"
#include "server/api/v1/delivery_services.hpp"
#include "server/api/v1/intake_services.hpp"
#include "server/api/v1/privacy_services.hpp"
#include "server/api/v1/source_services.hpp"
#include "server/storage/postgres/do_not_call.hpp"
#include "server/storage/postgres/lead_sources.hpp"
#include "server/storage/postgres/lot_store.hpp"
#include "server/storage/postgres/passports.hpp"
#include "server/storage/postgres/privacy_store.hpp"
#include "tests/server/api/trade_harness.hpp"

namespace leadex::api {
namespace {

class Routes : public TradeHarness {
 protected:
  Routes() {
    context_.intake = &intake_;
    context_.delivery = &delivery_;
    intake_.keep_sources(sources_);
    register_api(all_, context_);
    register_privacy(all_, context_, privacy_);
    register_forms(all_, context_, forms_);
  }
  void TearDown() override {
    intake_.stop();
    TradeHarness::TearDown();
  }

  storage::postgres::PostgresLotStore lots_{sql_, ring_};
  IntakeServices intake_{{lots_, numbers_, ring_, *markets_}, {}, {}, context_.now};
  storage::postgres::PostgresLeadSources lead_sources_{sql_};
  storage::postgres::PostgresPassportReads passports_{sql_};
  SourceServices sources_{lead_sources_, passports_};
  DeliveryServices delivery_{};
  storage::postgres::PostgresPrivacyStore persons_{sql_};
  storage::postgres::PostgresDoNotCall do_not_call_{sql_};
  PrivacyServices privacy_{persons_, rights_, leads_, *markets_, ring_, &do_not_call_};
  http::Router all_;
};

TEST_F(Routes, AreThoseOfTheContract) {
  using Line = std::array<std::string, 3>;
  std::vector<Line> served;
  for (auto const& route : all_.routes()) {
    served.push_back({route.operation_id, route.method, route.pattern});
  }
  std::vector<Line> listed;
  for (auto const& operation : contract_.operations()) {
    listed.push_back({operation.id, operation.method, operation.path});
  }
  std::ranges::sort(served);
  std::ranges::sort(listed);
  EXPECT_EQ(served, listed);
}

}  // namespace
}  // namespace leadex::api
