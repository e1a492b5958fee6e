// Uploads in pieces, column mappings, refused rows in own columns, corrections, events of a batch.

#include <zlib.h>

#include <pqxx/pqxx>

#include "tests/server/api/intake_harness.hpp"

namespace leadex::api {
namespace {

using namespace intake_tests;  // NOLINT(google-build-using-namespace)

constexpr std::string_view kMapping =
    R"({"columns":[{"from":"No","to":"external_id"},{"from":"Vorname","to":"first_name"},)"
    R"({"from":"Nachname","to":"last_name"},{"from":"E-Mail","to":"email"}],"ignored":["Notiz"],)"
    R"("constants":[{"column":"vehicle","value":"web_form"},{"column":"source_reason",)"
    R"("value":"search"}]})";

std::string gzip(std::string const& text) {
  constexpr int kGzipWindow = 15 + 16;
  constexpr int kMemory = 8;
  z_stream z{};
  EXPECT_EQ(deflateInit2(&z, Z_BEST_SPEED, Z_DEFLATED, kGzipWindow, kMemory, Z_DEFAULT_STRATEGY),
            Z_OK);
  std::string packed(text.size() + 1024, '\0');
  z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  z.avail_in = static_cast<uInt>(text.size());
  z.next_out = reinterpret_cast<Bytef*>(packed.data());
  z.avail_out = static_cast<uInt>(packed.size());
  EXPECT_EQ(deflate(&z, Z_FINISH), Z_STREAM_END);
  packed.resize(z.total_out);
  deflateEnd(&z);
  return packed;
}

class Uploads : public IntakeApi {
 protected:
  static std::string on_market(std::string const& path) {
    return path + "?market=" + std::string{kMarket};
  }
  Reply send(std::string method, std::string target, std::string const& key, std::string body = {},
             http::Headers headers = {}) {
    return call({.method = std::move(method),
                 .target = std::move(target),
                 .key = key,
                 .body = std::move(body),
                 .idempotency_key = {},
                 .headers = std::move(headers)});
  }
  Reply put_mapping(std::string_view body = kMapping) {
    return send("PUT", on_market("/v1/column-mappings/crm"), generator_.key, std::string{body});
  }
  Reply piece(std::string const& id, std::int64_t offset, std::string body, bool last = true) {
    return send("PATCH", "/v1/uploads/" + id, generator_.key, std::move(body),
                {{"content-type", "application/partial-upload"},
                 {"upload-offset", std::to_string(offset)},
                 {"upload-complete", last ? "?1" : "?0"}});
  }
  std::string begin() {
    auto const begun = post(on_market("/v1/uploads") + "&format=csv", generator_.key);
    EXPECT_EQ(begun.status, 200) << begun.body;
    EXPECT_EQ(begun.number("offset"), 0);
    return begun.text("id");
  }
  /// A file in the uploader's own words; `email` of its second row.
  static std::string own_file(std::string const& email, std::string const& more_header = {},
                              std::string const& more = {}) {
    auto const at = json::format_timestamp(
        std::chrono::time_point_cast<Micros>(std::chrono::system_clock::now()) -
        std::chrono::hours{1});
    auto const tail = ',' + at + ',' + at + ",I agree,CA,40,=secret note" + more + "\r\n";
    return "No,Vorname,Nachname,E-Mail,captured_at,consent_at,consent_text,state,age,Notiz" +
           more_header + "\r\n1,Ann,Lee,ann@person.example.com" + tail + "2,Bob,Roe," + email +
           tail;
  }
  static std::int64_t count(Reply const& reply, std::string_view name) {
    return json::find_member(*reply.find("counts"), name)->GetInt64();
  }
};

TEST_F(Uploads, MappingsArePutReadListedAndForgotten) {
  ASSERT_EQ(put_mapping().status, 200);
  auto const got = get(on_market("/v1/column-mappings/crm"), generator_.key);
  ASSERT_EQ(got.status, 200) << got.body;
  EXPECT_EQ(got.find("columns")->Size(), 4U);
  EXPECT_EQ(got.text("market"), kMarket);
  EXPECT_EQ(get(on_market("/v1/column-mappings"), generator_.key).data().Size(), 1U);
  EXPECT_EQ(get(on_market("/v1/column-mappings"), other_.key).data().Size(), 0U);
  EXPECT_EQ(get(on_market("/v1/column-mappings/crm"), other_.key).status, 404);
  EXPECT_EQ(send("DELETE", on_market("/v1/column-mappings/crm"), other_.key).status, 404);
  EXPECT_EQ(send("DELETE", on_market("/v1/column-mappings/crm"), generator_.key).status, 204);
  EXPECT_EQ(get(on_market("/v1/column-mappings/crm"), generator_.key).status, 404);

  auto const bad = put_mapping(R"({"columns":[{"from":"A","to":"what"}]})");
  EXPECT_EQ(bad.status, 422) << bad.body;
  EXPECT_EQ(get("/v1/column-mappings?market=nowhere.us.usd", generator_.key).status, 422);
}

TEST_F(Uploads, RefusedRowsComeBackInOwnColumnsAndAreCorrected) {
  ASSERT_EQ(put_mapping().status, 200);
  EXPECT_EQ(upload(own_file("x"), "unknown", "&mapping=other").status, 422);
  auto const taken = upload(own_file("no address"), "first", "&mapping=crm");
  ASSERT_EQ(taken.status, 202) << taken.body;
  EXPECT_EQ(count(taken, "accepted"), 1);
  EXPECT_EQ(count(taken, "rejected"), 1);
  auto const id = taken.text("id");
  auto const rejects = get("/v1/batches/" + id + "/rejects", generator_.key);
  ASSERT_EQ(rejects.data().Size(), 1U) << rejects.body;
  EXPECT_STREQ(json::find_member(rejects.data()[0], "column")->GetString(), "E-Mail");

  auto const path = "/v1/batches/" + id + "/rejects?columns=own";
  http::Headers const csv{{"accept", "text/csv"}};
  auto const own = send("GET", path, generator_.key, {}, csv);
  ASSERT_EQ(own.status, 200) << own.body;
  EXPECT_TRUE(own.body.starts_with("No,Vorname,Nachname,E-Mail,")) << own.body;
  EXPECT_NE(own.body.find("2,Bob,Roe,no address,"), std::string::npos) << own.body;
  EXPECT_NE(own.body.find("'=secret note,2,rejected,email_invalid,"), std::string::npos)
      << own.body;
  EXPECT_EQ(own.body.find("Ann"), std::string::npos);
  auto const raw = send("GET", path + "&raw=true", generator_.key, {}, csv);
  EXPECT_NE(raw.body.find(",=secret note,2,"), std::string::npos) << raw.body;
  EXPECT_EQ(send("GET", path, other_.key, {}, csv).status, 404);
  EXPECT_EQ(send("GET", path, admin_, {}, csv).status, 403);
  EXPECT_EQ(get(path, generator_.key).status, 422);  // as JSON values are never shown
  pqxx::connection connection{database_.owner()};
  pqxx::work tx{connection};
  EXPECT_EQ(tx.exec1("select count(*) from leadex.audit where action = 'batch.own_rows_read'")
                .at(0)
                .as<int>(),
            2);

  // Row 1 was not refused, so it is not taken; row 2 is.
  auto fixed = raw.body;
  fixed.replace(fixed.find("no address"), 10, "bob@person.example.com");
  auto const again = upload(fixed, "second", "&mapping=crm&corrects=" + id);
  ASSERT_EQ(again.status, 202) << again.body;
  EXPECT_EQ(count(again, "accepted"), 1) << again.body;
  EXPECT_EQ(again.text("corrects"), id);
  auto const before = get("/v1/batches/" + id, generator_.key);
  ASSERT_EQ(before.find("corrected_by")->Size(), 1U);
  EXPECT_EQ((*before.find("corrected_by"))[0].GetString(), again.text("id"));

  auto const uncalled = upload(own_file("eve@person.example.com", ",leadex_row", ",7"), "third",
                               "&mapping=crm&corrects=" + id);
  ASSERT_EQ(uncalled.status, 202) << uncalled.body;
  EXPECT_EQ(count(uncalled, "rejected"), 2) << uncalled.body;
  auto const why = get("/v1/batches/" + uncalled.text("id") + "/rejects", generator_.key);
  EXPECT_STREQ(json::find_member(why.data()[0], "code")->GetString(), "not_refused_before");
  EXPECT_EQ(upload(fixed, "fourth", "&corrects=batch_00000000000000000000000000").status, 422);

  // Each refused row is brought again once, by whatever file; the second of two is one too many.
  auto other = fixed;
  other.replace(other.find("bob@"), 4, "joe@");
  auto const twice = upload(other, "fifth", "&mapping=crm&corrects=" + id);
  ASSERT_EQ(twice.status, 202) << twice.body;
  EXPECT_EQ(count(twice, "rejected"), 1) << twice.body;
  auto const broken = upload(own_file("still none"), "sixth", "&mapping=crm");
  EXPECT_EQ(count(broken, "duplicate"), 1) << broken.body;
  auto list = send("GET", "/v1/batches/" + broken.text("id") + "/rejects?columns=own",
                   generator_.key, {}, csv)
                  .body;
  list.replace(list.find("still none"), 10, "eve@person.example.com");
  auto const line = list.substr(list.find("\r\n2,") + 2);
  auto second = line;
  second.replace(second.find("eve@"), 4, "pia@");
  auto const both = upload(list + second, "seventh", "&mapping=crm&corrects=" + broken.text("id"));
  ASSERT_EQ(both.status, 202) << both.body;
  EXPECT_EQ(count(both, "accepted"), 1) << both.body;
  EXPECT_EQ(count(both, "rejected"), 1) << both.body;

  tx.exec("delete from leadex.batch_own_key");
  tx.commit();
  EXPECT_EQ(send("GET", path, generator_.key, {}, csv).status, 410);
}

TEST_F(Uploads, GoOnWhereAPieceEnded) {
  auto const text = file(1, 30) + row(31, "XX");
  auto const id = begin();
  auto const first = piece(id, 0, text.substr(0, 1000), false);
  ASSERT_EQ(first.status, 200) << first.body;
  auto const offset = first.number("offset");
  EXPECT_GT(offset, 0);
  EXPECT_LE(offset, 1000);
  EXPECT_EQ(first.header("Upload-Offset"), std::to_string(offset));
  EXPECT_EQ(first.header("Upload-Complete"), "?0");
  // Another whole upload of the same generator does not give it up.
  EXPECT_EQ(upload(file(100, 2), "beside").status, 202);
  auto const place = get("/v1/uploads/" + id, generator_.key);
  ASSERT_EQ(place.status, 200) << place.body;
  EXPECT_EQ(place.number("offset"), offset);
  EXPECT_EQ(get("/v1/uploads/" + id, other_.key).status, 404);

  auto const wrong = piece(id, offset + 1, text.substr(static_cast<std::size_t>(offset) + 1));
  EXPECT_EQ(wrong.status, 409);
  EXPECT_EQ(wrong.text("code"), "upload_offset_wrong");
  auto const done = piece(id, offset, text.substr(static_cast<std::size_t>(offset)));
  ASSERT_EQ(done.status, 202) << done.body;
  EXPECT_EQ(done.text("id"), id);
  EXPECT_EQ(count(done, "accepted"), 30);
  EXPECT_EQ(count(done, "rejected"), 1);
  auto const check = get("/v1/batches/" + id + "/spot-check", generator_.key);
  EXPECT_EQ(check.text("file_sha256"), crypto::hex_encode(crypto::view_of(crypto::sha256(text))));
  auto const after = get("/v1/uploads/" + id, generator_.key);
  EXPECT_TRUE(after.find("complete")->GetBool());
  EXPECT_EQ(piece(id, std::ssize(text), "").status, 409);
}

TEST_F(Uploads, AFileThatCannotBeIsGivenUp) {
  auto const id = begin();
  auto const refused = piece(id, 0, "what,email\r\n1,2\r\n");
  EXPECT_EQ(refused.status, 422) << refused.body;
  EXPECT_EQ(get("/v1/batches/" + id, generator_.key).text("status"), "closed");
  // Given up is not complete, whoever asks.
  auto const place = get("/v1/uploads/" + id, generator_.key);
  EXPECT_EQ(place.status, 409) << place.body;
  EXPECT_EQ(piece(id, 0, file(1, 1)).status, 409);
}

TEST_F(Uploads, ACorruptPieceIsFinalAndACutOneComesAgain) {
  auto const text = file(1, 20);
  auto const packed = gzip(text);
  auto const send_packed = [&](std::string const& id, std::string body) {
    return send("PATCH", "/v1/uploads/" + id, generator_.key, std::move(body),
                {{"content-type", "application/partial-upload"},
                 {"content-encoding", "gzip"},
                 {"upload-offset", "0"}});
  };
  auto const cut = begin();
  EXPECT_EQ(send_packed(cut, packed.substr(0, 20)).status, 400);
  auto const place = get("/v1/uploads/" + cut, generator_.key);
  ASSERT_EQ(place.status, 200) << place.body;
  EXPECT_FALSE(place.find("complete")->GetBool());
  EXPECT_EQ(send_packed(cut, packed).status, 202);

  auto const corrupt = begin();
  EXPECT_EQ(send_packed(corrupt, "no gzip at all, nor will it ever be").status, 400);
  EXPECT_EQ(get("/v1/uploads/" + corrupt, generator_.key).status, 409);
  EXPECT_EQ(get("/v1/batches/" + corrupt, generator_.key).text("status"), "closed");
}

TEST_F(Uploads, AnAccountHasSoManyOpenAtMost) {
  for (int n = 0; n < 32; ++n) static_cast<void>(begin());
  auto const refused = post(on_market("/v1/uploads") + "&format=csv", generator_.key);
  EXPECT_EQ(refused.status, 422) << refused.body;
  EXPECT_EQ(refused.text("code"), "limit_reached");
  EXPECT_EQ(post(on_market("/v1/uploads") + "&format=csv", other_.key).status, 200);
}

TEST_F(Uploads, TellHowTheyGoOn) {
  auto const taken = upload(file(1, 0) + row(1, "XX"), "nothing-good");
  ASSERT_EQ(taken.status, 202) << taken.body;
  auto const path = "/v1/batches/" + taken.text("id") + "/events";
  auto const ended = get(path, generator_.key);
  EXPECT_EQ(ended.status, 200);
  EXPECT_EQ(ended.header("Content-Type"), "text/event-stream");
  EXPECT_TRUE(ended.body.starts_with("event: end\ndata: {")) << ended.body;
  EXPECT_EQ(get(path, other_.key).status, 404);

  auto const id = begin();
  auto stream =
      later({.method = "GET", .target = "/v1/batches/" + id + "/events", .key = generator_.key});
  ASSERT_EQ(piece(id, 0, std::string{kHeader} + row(5, "XX"), false).status, 200);
  std::this_thread::sleep_for(std::chrono::milliseconds{700});
  ASSERT_EQ(piece(id, std::ssize(std::string{kHeader} + row(5, "XX")), "").status, 202);
  auto const told = stream.get();
  EXPECT_TRUE(told.body.starts_with("event: progress\n")) << told.body;
  EXPECT_NE(told.body.find("event: end\n"), std::string::npos) << told.body;
}

}  // namespace
}  // namespace leadex::api
