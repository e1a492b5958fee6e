#include "server/privacy/fingerprint.hpp"

#include <gtest/gtest.h>

#include <set>

#include "server/crypto/random.hpp"
#include "tests/server/privacy/ring.hpp"

namespace leadex::privacy {
namespace {

using testing_support::root_of;

class Fingerprint : public testing::Test {
 protected:
  KeyRing const ring_{root_of('r')};
};

TEST_F(Fingerprint, HowTheBodyArrivesMakesNoDifference) {
  auto const body = crypto::random_bytes(10'000);
  auto const whole = RequestFingerprint(ring_, "market=1").update(body).finish();
  for (std::size_t const step : {1U, 13U, 4096U}) {
    RequestFingerprint parts(ring_, "market=1");
    for (std::size_t at = 0; at < body.size(); at += step) {
      parts.update(crypto::ByteView(body).substr(at, step));
    }
    EXPECT_EQ(parts.finish(), whole) << step;
  }
}

TEST_F(Fingerprint, EveryOtherRequestDiffers) {
  KeyRing const other(root_of('o'));
  std::set<crypto::Digest> const fingerprints{RequestFingerprint(ring_).finish(),
                                              RequestFingerprint(ring_).update("body").finish(),
                                              RequestFingerprint(ring_).update("Body").finish(),
                                              RequestFingerprint(ring_, "body").finish(),
                                              RequestFingerprint(ring_, "bo").update("dy").finish(),
                                              RequestFingerprint(other).update("body").finish()};
  EXPECT_EQ(fingerprints.size(), 6U);
}

}  // namespace
}  // namespace leadex::privacy
