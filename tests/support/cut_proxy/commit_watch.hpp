#pragma once
// CommitWatch: follows what one client says to PostgreSQL (protocol 3) and tells the COMMITs of
// transactions that write what we care about. For the cut proxy; one connection, one thread.

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace leadex::test {

/// One whole message of the client, as it goes over the wire.
struct ClientMessage {
  std::string bytes;
  bool marked_commit{};  ///< the COMMIT of a transaction that ran a marked statement
};

class CommitWatch {
 public:
  /// A statement is marked when its text holds one of these.
  explicit CommitWatch(std::vector<std::string> marks) : marks_(std::move(marks)) {}

  void put(std::string_view bytes) { waiting_.append(bytes); }
  /// The next whole message, none until it has come to its end.
  /// @throws std::runtime_error when the bytes cannot be the protocol's
  [[nodiscard]] std::optional<ClientMessage> next();

 private:
  [[nodiscard]] std::optional<ClientMessage> next_of_start();
  void look_at(char type, std::string_view body, ClientMessage& message);
  [[nodiscard]] bool is_marked(std::string_view text) const;

  std::vector<std::string> const marks_;
  std::string waiting_;
  bool started_{};                                     // the first messages have no type
  bool marked_{};                                      // this transaction
  std::map<std::string, bool, std::less<>> prepared_;  // by name: marked
};

}  // namespace leadex::test
