// TLS as a scanner sees it, against the whole program.

#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <iostream>

#include "tests/e2e/edges/rig.hpp"

namespace leadex::e2e {
namespace {

/// Every suite that the client's library knows for a version.
std::vector<std::string> suites_of(int version) {
  auto* const context = SSL_CTX_new(TLS_client_method());
  SSL_CTX_set_security_level(context, 0);
  SSL_CTX_set_min_proto_version(context, version);
  SSL_CTX_set_max_proto_version(context, version);
  SSL_CTX_set_cipher_list(context, "ALL:COMPLEMENTOFALL");
  auto* const ssl = SSL_new(context);
  auto* const all = SSL_get1_supported_ciphers(ssl);
  std::vector<std::string> names;
  for (int i = 0; i < sk_SSL_CIPHER_num(all); ++i) {
    names.emplace_back(SSL_CIPHER_get_name(sk_SSL_CIPHER_value(all, i)));
  }
  sk_SSL_CIPHER_free(all);
  SSL_free(ssl);
  SSL_CTX_free(context);
  return names;
}

bool is_modern(std::string_view suite) {
  bool const aead = suite.find("GCM") != std::string_view::npos ||
                    suite.find("CHACHA20") != std::string_view::npos;
  return suite.starts_with("ECDHE-") && aead && suite.find("PSK") == std::string_view::npos;
}

TEST(Tls, OldVersionsAreRefused) {
  Rig const rig;
  for (int const version : {TLS1_VERSION, TLS1_1_VERSION}) {
    RawTls const old(rig.port(), {version, version, "ALL:@SECLEVEL=0"});
    EXPECT_FALSE(old.connected());
    EXPECT_NE(old.error().find("protocol version"), std::string::npos) << old.error();
  }
  EXPECT_EQ(RawTls(rig.port(), {TLS1_2_VERSION, TLS1_2_VERSION, ""}).version(), "TLSv1.2");
  EXPECT_EQ(RawTls(rig.port()).version(), "TLSv1.3");
}

TEST(Tls, OfTheOldSuitesOnlyEcdheWithAeadIsTaken) {
  Rig const rig;
  int taken = 0;
  int refused = 0;
  for (auto const& suite : suites_of(TLS1_2_VERSION)) {
    RawTls const probe(rig.port(), {TLS1_2_VERSION, TLS1_2_VERSION, suite + ":@SECLEVEL=0"});
    if (probe.connected()) {
      EXPECT_TRUE(is_modern(suite)) << suite;
      ++taken;
    } else {
      ++refused;
    }
  }
  std::cout << "TLS 1.2: " << taken << " suites taken, " << refused << " refused\n";
  EXPECT_GE(taken, 2);
  EXPECT_GE(refused, 20);
}

TEST(Tls, NeitherRenegotiatesNorCompresses) {
  Rig const rig;
  RawTls raw(rig.port(), {TLS1_2_VERSION, TLS1_2_VERSION, ""});
  ASSERT_TRUE(raw.connected()) << raw.error();
  EXPECT_EQ(SSL_get_current_compression(raw.native()), nullptr);
  EXPECT_EQ(SSL_get_secure_renegotiation_support(raw.native()), 1);
  raw.send("GET /livez HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_NE(raw.read_until("\"ok\"}").find("200 OK"), std::string::npos);
  bool const renegotiated = SSL_renegotiate(raw.native()) == 1 &&
                            SSL_do_handshake(raw.native()) == 1 &&
                            raw.send("GET /livez HTTP/1.1\r\nHost: a\r\n\r\n") &&
                            SSL_num_renegotiations(raw.native()) > 0 &&
                            raw.read_until("\"ok\"}").find("200 OK") != std::string::npos;
  EXPECT_FALSE(renegotiated);
}

TEST(Tls, PlainTextAndGarbageEndTheConnectionAlone) {
  Rig rig;
  for (std::string const& bytes :
       {std::string{"GET /livez HTTP/1.1\r\nHost: a\r\n\r\n"}, std::string(4096, '\0'),
        std::string{"\x16\x03\x01\xFF\xFF\x01", 6} + std::string(300, 'x')}) {
    auto const answer = http::test::exchange_plain(rig.port(), bytes);
    EXPECT_EQ(answer.find("HTTP/1.1 200"), std::string::npos);
  }
  EXPECT_EQ(rig.get("/livez", "").status, 200);
}

}  // namespace
}  // namespace leadex::e2e
