#pragma once
// var/dev/credentials.json: the keys of a development exchange, for people and for checks from
// outside. Written by `leadex dev seed`, read by `leadex demo`; one thread.

#include <optional>
#include <string>
#include <vector>

namespace leadex::cli {

struct AccountKey {
  std::string account_id;
  std::string key;
};

struct Credentials {
  std::string base_url;
  std::string ca_file;  ///< relative to the var folder
  std::string admin_key;
  std::string admin2_key;
  std::string auditor_key;
  std::string verifier_key;
  std::vector<AccountKey> generators;
  std::vector<AccountKey> buyers;
  std::string market;

  /// Of all people, for the question whether they still work.
  [[nodiscard]] std::vector<std::string> all_keys() const;
};

/// The file's text.
[[nodiscard]] std::string to_json(Credentials const& credentials);

/// Nothing when there is no such file. Throws Failure (kFailed) when it is damaged.
[[nodiscard]] std::optional<Credentials> read_credentials(std::string const& path);

}  // namespace leadex::cli
