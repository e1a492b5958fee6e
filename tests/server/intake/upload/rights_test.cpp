// Uploads against buyers' own lists and consents for named companies.

#include <gtest/gtest.h>

#include <boost/asio/thread_pool.hpp>

#include "server/app/withhold_leads.hpp"
#include "server/intake/contact/text.hpp"
#include "server/privacy/blind_index.hpp"
#include "tests/server/intake/upload/lot_rig.hpp"

namespace leadex::test {
namespace {

constexpr std::int64_t kBuyer = 21;

class UploadRights : public testing::Test {
 protected:
  static std::string replaced(std::string text, std::string const& what, std::string const& with) {
    auto const at = text.find(what);
    EXPECT_NE(at, std::string::npos) << text;
    return at == std::string::npos ? text : text.replace(at, what.size(), with);
  }
  static std::string value_of(std::string const& line, std::string const& name) {
    auto const start = line.find('"' + name + R"(":")");
    if (start == std::string::npos) return {};
    auto const from = start + name.size() + 4;
    return line.substr(from, line.find('"', from) - from);
  }
  void exec(std::string const& statement, std::string const& bytes) {
    pqxx::connection connection{rig_.files.owner()};
    pqxx::work work{connection};
    work.exec_params(statement, pqxx::binarystring{bytes});
    work.commit();
  }
  void enter_email(std::string const& line) {
    auto const digest =
        privacy::blind_index(rig_.ring, privacy::BlindField::email,
                             intake::lower_nfc(value_of(line, "email")).value_or(""));
    exec("insert into leadex.suppression values (21, $1, 0, now())",
         std::string{crypto::view_of(digest)});
  }
  std::vector<std::string> persons_of_row(std::int64_t row) {
    pqxx::connection connection{rig_.files.owner()};
    pqxx::work work{connection};
    std::vector<std::string> digests;
    for (auto const& found :
         work.exec("select digest from leadex.person join leadex.lead using (market_id, lead_no) "
                   "where row_no = " +
                   std::to_string(row))) {
      digests.push_back(pqxx::binarystring{found[0]}.str());
    }
    return digests;
  }
  void buyer(std::int64_t no, std::string const& key) {
    pqxx::connection connection{rig_.files.owner()};
    pqxx::work work{connection};
    work.exec_params(
        "insert into leadex.tenant (tenant_no, role, name, name_key) values ($1, 'buyer', $2, $2)",
        no, key);
    work.commit();
  }
  void list(BatchId batch) {
    rig_.judge_all(batch, [](auto) { return storage::CheckVerdict::good; });
    EXPECT_EQ(rig_.run(rig_.finisher->finish(batch)), app::LotFinish::done);
  }
  market::Access access_of_row(std::int64_t row) {
    auto const lead_no =
        rig_.number("select lead_no from leadex.lead where row_no = " + std::to_string(row));
    market::Access found;
    auto const seen =
        rig_.run(rig_.host->find(LotRig::kMarket)->view([&](market::EngineView const& view) {
          auto const* listing = view.engine.listing(lead_no);
          ASSERT_NE(listing, nullptr);
          if (listing->access) found = *listing->access;
        }));
    EXPECT_TRUE(seen.has_value());
    return found;
  }

  // Before the rig: the market lets go of a caller's executor after it has answered.
  boost::asio::thread_pool threads_{1};
  LotRig rig_;
};

TEST_F(UploadRights, RowsOfListedPersonsAreKeptFromTheBuyerBeforeAndAfterTheUpload) {
  auto const file = rig_.file(40, 71, 0, LeadFormat::ndjson);
  enter_email(file.row(3).text);
  auto const batch = rig_.upload(LotRig::text_of(file, 40), storage::BatchFormat::ndjson);
  ASSERT_EQ(batch.counts.accepted, 40);
  EXPECT_EQ(batch.counts.suppressed, 0) << "the generator hears nothing of it";
  EXPECT_EQ(rig_.number("select count(*) from leadex.lead_withheld"), 1);

  // The lot is under check when the buyer lists two more.
  auto digests = persons_of_row(5);
  for (auto& digest : persons_of_row(8)) digests.push_back(std::move(digest));
  auto const told =
      boost::asio::co_spawn(threads_,
                            app::withhold_leads(*rig_.host, kBuyer, digests,
                                                std::chrono::steady_clock::time_point::max()),
                            boost::asio::use_future)
          .get();
  ASSERT_TRUE(told.has_value());
  EXPECT_EQ(rig_.number("select count(*) from leadex.lead_withheld"), 3);

  list(batch.id);
  for (std::int64_t row = 1; row <= 10; ++row) {
    bool const listed = row == 3 || row == 5 || row == 8;
    EXPECT_EQ(access_of_row(row).withheld,
              listed ? std::vector{kBuyer} : std::vector<std::int64_t>{})
        << row;
  }
}

TEST_F(UploadRights, AConsentForNamedCompaniesOpensTheLeadToThemAlone) {
  buyer(21, "acme insurance");
  buyer(22, "bell & sons");
  buyer(23, "bell & sons");  // two accounts may share a name
  auto const file = rig_.file(30, 72, 0, LeadFormat::ndjson);
  std::string text;
  for (std::uint64_t row = 1; row <= 30; ++row) {
    auto line = file.row(row).text;
    auto const named = [&](std::string const& names) {
      line = replaced(line, R"("consent":{)", R"("consent":{"companies":[)" + names + "],");
    };
    if (row == 2) named(R"(" ACME  Insurance ","Nobody Inc.")");
    if (row == 4) named(R"("Bell & Sons","acme insurance")");
    if (row == 6) named(R"("Nobody Inc.")");
    if (row == 8) named("");
    if (row == 10) named(R"(" ")");
    text += line;
  }
  auto const batch = rig_.upload(text, storage::BatchFormat::ndjson);
  EXPECT_EQ(batch.counts.accepted, 28);
  EXPECT_EQ(batch.counts.rejected, 2) << "a list that names nobody";
  EXPECT_EQ(rig_.number("select count(*) from leadex.lead where resale = 1"), 3);
  EXPECT_EQ(rig_.number("select count(*) from leadex.lead where resale = 0 and named_for is null"),
            25);
  list(batch.id);
  using Numbers = std::vector<std::int64_t>;
  EXPECT_EQ(access_of_row(2).named_for, Numbers{21});
  EXPECT_EQ(access_of_row(4).named_for, (Numbers{21, 22, 23}));
  EXPECT_TRUE(access_of_row(6).named);
  EXPECT_EQ(access_of_row(6).named_for, Numbers{});
  EXPECT_FALSE(access_of_row(1).named);
}

}  // namespace
}  // namespace leadex::test
