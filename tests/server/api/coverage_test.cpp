// When all tests of this program have run: has every answer that the contract names been given, and
// so been checked against its schema?

#include <iostream>

#include "tests/server/api/api_harness.hpp"

namespace leadex::api {
namespace {

class Coverage final : public testing::Environment {
 public:
  void TearDown() override {
    if (testing::GTEST_FLAG(filter) != "*") return;  // some of the tests alone
    auto const contract = json::Contract::load("schemas/openapi.yaml");
    ASSERT_TRUE(contract) << contract.error();
    int named = 0;
    int given = 0;
    for (auto const& operation : contract->operations()) {
      // tests/server/delivery calls these, with this same harness.
      bool const elsewhere =
          operation.id == "list_events" || operation.id.find("webhook") != std::string::npos;
      if (elsewhere) continue;
      for (auto const& [status, media] : operation.responses) {
        if (status == "default") continue;
        ++named;
        bool const seen = CheckedAnswers::all().has(operation.id, std::stoi(status));
        given += seen ? 1 : 0;
        EXPECT_TRUE(seen) << operation.id << " never answered " << status;
      }
    }
    std::cout << "answers of the contract that were given and checked: " << given << " of " << named
              << '\n';
  }
};

[[maybe_unused]] auto* const kCoverage = testing::AddGlobalTestEnvironment(new Coverage);

}  // namespace
}  // namespace leadex::api
