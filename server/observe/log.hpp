#pragma once
// Structured logs: one JSON object per line on stderr, written by a thread of the log's own. Any
// thread may log; logging never blocks on the sink: a full queue drops the line and counts it.
// Personal data stays out by form: names, events and messages are literals, values are scalars or
// short strings, and there is no way to log an object.

#include <atomic>
#include <chrono>
#include <concepts>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace leadex::log {

enum class Level : std::uint8_t { debug, info, warn, error, off };

[[nodiscard]] std::string_view text(Level level);
[[nodiscard]] std::optional<Level> level_from_text(std::string_view name);

/// json: one object a line. text: the same fields for a person at a terminal.
enum class Format : std::uint8_t { json, text };

/// Longest string value in bytes; longer ones are cut at a character and end in "…".
inline constexpr std::size_t kStringBytesMax = 512;
/// Longest line in bytes; further fields are left out and "truncated":true is set.
inline constexpr std::size_t kLineBytesMax = 8192;

/// A text known when the program is compiled: event names and messages, so no data slips into them.
class Literal {
 public:
  // NOLINTNEXTLINE(google-explicit-constructor): a literal stands for itself at the call.
  consteval Literal(char const* text) : text_{text} {}
  [[nodiscard]] constexpr std::string_view view() const { return text_; }

 private:
  std::string_view text_;
};

/// A field name: a literal in snake_case that neither stands in every line already nor names
/// personal data; anything else does not compile.
class Name {
 public:
  // NOLINTNEXTLINE(google-explicit-constructor): a literal stands for itself at the call.
  consteval Name(char const* text) : text_{text} { check(); }
  [[nodiscard]] constexpr std::string_view view() const { return text_; }

 private:
  consteval void check() const {
    if (text_.empty()) throw "a field needs a name";
    for (char const c : text_) {
      if ((c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_') throw "not snake_case";
    }
    for (std::string_view const taken : {"ts", "level", "event", "msg", "truncated"}) {
      if (text_ == taken) throw "stands in every line already";
    }
    for (std::string_view const personal : {"email",
                                            "phone",
                                            "first_name",
                                            "last_name",
                                            "name",
                                            "address",
                                            "city",
                                            "postal_code",
                                            "date_of_birth",
                                            "ip",
                                            "ip_address",
                                            "user_agent",
                                            "landing_page_url",
                                            "contact",
                                            "iban",
                                            "bic",
                                            "password",
                                            "secret",
                                            "token",
                                            "api_key",
                                            "key",
                                            "authorization",
                                            "body",
                                            "url"}) {
      if (text_ == personal) throw "names personal data or a secret";
    }
  }
  std::string_view text_;
};

class Line;
class LineWriter;

struct Options {
  Level level = Level::info;
  Format format = Format::json;
  std::size_t queue_lines_max = 8192;
  /// How long stopping waits for a sink that takes nothing; what is left then is lost.
  std::chrono::milliseconds flush_timeout{2000};
  /// Where whole lines (with their newline) go, called on the log's thread only; default stderr.
  std::function<void(std::string_view)> sink;
};

/// A log with its thread. The program has one (process_log); tests make their own.
class Log {
 public:
  explicit Log(Options options);
  ~Log();  ///< stop()
  Log(Log const&) = delete;
  Log& operator=(Log const&) = delete;

  [[nodiscard]] bool enabled(Level level) const {
    return level >= level_.load(std::memory_order_relaxed) && level != Level::off;
  }
  void set_level(Level level) { level_.store(level, std::memory_order_relaxed); }

  /// Starts a line; it is queued when the returned object dies, at the end of the full expression:
  /// `log.line(Level::info, "http.request", "request answered").field("status", 200);`
  Line line(Level level, Literal event, Literal message);

  /// Waits until all lines queued before the call are written. @return false after the timeout
  bool flush(std::chrono::milliseconds timeout);

  /// Writes what is queued, at most flush_timeout long; lines after it are dropped. Twice is fine.
  void stop();

  /// Lines dropped since the start because the queue was full. The log tells of them itself, in a
  /// line `log.dropped`, as soon as there is room.
  [[nodiscard]] std::uint64_t dropped() const;

 private:
  friend class Line;
  struct State;
  void submit(std::string line);

  std::atomic<Level> level_;
  Format format_;
  std::chrono::milliseconds flush_timeout_;
  std::shared_ptr<State> state_;  // shared with the thread, which may outlive a stuck sink
};

/// Builds one line. When its level is off nothing is built. Not shared between threads.
class Line {
 public:
  Line(Log* log, Format format, Level level, std::string_view event, std::string_view message);
  ~Line();
  Line(Line const&) = delete;
  Line& operator=(Line const&) = delete;
  Line(Line&&) = delete;

  Line& field(Name name, std::string_view value) { return add_text(name.view(), value); }
  Line& field(Name name, char const* value) { return add_text(name.view(), value); }
  Line& field(Name name, std::string const& value) { return add_text(name.view(), value); }
  Line& field(Name name, bool value) { return add_bool(name.view(), value); }
  Line& field(Name name, std::signed_integral auto value) {
    return add_int(name.view(), static_cast<std::int64_t>(value));
  }
  Line& field(Name name, std::unsigned_integral auto value) {
    return add_uint(name.view(), static_cast<std::uint64_t>(value));
  }
  /// A duration, in milliseconds with three decimals.
  Line& field(Name name, std::chrono::nanoseconds value) { return add_ms(name.view(), value); }
  /// The field `request_id`, left out when empty.
  Line& request_id(std::string_view value) {
    return value.empty() ? *this : add_text("request_id", value);
  }
  /// The fields `trace_id` and `span_id`, left out when empty.
  Line& trace(std::string_view trace_id, std::string_view span_id);

 private:
  Line& add_text(std::string_view name, std::string_view value);
  Line& add_bool(std::string_view name, bool value);
  Line& add_int(std::string_view name, std::int64_t value);
  Line& add_uint(std::string_view name, std::uint64_t value);
  Line& add_ms(std::string_view name, std::chrono::nanoseconds value);

  Log* log_;                            // null when the level is off
  std::unique_ptr<LineWriter> writer_;  // null with it
};

/// The program's log, to stderr. Before start_process_log it has the default options; at exit it
/// is flushed and stops taking lines.
[[nodiscard]] Log& process_log();

/// Sets the options of the program's log. Once, from main, before the first line and before other
/// threads run; a later call stops the process.
void start_process_log(Options options);

// A line in the program's log: `log::info("jobs.run", "job finished").field("count", n);`
inline Line debug(Literal event, Literal message) {
  return process_log().line(Level::debug, event, message);
}
inline Line info(Literal event, Literal message) {
  return process_log().line(Level::info, event, message);
}
inline Line warn(Literal event, Literal message) {
  return process_log().line(Level::warn, event, message);
}
inline Line error(Literal event, Literal message) {
  return process_log().line(Level::error, event, message);
}

}  // namespace leadex::log
