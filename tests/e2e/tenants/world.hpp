#pragma once
// World: an exchange full of things, made over the API with ordinary keys: for every kind of id
// that a path can take, some of each account. Built once per process; read-only afterwards.

#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "server/cli/client/api.hpp"
#include "server/crypto/public_id.hpp"
#include "tests/e2e/tenants/rules.hpp"
#include "tests/e2e/tenants/wire.hpp"

namespace leadex::e2e {

inline constexpr std::string_view kMarket = "tenants-slow.us.usd";      ///< windows of weeks
inline constexpr std::string_view kFastMarket = "tenants-fast.us.usd";  ///< windows of a second
inline constexpr std::string_view kContactMark = "tenantmark";          ///< in every e-mail address

/// What a key can do, apart from its role.
enum class Key : std::uint8_t { works, narrow, test, suspended, none };

struct Person {
  std::string label;  ///< "g1", "b2 narrow"
  char role{};        ///< as in Rule
  std::string account;
  std::string key;
  Key can = Key::works;

  [[nodiscard]] bool staff() const { return role == 'A' || role == 'U' || role == 'V'; }
};

/// A thing with an id of its own, and whose it is.
struct Object {
  std::string kind;  ///< as in Rule::kinds
  std::string id;
  std::set<std::string> owners;  ///< accounts that may see it
  std::string parent;            ///< what stands before it in paths; else empty
};

/// A request that had an effect: nobody else gets its answer by its Idempotency-Key.
struct Posted {
  Person const* by{};
  std::string operation;
  std::string target;
  std::string body;
  std::string content_type;
  std::string idempotency_key;
  std::string answer;
};

class World {
 public:
  /// The exchange of LEADEX_VAR. Throws what cli::Api throws when a step is refused.
  static World& get();

  [[nodiscard]] Wire& wire() { return *wire_; }
  [[nodiscard]] std::deque<Person> const& people() const { return people_; }
  [[nodiscard]] Person const& person(std::string_view label) const;
  [[nodiscard]] std::vector<Object> const& objects() const { return objects_; }
  [[nodiscard]] std::vector<Object const*> of_kind(std::string_view kind) const;
  [[nodiscard]] std::vector<Listed> const& operations() const { return operations_; }
  [[nodiscard]] Listed const& operation(std::string_view id) const;
  [[nodiscard]] std::vector<Posted> const& posted() const { return posted_; }

  [[nodiscard]] std::uint16_t port() const;
  [[nodiscard]] std::string const& ca_file() const { return ca_file_; }

  /// Well-formed ids that never existed: a forged one, true ones without an object (one of them in
  /// a market that does not exist), and a true id under another prefix.
  [[nodiscard]] std::vector<std::string> unknown(std::string_view kind) const;
  /// The prefix of a kind's ids, "sale_".
  [[nodiscard]] static std::string prefix(std::string_view kind);
  /// Whether the person's rights reach the object by this operation.
  [[nodiscard]] static bool may(Person const& person, Rule const& rule, Object const& object);

 private:
  World();
  void meet();
  void open_markets();
  void open_endpoints_and_keys();
  void place_campaigns();
  void propose_deal();
  void convert();
  void contradict(std::string const& token);
  void ask_prices();
  void place_links();
  void bring_leads();
  void bring_lots();
  std::string bring_lot(std::string_view label, std::string_view state);
  void bring_old_lot();
  void judge(std::string const& batch);
  void buy();
  void give_back();
  void pay_out();
  void ask_for_approvals();
  void register_books();
  void register_sales();
  void register_auctions();
  void register_leads();

  std::string post_as(std::string_view label, std::string const& operation,
                      std::string const& target, std::string const& body,
                      std::string const& content_type = "application/json");
  std::string lead(std::string_view label, std::string_view market, std::string_view state);
  void add(std::string kind, std::string id, std::set<std::string> owners, std::string parent = {});
  [[nodiscard]] std::set<std::string> own(std::string_view label) const;
  cli::Api& api(std::string_view label);
  Person& join(std::string label, char role, std::string account, std::string key,
               Key can = Key::works);

  std::string base_url_;
  std::string ca_file_;
  std::unique_ptr<Wire> wire_;
  std::unique_ptr<crypto::PublicIdCodec> ids_;
  std::deque<Person> people_;
  std::map<std::string, cli::Api, std::less<>> apis_;
  std::vector<Listed> operations_;
  std::vector<Object> objects_;
  std::vector<Posted> posted_;
  std::map<std::string, std::string> generator_of_;       ///< lead id → account
  std::map<std::string, std::vector<std::string>> sold_;  ///< "b1 g2" → sales in kMarket
  int leads_{};
};

}  // namespace leadex::e2e
