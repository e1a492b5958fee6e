#include <gtest/gtest.h>

#include <boost/asio/executor_work_guard.hpp>
#include <future>
#include <pqxx/pqxx>
#include <thread>

#include "tests/server/intake/upload/lot_rig.hpp"

namespace leadex::test {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

// A large lot's plan takes seconds of CPU; those who wait for the database must not wait for it.
TEST(PlanApart, ALotIsPlannedWhereItWasToldToBe) {
  LotRig rig;
  TextSource source{LotRig::text_of(rig.file(300, 7, 0), 300), 1};
  auto const wanted = rig.request(storage::BatchFormat::csv);
  auto const result = rig.run(intake::upload_batch(*rig.uploads, wanted, source));
  ASSERT_TRUE(result.has_value());
  app::CloseUpload closing{.batch = *result->batch,
                           .file_sha256 = result->file_sha256,
                           .bytes = result->bytes,
                           .settings = wanted.settings,
                           .actor = {.principal_no = 12, .tenant_no = LotRig::kGenerator}};
  asio::io_context desk;
  auto const open = asio::make_work_guard(desk);
  auto lots = rig.lots();
  lots.plans = desk.get_executor();
  asio::io_context loop;
  auto done = asio::co_spawn(loop, app::close_upload(lots, std::move(closing)), asio::use_future);
  std::thread runner{[&loop] { loop.run(); }};
  // Nobody has come to the desk yet, so the lot is not planned; then somebody does.
  EXPECT_EQ(desk.run_one_for(60s), 1U);
  auto const until = std::chrono::steady_clock::now() + 60s;
  while (done.wait_for(1ms) != std::future_status::ready &&
         std::chrono::steady_clock::now() < until) {
    desk.poll();
  }
  ASSERT_EQ(done.wait_for(0s), std::future_status::ready);
  auto const closed = done.get();
  runner.join();
  ASSERT_TRUE(closed.has_value());
  EXPECT_EQ(closed->status, storage::BatchStatus::checking);
}

TEST(PlanApart, ALotWhoseSourceStandsElsewhereByThenIsPlannedAgain) {
  LotRig rig;
  pqxx::connection connection{rig.files.owner()};
  {
    pqxx::work tx{connection};
    tx.exec("insert into leadex.inspection values (" + std::to_string(LotRig::kMarket) + ", " +
            std::to_string(LotRig::kGenerator) + ", 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, now())");
    tx.commit();
  }
  TextSource source{LotRig::text_of(rig.file(300, 7, 0), 300), 1};
  auto const wanted = rig.request(storage::BatchFormat::csv);
  auto const result = rig.run(intake::upload_batch(*rig.uploads, wanted, source));
  ASSERT_TRUE(result.has_value());
  app::CloseUpload closing{.batch = *result->batch,
                           .file_sha256 = result->file_sha256,
                           .bytes = result->bytes,
                           .settings = wanted.settings,
                           .actor = {.principal_no = 12, .tenant_no = LotRig::kGenerator}};
  asio::io_context desk;
  auto const open = asio::make_work_guard(desk);
  auto lots = rig.lots();
  lots.plans = desk.get_executor();
  // A lot of the source is being refused: what is looked up before that ends is old.
  pqxx::work refusing{connection};
  refusing.exec("update leadex.inspection set mode = 1");
  asio::io_context loop;
  auto done = asio::co_spawn(loop, app::close_upload(lots, std::move(closing)), asio::use_future);
  std::thread runner{[&loop] { loop.run(); }};
  EXPECT_EQ(desk.run_one_for(60s), 1U);
  refusing.commit();
  auto const until = std::chrono::steady_clock::now() + 60s;
  while (done.wait_for(1ms) != std::future_status::ready &&
         std::chrono::steady_clock::now() < until) {
    desk.poll();
  }
  ASSERT_EQ(done.wait_for(0s), std::future_status::ready);
  auto const closed = done.get();
  runner.join();
  ASSERT_TRUE(closed.has_value());
  EXPECT_EQ(rig.number("select mode from leadex.lot_plan"), 1) << "tightened";
}

}  // namespace
}  // namespace leadex::test
