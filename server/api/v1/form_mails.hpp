#pragma once
// FormMails: brings the mails with the links of confirmation from the table to the mail server. A
// mail is due until the server has taken it, so none is lost with the process. run() is one turn of
// a job; its coroutine runs on one executor at a time.

#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "server/api/api_context.hpp"
#include "server/mail/sender.hpp"
#include "server/storage/forms.hpp"

namespace leadex::api {

class FormMails {
 public:
  /// @param public_url  of the pages, not empty; all references outlive this
  FormMails(ApiContext const& context, storage::FormStore& store, mail::Sender& sender,
            std::string public_url)
      : ctx_(context), store_(store), sender_(sender), public_url_(std::move(public_url)) {}

  /// Notes what the mail server said, and gives it the mails that are due.
  [[nodiscard]] boost::asio::awaitable<void> run();

 private:
  using Key = std::pair<storage::FormId, std::string>;
  struct Told {
    storage::PageKey page;
    mail::Sent sent{};
  };
  boost::asio::awaitable<void> note_answers();
  boost::asio::awaitable<void> send(storage::FormWaiting waiting);
  [[nodiscard]] std::string link(storage::FormWaiting const& waiting) const;
  bool begin(storage::PageKey const& page);

  ApiContext const& ctx_;
  storage::FormStore& store_;
  mail::Sender& sender_;
  std::string const public_url_;
  std::mutex guard_;  // of what follows: the sender's thread tells
  std::set<Key> on_the_way_;
  std::vector<Told> told_;
};

}  // namespace leadex::api
