#include "server/cli/client/credentials.hpp"

#include <filesystem>

#include "server/cli/client/connection.hpp"
#include "server/json/object_reader.hpp"
#include "server/json/writer.hpp"

namespace leadex::cli {

namespace {

void write_accounts(json::JsonWriter& writer, std::string_view name,
                    std::vector<AccountKey> const& accounts) {
  auto const array = writer.array(name);
  for (auto const& account : accounts) {
    auto const object = writer.object();
    writer.field("account_id", account.account_id);
    writer.field("key", account.key);
  }
}

std::vector<AccountKey> read_accounts(json::ObjectReader& reader, std::string_view name) {
  std::vector<AccountKey> accounts;
  auto const* const array = reader.require_array(name);
  if (array == nullptr) return accounts;
  for (auto const& element : array->GetArray()) {
    json::ObjectReader account(element, reader.errors(), reader.pointer_to(name));
    accounts.push_back({account.require_string("account_id"), account.require_string("key")});
  }
  return accounts;
}

}  // namespace

std::vector<std::string> Credentials::all_keys() const {
  std::vector<std::string> keys{admin_key, admin2_key, auditor_key, verifier_key};
  for (auto const& account : generators) keys.push_back(account.key);
  for (auto const& account : buyers) keys.push_back(account.key);
  return keys;
}

std::string to_json(Credentials const& credentials) {
  json::JsonWriter writer;
  {
    auto const object = writer.object();
    writer.field("base_url", credentials.base_url);
    writer.field("ca_file", credentials.ca_file);
    writer.field("admin_key", credentials.admin_key);
    writer.field("admin2_key", credentials.admin2_key);
    writer.field("auditor_key", credentials.auditor_key);
    writer.field("verifier_key", credentials.verifier_key);
    write_accounts(writer, "generators", credentials.generators);
    write_accounts(writer, "buyers", credentials.buyers);
    writer.field("market", credentials.market);
  }
  return writer.str() + "\n";
}

std::optional<Credentials> read_credentials(std::string const& path) {
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) return std::nullopt;
  auto const document = json::parse(read_small_file(path));
  if (!document) throw Failure(kFailed, path + " is no JSON");
  json::FieldErrors errors;
  json::ObjectReader reader(*document, errors);
  Credentials credentials;
  credentials.base_url = reader.require_string("base_url");
  credentials.ca_file = reader.require_string("ca_file");
  credentials.admin_key = reader.require_string("admin_key");
  credentials.admin2_key = reader.require_string("admin2_key");
  credentials.auditor_key = reader.require_string("auditor_key");
  credentials.verifier_key = reader.require_string("verifier_key");
  credentials.generators = read_accounts(reader, "generators");
  credentials.buyers = read_accounts(reader, "buyers");
  credentials.market = reader.require_string("market");
  if (!errors.empty()) {
    throw Failure(kFailed, path + " lacks " + errors.front().pointer.substr(1));
  }
  return credentials;
}

}  // namespace leadex::cli
