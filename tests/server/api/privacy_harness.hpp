#pragma once
// PrivacyHarness: the harness of the trade with persons' rights, uploads and the jobs behind them.

#include <cstdio>
#include <stdexcept>

#include "server/api/v1/intake_services.hpp"
#include "server/api/v1/privacy_services.hpp"
#include "server/crypto/bytes.hpp"
#include "server/crypto/hash.hpp"
#include "server/storage/postgres/do_not_call.hpp"
#include "server/storage/postgres/lot_store.hpp"
#include "server/storage/postgres/privacy_store.hpp"
#include "tests/server/api/trade_harness.hpp"

namespace leadex::api {

class PrivacyHarness : public TradeHarness {
 protected:
  PrivacyHarness() {
    context_.intake = &intake_;
    intake_.uploads.do_not_call = &do_not_call_;
    services_.do_not_call = &do_not_call_;
    intake_.forgetting = &forgetting_;
    register_intake(router_, context_);
    register_privacy(router_, context_, privacy_);
  }
  void TearDown() override {
    intake_.stop();
    TradeHarness::TearDown();
  }

  Reply erase(std::string const& email) {
    return post("/v1/admin/erasures", admin_, R"({"email":")" + email + R"("})");
  }
  std::int64_t forget() { return await(app::forget_persons(privacy_.forgetting())); }
  /// The newest lead's number.
  std::string newest() { return sql("select max(lead_no) from leadex.lead"); }
  std::string rows(std::string const& table, std::string const& where) {
    return sql("select count(*) from leadex." + table + " where " + where);
  }
  std::string trial_balance() {
    return get("/v1/admin/ledger/trial-balance?currency=USD", admin_).body;
  }
  /// The whole database as pg_dump writes it.
  std::string dump() {
    auto const command = "pg_dump --data-only --schema=leadex '" + database_.owner() + "'";
    std::unique_ptr<FILE, int (*)(FILE*)> pipe{popen(command.c_str(), "r"), pclose};
    if (!pipe) throw std::runtime_error("pg_dump does not start");
    std::string text;
    std::array<char, 65536> buffer{};
    for (std::size_t n = 0; (n = fread(buffer.data(), 1, buffer.size(), pipe.get())) > 0;) {
      text.append(buffer.data(), n);
    }
    return text;
  }
  static std::string hash_of(std::string const& text) {
    return crypto::hex_encode(crypto::view_of(crypto::sha256(text)));
  }
  static std::string emails(std::string const& person) {
    return R"({"email_sha256":[")" + hash_of(person + "@example.org") + R"("]})";
  }

  storage::postgres::PostgresLotStore lots_{sql_, ring_};
  storage::postgres::PostgresPrivacyStore persons_{sql_};
  IntakeServices intake_{{lots_, numbers_, ring_, *markets_}, {}, {}, context_.now};
  storage::postgres::PostgresDoNotCall do_not_call_rows_{sql_};
  intake::DoNotCall do_not_call_{do_not_call_rows_, ring_};
  PrivacyServices privacy_{persons_, rights_, leads_, *markets_, ring_, &do_not_call_rows_};
  app::ForgetServices const forgetting_{privacy_.forgetting()};
};

}  // namespace leadex::api
