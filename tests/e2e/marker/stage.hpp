#pragma once
// Stage: one whole trade with marks in every personal field and every place where a person could be
// named by mistake: good and bad uploads, broken bodies, unknown fields, queries, notes, webhooks.
// One thread.

#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "server/cli/client/api.hpp"
#include "server/cli/client/credentials.hpp"
#include "server/http/server.hpp"

namespace leadex::e2e {

inline constexpr std::string_view kMarkedMarket = "marked.us.usd";
inline constexpr std::string_view kMarkedFastMarket = "marked-fast.us.usd";  ///< settles at once

/// A buyer's endpoint: keeps what it is sent and answers 200.
class Receiver {
 public:
  explicit Receiver(http::TlsFiles tls);
  ~Receiver();
  Receiver(Receiver const&) = delete;
  Receiver& operator=(Receiver const&) = delete;

  [[nodiscard]] std::string url() const;
  [[nodiscard]] std::vector<std::string> bodies() const;

 private:
  http::asio::awaitable<http::Response> take(http::Request& request);

  http::Router router_;
  std::unique_ptr<http::Server> server_;
  mutable std::mutex guard_;
  std::vector<std::string> bodies_;
};

class Stage {
 public:
  Stage();

  /// Everything before the server is killed: markets, uploads of all sorts, sales by auction and
  /// from the listings, contacts read, a check claimed.
  void first_act();
  /// After it: more sales, returns and disputes with notes, exports, money.
  void second_act();

  /// Answers that no contact belongs into, in which a mark stood all the same.
  [[nodiscard]] std::vector<std::string> const& slips() const { return slips_; }
  /// How often a contact came where it belongs: proof that the marks were there.
  [[nodiscard]] int revealed() const { return revealed_; }
  [[nodiscard]] std::vector<std::string> delivered() const { return receiver_->bodies(); }

 private:
  struct Sent {
    int status{};
    std::string body;
  };
  Sent send(std::string_view who, std::string_view method, std::string const& target,
            std::string const& body = {}, std::string const& type = "application/json");
  /// As send(), but the answer may hold a contact or a note and must be a good one.
  std::string told(std::string_view who, std::string_view method, std::string const& target,
                   std::string const& body = {});
  std::string id_of(std::string const& body, std::string_view name = "id") const;
  void open_market_and_endpoint();
  void post_leads();
  void upload_good_and_bad();
  void send_nonsense();
  void judge(std::string const& batch);
  void read_contacts();
  void pay_out();

  cli::Credentials keys_;
  std::string ca_file_;
  std::unique_ptr<Receiver> receiver_;
  http::ApiClient client_;
  std::string batch_;
  std::string banked_key_;  ///< of the generator whose bank details are marked
  std::vector<std::string> slips_;
  int revealed_{};
  int sent_{};
  int persons_{};
};

}  // namespace leadex::e2e
