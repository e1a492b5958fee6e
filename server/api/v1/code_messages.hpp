#pragma once
// CodeMessages: asks people by mail or text message whether they left their details, where a market
// has that judge its checks, and records what they said. A message is due until it was taken, so
// none is lost with the process. run() is one turn of a job; its coroutine runs on one executor at
// a time. See docs/decisions/0035-check-adapters.md.

#include <chrono>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "server/api/api_context.hpp"
#include "server/app/check_codes.hpp"
#include "server/http/client.hpp"
#include "server/intake/stored_person.hpp"
#include "server/mail/sender.hpp"
#include "server/storage/privacy_store.hpp"

namespace leadex::api {

inline constexpr int kCodesBegunPerRound = 20;                     ///< of one market
inline constexpr std::chrono::seconds kCodeChannelRest{30};        ///< after a failure, twice …
inline constexpr std::chrono::seconds kCodeChannelRestMax{3'600};  ///< … as long each time

class CodeMessages {
 public:
  /// @param mails  null: no mail server    @param public_url  of the pages, not empty where an
  /// adapter of people is set. All references outlive this.
  struct Services {
    app::LotServices lots;
    storage::PrivacyStore& persons;
    http::Client const& client;
    mail::Sender* mails{};
    std::string public_url;
  };
  CodeMessages(ApiContext const& context, Services services)
      : ctx_(context), services_(std::move(services)) {}

  /// Records answers, asks about the oldest checks of each such market, and hands messages over.
  [[nodiscard]] boost::asio::awaitable<void> run();

 private:
  struct Rest {
    std::chrono::steady_clock::time_point until;
    std::chrono::seconds length{};
  };
  struct Told {
    storage::CodeKey key;
    mail::Sent sent{};
  };
  boost::asio::awaitable<void> note_answers();
  boost::asio::awaitable<void> begin(storage::CheckVerifier verifier);
  boost::asio::awaitable<bool> begin_one(storage::CheckVerifier verifier, CheckId check);
  boost::asio::awaitable<void> send(app::DueCode due);
  boost::asio::awaitable<void> note(Told told);
  boost::asio::awaitable<Result<bool, storage::StoreError>> is_barred(app::DueCode const& due);
  boost::asio::awaitable<void> send_text(app::DueCode due, std::string to);
  void send_mail(app::DueCode const& due, std::string to);
  [[nodiscard]] std::string country_of(MarketNo market) const;
  [[nodiscard]] std::string message(app::DueCode const& due) const;
  void fail(MarketNo market);

  ApiContext const& ctx_;
  Services const services_;
  std::map<MarketNo, Rest> rests_;
  std::mutex guard_;  // of what follows: the sender's thread tells
  std::set<storage::CodeKey> on_the_way_;
  std::vector<Told> told_;
};

}  // namespace leadex::api
