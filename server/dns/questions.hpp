#pragma once
// Questions: c-ares and the thread that serves its sockets. Work for it is posted from anywhere and
// runs on that thread, as do the replies. Only server/dns.

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "server/dns/answer.hpp"

namespace leadex::dns {

enum class ReplyKind : std::uint8_t {
  answered,  ///< there are records, or a chain of names that ends without
  no_data,   ///< the name exists, without such records
  no_name,   ///< NXDOMAIN
  failed,    ///< an answer that says nothing: SERVFAIL, REFUSED, garbage
  silent     ///< no answer from any server
};

struct Reply {
  ReplyKind kind{};
  Answer answer;  ///< for all but failed and silent
};

struct QuestionOptions {
  std::string servers;
  std::chrono::milliseconds try_timeout{1000};
  int tries = 2;
};

class Questions {
 public:
  /// @throws std::runtime_error
  explicit Questions(QuestionOptions const& options);
  ~Questions();  ///< stop()
  Questions(Questions const&) = delete;
  Questions& operator=(Questions const&) = delete;

  /// Ends the thread; open questions are replied to as silent before. What is posted or asked later
  /// is dropped. Any thread but that one; once more does nothing.
  void stop();
  /// Any thread.
  void post(std::function<void()> work);
  /// On the thread. @param name  without a dot at its end.
  void ask(std::string const& name, RecordType type, std::function<void(Reply const&)> reply);

 private:
  class Loop;
  std::unique_ptr<Loop> loop_;
};

}  // namespace leadex::dns
