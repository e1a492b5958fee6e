#include "server/app/key_epochs.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_future.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "server/privacy/lead_envelope.hpp"
#include "server/storage/postgres/key_epochs.hpp"
#include "server/storage/postgres/privacy_store.hpp"
#include "tests/support/platform_rig.hpp"

namespace leadex::app {
namespace {

using privacy::EpochFiles;
using privacy::EpochKeys;
using privacy::EpochMonth;
using privacy::kEpochKeks;
using privacy::KeyRing;
using namespace std::chrono_literals;

constexpr EpochMonth kSeptember = 202609;
constexpr EpochMonth kNovember = 202611;
constexpr Timestamp kInSeptember = std::chrono::sys_days{2026y / std::chrono::September / 21};
constexpr Timestamp kInNovember = std::chrono::sys_days{2026y / std::chrono::November / 21};

/// Leads of one market whose contacts are sealed as intake seals them, a ledger, and a folder for
/// epochs and dumps.
class KeyEpochs : public testing::Test {
 protected:
  KeyEpochs() {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "leadex_epochs_XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
    rig_.make_market(1);
  }
  ~KeyEpochs() override { std::filesystem::remove_all(folder_); }

  [[nodiscard]] EpochFiles files() const { return EpochFiles{folder_ + "/epochs"}; }
  void with_epochs(KeyRing& ring) const {
    ring.keep_epochs(std::make_unique<EpochKeys>(
        ring.root_copy(), files(), [this] { return epoch_now_; }, 0ns));
  }
  template <class T>
  T await(boost::asio::awaitable<T> later) {
    return boost::asio::co_spawn(thread_, std::move(later), boost::asio::use_future).get();
  }
  EpochServices services() { return {rows_, rig_.ring, 0ms}; }
  Rewrapped rewrap(EpochMonth month) { return await(rewrap_month(services(), month)).value(); }
  Result<void, DestroyRefusal> destroy(EpochMonth month) {
    return await(destroy_month(services(), month, epoch_now_));
  }
  EpochLook look() { return await(keep_epochs(services())); }

  std::string sql(std::string const& query) {
    return rig_.as_owner(query).at(0).at(0).as<std::string>("");
  }
  std::string rows(std::string const& table, std::string const& where) {
    return sql("select count(*) from leadex." + table + " where " + where);
  }
  void store_lead(std::int64_t no, std::string const& contact) {
    auto const sealed = privacy::seal_contact(rig_.ring, {1, no}, epoch_now_, contact);
    auto const hex = [](std::string const& bytes) {
      return "decode('" + crypto::hex_encode(bytes) + "', 'hex')";
    };
    auto const id = "1, " + std::to_string(no) + ", ";
    rig_.as_owner("insert into leadex.contact values (" + id + hex(sealed.sealed) +
                  ", ''); insert into leadex.lead_key values (" + id +
                  std::to_string(sealed.key_row.kek_id) + ", " + hex(sealed.key_row.wrapped) + ')');
  }
  /// The contacts that a key ring of the same root and epochs opens in a database.
  std::vector<std::string> contacts_in(std::string const& conninfo) {
    KeyRing keys{crypto::Secret(std::string(32, 'k'))};
    with_epochs(keys);
    pqxx::connection connection(conninfo);
    pqxx::work tx(connection);
    std::vector<std::string> opened;
    for (auto const& row : tx.exec("select market_id, lead_no, kek_id, encode(wrapped, 'hex'), "
                                   "encode(sealed, 'hex') from leadex.lead_key join leadex.contact "
                                   "using (market_id, lead_no) order by lead_no")) {
      LeadId const lead{row[0].as<MarketNo>(), row[1].as<std::int64_t>()};
      privacy::LeadKeyRow const key{row[2].as<std::int32_t>(),
                                    crypto::hex_decode(row[3].as<std::string>()).value()};
      auto const sealed = crypto::hex_decode(row[4].as<std::string>()).value();
      auto const contact = privacy::open_contact(keys, lead, key, sealed);
      opened.push_back(contact ? std::string{contact->view()} : "does not open");
    }
    return opened;
  }
  static void run(std::string const& command) {
    ASSERT_EQ(std::system(command.c_str()), 0) << command;  // NOLINT(concurrency-mt-unsafe)
  }
  /// A dump as pg_dump writes it.
  [[nodiscard]] std::string dump(std::string const& name) const {
    auto file = folder_ + '/' + name;
    run("pg_dump --schema=leadex --file=" + file + " '" + rig_.files.owner() + "'");
    return file;
  }
  /// What of the dump opens once it is restored.
  std::vector<std::string> contacts_of(std::string const& dump) {
    test::TestDatabase const restored{false};
    run("psql --quiet --output=/dev/null --set=ON_ERROR_STOP=1 --file=" + dump + " '" +
        restored.owner() + "'");
    return contacts_in(restored.owner());
  }
  /// Every account, and the sum that must be zero.
  std::string books() {
    auto const balance = rig_.database.transact_now(
        [](storage::PlatformTx& tx) { return tx.ledger().trial_balance("USD", 1'000); });
    EXPECT_EQ(balance.value().posted_sum_micros, "0");
    EXPECT_FALSE(balance.value().accounts.empty());
    return sql(
        "select json_agg(a order by a.market_id, a.account_no)::text || (select sum(credits_posted "
        "- debits_posted) from leadex.account) from leadex.account a");
  }

  test::PlatformRig rig_;
  std::string folder_;
  Timestamp epoch_now_ = kInSeptember;
  storage::postgres::PostgresKeyEpochs rows_{rig_.pool};
  storage::postgres::PostgresPrivacyStore persons_{rig_.pool};
  boost::asio::thread_pool thread_{1};
};

using Contacts = std::vector<std::string>;
constexpr char const* kGone = "does not open";

TEST_F(KeyEpochs, ADestroyedEpochTakesAnErasedPersonOutOfOlderDumpsToo) {
  with_epochs(rig_.ring);
  ASSERT_EQ(look().trouble, EpochTrouble::none);
  auto const tenant = sql(
      "insert into leadex.tenant (tenant_no, role, name, status, created_at) values (9, 'buyer', "
      "'B', 'active', now()) returning tenant_no");
  ASSERT_EQ(tenant, "9");
  ASSERT_TRUE(rig_.database.transact_now([](storage::PlatformTx& tx) {
    return tx.ledger().deposit(9, "USD", Money{7'000'000}, "wire").has_value();
  }));
  store_lead(1, "marked person");
  store_lead(2, "another");
  EXPECT_EQ(rows("lead_key", "kek_id = 1202609"), "2");
  auto const dump_a = dump("a.sql");
  auto const balance = books();

  ASSERT_TRUE(await(persons_.erase({1, 1}, {}, 1)));
  auto const dump_b = dump("b.sql");
  EXPECT_EQ(contacts_of(dump_a), (Contacts{"marked person", "another"})) << "the key is in it";
  EXPECT_EQ(contacts_of(dump_b), (Contacts{"another"}));

  epoch_now_ = kInNovember;
  EXPECT_EQ(await(rewrap_month(services(), kSeptember)).error().trouble, EpochTrouble::not_made)
      << "a verb makes no epoch";
  ASSERT_EQ(look().trouble, EpochTrouble::none);
  EXPECT_EQ(destroy(kSeptember).error(), DestroyRefusal::in_use);
  EXPECT_EQ(contacts_in(rig_.files.owner()), (Contacts{"another"})) << "no tombstone is left";
  auto const rewrapped = rewrap(kSeptember);
  EXPECT_EQ(rewrapped.done, 1);
  EXPECT_EQ(rewrapped.damaged, 0);
  auto const dump_c = dump("c.sql");
  ASSERT_TRUE(destroy(kSeptember));

  EXPECT_EQ(contacts_of(dump_a), (Contacts{kGone, kGone}));
  EXPECT_EQ(contacts_of(dump_b), (Contacts{kGone}));
  EXPECT_EQ(contacts_of(dump_c), (Contacts{"another"})) << "wrapped anew before";
  EXPECT_EQ(contacts_in(rig_.files.owner()), (Contacts{"another"})) << "the live database";
  EXPECT_EQ(books(), balance);
  EXPECT_EQ(rows("audit", "action = 'key_epoch.destroyed' and payload = 'month=2026-09'"), "1");
  ASSERT_TRUE(destroy(kSeptember)) << "again";
  EXPECT_EQ(rows("audit", "action = 'key_epoch.destroyed'"), "1");
  EXPECT_EQ(look().trouble, EpochTrouble::none);
  store_lead(3, "a later one");
  EXPECT_EQ(contacts_in(rig_.files.owner()), (Contacts{"another", "a later one"}));
  EXPECT_EQ(rows("lead_key", "kek_id = 1202611"), "2");
}

TEST_F(KeyEpochs, AMonthOfTheRootKeyAloneMustBeWrappedAnewAndItsBackupsStay) {
  store_lead(1, "before there were epochs");
  EXPECT_EQ(rows("lead_key", "kek_id = 202609"), "1");
  with_epochs(rig_.ring);
  epoch_now_ = kInNovember;
  EXPECT_EQ(contacts_in(rig_.files.owner()), (Contacts{"before there were epochs"}));
  ASSERT_EQ(look().trouble, EpochTrouble::none);
  EXPECT_EQ(destroy(kSeptember).error(), DestroyRefusal::derived);
  ASSERT_TRUE(files().load_or_create(kSeptember)) << "the month of the update has both";
  EXPECT_EQ(destroy(kSeptember).error(), DestroyRefusal::derived);
  std::filesystem::remove(folder_ + "/epochs/2026-09");
  auto const dump_a = dump("a.sql");
  EXPECT_EQ(rewrap(kSeptember).done, 1);
  EXPECT_EQ(rows("lead_key", "kek_id = 1202611"), "1");
  EXPECT_EQ(contacts_in(rig_.files.owner()), (Contacts{"before there were epochs"}));
  EXPECT_EQ(destroy(kSeptember).error(), DestroyRefusal::no_epoch);
  EXPECT_EQ(contacts_of(dump_a), (Contacts{"before there were epochs"})) << "as the refusal says";
}

TEST_F(KeyEpochs, AMonthIsNotDestroyedBeforeItIsOverForADay) {
  with_epochs(rig_.ring);
  ASSERT_EQ(look().trouble, EpochTrouble::none);
  EXPECT_EQ(destroy(kSeptember).error(), DestroyRefusal::too_young);
  epoch_now_ = std::chrono::sys_days{2026y / std::chrono::October / 1} + 24h - 1us;
  EXPECT_EQ(destroy(kSeptember).error(), DestroyRefusal::too_young);
  epoch_now_ += 1us;
  EXPECT_TRUE(destroy(kSeptember)) << "nothing was sealed in it";
  EXPECT_EQ(destroy(202608).error(), DestroyRefusal::no_epoch);
}

TEST_F(KeyEpochs, WhatWaitsForAConfirmationKeepsItsEpoch) {
  with_epochs(rig_.ring);
  ASSERT_EQ(look().trouble, EpochTrouble::none);
  privacy::SealPlace const place{"form_submission", 1, "row", "sealed"};
  auto const sealed =
      crypto::hex_encode(privacy::seal_waiting(rig_.ring, epoch_now_, place, "person"));
  auto const box = crypto::hex_encode(privacy::SecretBox{rig_.ring}.seal(place, "person"));
  auto const add = [this](std::string const& token, std::string const& value) {
    rig_.as_owner(
        "insert into leadex.form_submission (market_id, form_no, token, body, sent_at, sealed, "
        "mail_due_at) values (1, 1, decode(repeat('" +
        token + "', 16), 'hex'), decode(repeat('00', 32), 'hex'), now(), decode('" + value +
        "', 'hex'), now())");
  };
  add("01", sealed);
  add("02", box);
  auto const uses = await(rows_.uses()).value();
  ASSERT_EQ(uses.size(), 2U);
  EXPECT_EQ(uses[0].kek_id, 1) << "the secret box";
  EXPECT_EQ(uses[1].kek_id, kEpochKeks + kSeptember);
  EXPECT_EQ(uses[1].waiting, 1);
  EXPECT_EQ(uses[1].leads, 0);
  epoch_now_ = kInNovember;
  EXPECT_EQ(destroy(kSeptember).error(), DestroyRefusal::in_use);
  rig_.as_owner("update leadex.form_submission set sealed = null");
  EXPECT_TRUE(destroy(kSeptember));
}

TEST_F(KeyEpochs, WrappingAnewMeetsErasuresAndDamageAndGoesOnAfterACut) {
  with_epochs(rig_.ring);
  ASSERT_EQ(look().trouble, EpochTrouble::none);
  constexpr int kLeads = 2'500;  // three slices
  rig_.as_owner(
      "insert into leadex.lead_key select 1, n, 1202609, '' from generate_series(1, 2500) n");
  {
    pqxx::connection connection(rig_.files.owner());
    pqxx::work tx(connection);
    for (int no = 1; no <= kLeads; ++no) {
      auto const key = privacy::make_lead_key(rig_.ring, {1, no}, rig_.ring.sealing_kek({}).id);
      tx.exec("update leadex.lead_key set wrapped = decode('" +
              crypto::hex_encode(key.row.wrapped) +
              "', 'hex') where market_id = 1 and lead_no = " + std::to_string(no));
    }
    tx.commit();
  }
  rig_.as_owner("update leadex.lead_key set wrapped = 'damaged' where lead_no = 77");
  epoch_now_ = kInNovember;
  ASSERT_EQ(look().trouble, EpochTrouble::none);
  struct Cut {};
  EXPECT_THROW((void)await(rewrap_month(services(), kSeptember,
                                        [](Rewrapped const& sum) {
                                          if (sum.done > 0) throw Cut{};
                                        })),
               Cut);
  EXPECT_EQ(rows("lead_key", "kek_id = 1202611"), "999");
  auto const slice = await(rows_.wrapped(kEpochKeks + kSeptember, {1, 2'000}, 1'000)).value();
  ASSERT_EQ(slice.keys.size(), 500U);
  EXPECT_EQ(slice.last, (LeadId{1, 2'500}));
  rig_.as_owner("delete from leadex.lead_key where lead_no = 2001");  // erased after it was read
  std::vector<storage::RewrappedKey> stale{
      {slice.keys.front().lead, slice.keys.front().wrapped, "x"},
      {slice.keys[1].lead, "another", "x"}};
  EXPECT_EQ(await(rows_.rewrap(kEpochKeks + kSeptember, kEpochKeks + kNovember, stale)).value(), 0)
      << "an erased key does not come back, a changed one stays";
  auto const rest = rewrap(kSeptember);
  EXPECT_EQ(rest.done, kLeads - 999 - 2);
  EXPECT_EQ(rest.damaged, 1);
  EXPECT_EQ(rows("lead_key", "kek_id = 1202609"), "1") << "the damaged one";
  EXPECT_EQ(destroy(kSeptember).error(), DestroyRefusal::in_use);
  auto const moved = await(rows_.wrapped(kEpochKeks + kNovember, {}, 10)).value();
  for (auto const& key : moved.keys) {
    EXPECT_TRUE(privacy::open_lead_key(rig_.ring, key.lead, {kEpochKeks + kNovember, key.wrapped}));
  }
}

TEST_F(KeyEpochs, TheServerMakesTheNextMonthAheadAndMissesALostOne) {
  with_epochs(rig_.ring);
  ASSERT_EQ(look().trouble, EpochTrouble::none);
  EXPECT_EQ(files().list().value().size(), 1U);
  epoch_now_ = std::chrono::sys_days{2026y / std::chrono::September / 30} + 1h;
  ASSERT_EQ(look().trouble, EpochTrouble::none);
  ASSERT_EQ(files().list().value().size(), 2U) << "October's";
  EXPECT_EQ(rows("key_epoch", "kek_id in (1202609, 1202610)"), "2");

  auto const september = folder_ + "/epochs/2026-09";
  std::filesystem::rename(september, folder_ + "/away");
  auto const lost = look();
  EXPECT_EQ(lost.trouble, EpochTrouble::lost_file);
  EXPECT_EQ(lost.month, kSeptember);
  EXPECT_FALSE(std::filesystem::exists(september)) << "never made anew";
  std::filesystem::copy(folder_ + "/epochs/2026-10", september);
  EXPECT_EQ(look().trouble, EpochTrouble::other_file);
  epoch_now_ = kInNovember;
  EXPECT_EQ(look().trouble, EpochTrouble::other_file) << "and November's is made all the same";
  EXPECT_EQ(await(rewrap_month(services(), kSeptember)).error().trouble, EpochTrouble::other_file);
  EXPECT_EQ(destroy(kSeptember).error(), DestroyRefusal::other_file);
  EXPECT_TRUE(std::filesystem::exists(september));
  std::filesystem::remove(september);
  std::filesystem::rename(folder_ + "/away", september);
  EXPECT_EQ(look().trouble, EpochTrouble::none);
}

TEST_F(KeyEpochs, ADestroyedEpochThatComesBackIsDestroyedAgain) {
  with_epochs(rig_.ring);
  ASSERT_EQ(look().trouble, EpochTrouble::none);
  auto const september = folder_ + "/epochs/2026-09";
  std::filesystem::copy(september, folder_ + "/backup");
  epoch_now_ = kInNovember;
  ASSERT_TRUE(destroy(kSeptember));
  std::filesystem::remove(september + ".destroyed");  // the folder of before, from a backup
  std::filesystem::copy(folder_ + "/backup", september);
  EXPECT_EQ(look().trouble, EpochTrouble::none);
  EXPECT_FALSE(std::filesystem::exists(september));
  EXPECT_TRUE(std::filesystem::exists(september + ".destroyed"));
  std::filesystem::remove(september + ".destroyed");  // a new folder
  EXPECT_EQ(look().trouble, EpochTrouble::none);
  EXPECT_TRUE(std::filesystem::exists(september + ".destroyed"));
}

TEST_F(KeyEpochs, ADestructionThatWasCutOffIsToldAndFinished) {
  with_epochs(rig_.ring);
  ASSERT_EQ(look().trouble, EpochTrouble::none);
  ASSERT_TRUE(files().mark(kSeptember));  // and no more of it was done
  epoch_now_ = kInNovember;
  auto const cut = look();
  EXPECT_EQ(cut.trouble, EpochTrouble::half_gone);
  EXPECT_EQ(cut.month, kSeptember);
  EXPECT_TRUE(destroy(kSeptember));
  EXPECT_EQ(look().trouble, EpochTrouble::none);
  EXPECT_FALSE(std::filesystem::exists(folder_ + "/epochs/2026-09"));
}

}  // namespace
}  // namespace leadex::app
