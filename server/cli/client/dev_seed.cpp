#include "server/cli/client/dev_seed.hpp"

#include <fmt/format.h>

#include <filesystem>

#include "server/cli/client/accounts.hpp"
#include "server/cli/client/listing_output.hpp"
#include "server/cli/client/private_file.hpp"
#include "server/cli/client/seed_markets.hpp"

namespace leadex::cli {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view kSetupName = "Development setup";
constexpr std::string_view kSecondName = "Second admin";
constexpr std::string_view kDeposit = "5000.00";
constexpr int kGenerators = 2;
constexpr int kBuyers = 3;
constexpr std::int64_t kAdminsLookedAt = 500;

/// The first admin's key: given, or as `leadex init` left it.
ApiAccess first_admin(ConnectOptions const& options, Environment const& environment) {
  auto const file = fs::path(var_folder(environment)) / "dev" / "admin.key";
  auto with_file = options;
  std::error_code ignored;
  bool const given = !options.key.empty() || !options.key_file.empty();
  if (!given && fs::exists(file, ignored)) with_file.key_file = file.string();
  return find_access(with_file, environment);
}

bool keys_work(Credentials const& credentials, ApiAccess access) {
  for (auto const& key : credentials.all_keys()) {
    access.key = key;
    auto const answer = Api(access).call("GET", "/v1/markets?limit=1");
    if (answer.status == 401 || answer.status == 403) return false;
    if (!answer.ok()) throw Refusal(answer, "GET /v1/markets");
  }
  return true;
}

/// A seed that broke off leaves admins behind whose keys nobody has; they would count as persons.
void suspend_leftovers(Api& admin) {
  auto const pages = admin.pages("/v1/admin/accounts?role=admin", kAdminsLookedAt);
  for (auto const& account : rows_of(pages)) {
    auto const name = account["name"].text();
    bool const ours = name == kSetupName || name == kSecondName;
    if (ours && account["status"].text() != "suspended") {
      (void)admin.post("/v1/admin/accounts/" + account["id"].text() + "/suspend");
    }
  }
}

/// A second admin whom the first one did not make, so that each may approve what the other drafts:
/// an admin for the setup makes it, the first admin confirms it, and the setup's account ends.
std::string open_second_admin(ApiAccess const& access, Api& admin) {
  auto const setup = open_account(admin, {"admin", std::string{kSetupName}});
  auto setup_access = access;
  setup_access.key = setup.key;
  Api maker(setup_access);
  auto const second = open_account(maker, {"admin", std::string{kSecondName}}, &admin);
  (void)admin.post("/v1/admin/accounts/" + setup.account_id + "/suspend");
  return second.key;
}

Credentials seed(ApiAccess const& access) {
  Api admin(access);
  suspend_leftovers(admin);
  Credentials made;
  made.base_url = access.base_url;
  made.admin_key = access.key;
  made.admin2_key = open_second_admin(access, admin);
  made.auditor_key = open_account(admin, {"auditor", "Auditor"}).key;
  made.verifier_key = open_account(admin, {"verifier", "Verifier"}).key;
  for (int i = 1; i <= kGenerators; ++i) {
    made.generators.push_back(
        open_account(admin, {"generator", fmt::format("Generator {}", i), true}));
  }
  for (int i = 1; i <= kBuyers; ++i) {
    made.buyers.push_back(open_account(admin, {"buyer", fmt::format("Buyer {}", i)}));
    deposit(admin, made.buyers.back().account_id, kDeposit, kSeedCurrency,
            fmt::format("development seed {}", i));
  }
  made.market = kSeedMarket;
  (void)ensure_market(admin, made.market, seed_market_body());
  return made;
}

/// As credentials.json has it: relative to the var folder when it lies inside.
std::string relative_ca(std::string const& ca_file, std::string const& var) {
  auto const from_var = fs::path(ca_file).lexically_relative(var);
  bool const inside = !from_var.empty() && *from_var.begin() != "..";
  return inside ? from_var.string() : ca_file;
}

}  // namespace

std::string credentials_file(Environment const& environment) {
  return (fs::path(var_folder(environment)) / "dev" / "credentials.json").string();
}

int dev_seed(ConnectOptions const& options, Environment const& environment) {
  auto const path = credentials_file(environment);
  if (auto const before = read_credentials(path)) {
    if (keys_work(*before, find_server(options, environment))) {
      print_note(fmt::format("{} is there and its keys work: nothing to do.", path));
      return kOk;
    }
    throw Failure(kConflict, path + " belongs to another exchange; move it away first");
  }
  auto const access = first_admin(options, environment);
  auto made = seed(access);
  made.ca_file = relative_ca(access.ca_file, var_folder(environment));
  write_private_file(path, to_json(made));
  print_note(
      fmt::format("2 admins, an auditor, a verifier, {} generators, {} buyers with {} {} "
                  "each, market {}; keys are in {}",
                  kGenerators, kBuyers, kDeposit, kSeedCurrency, made.market, path));
  return kOk;
}

}  // namespace leadex::cli
