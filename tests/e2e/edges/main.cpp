// The tests of the whole program's edges. Run inside with_exchange.sh; whatever a test sends, the
// server has to stand at the end, and its sanitizers must have found nothing.

#include <gtest/gtest.h>

#include "tests/e2e/edges/rig.hpp"

namespace leadex::e2e {
namespace {

class ServerStaysSound final : public testing::Environment {
 public:
  void SetUp() override {
    pid_ = server_pid();
    ASSERT_TRUE(is_running(pid_));
  }
  void TearDown() override {
    // Tests that end servers on purpose look at their exit status themselves.
    if (!server_was_stopped()) {
      EXPECT_TRUE(is_running(pid_)) << "the server died";
      EXPECT_TRUE(within(std::chrono::seconds{20}, [] {
        Rig rig;
        return rig.get("/readyz", "").status == 200;
      }));
    }
    auto const log = server_log();
    for (auto const* word : {"AddressSanitizer", "LeakSanitizer",
                             "runtime error:", "ThreadSanitizer", "LEADEX_CHECK"}) {
      EXPECT_EQ(log.find(word), std::string::npos) << log.substr(log.find(word), 4000);
    }
  }

 private:
  pid_t pid_ = 0;
};

}  // namespace
}  // namespace leadex::e2e

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  testing::AddGlobalTestEnvironment(new leadex::e2e::ServerStaysSound);
  return RUN_ALL_TESTS();
}
