#include "server/observe/log.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <condition_variable>
#include <cstdlib>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>

#include "billing/values/check.hpp"
#include "server/observe/line_writer.hpp"

namespace leadex::log {

namespace {

constexpr std::array<std::string_view, 5> kLevelTexts{"debug", "info", "warn", "error", "off"};

/// How long the first line of a write waits for others: at many lines a second nobody pays for
/// waking the writer line by line.
constexpr std::chrono::milliseconds kGather{5};

void write_to_stderr(std::string_view text) {
  while (!text.empty()) {
    auto const written = ::write(STDERR_FILENO, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;  // nobody reads stderr any more: there is no better place to say so
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

}  // namespace

std::string_view text(Level level) { return kLevelTexts.at(static_cast<std::size_t>(level)); }

std::optional<Level> level_from_text(std::string_view name) {
  auto const at = std::ranges::find(kLevelTexts, name);
  if (at == kLevelTexts.end()) return std::nullopt;
  return static_cast<Level>(at - kLevelTexts.begin());
}

/// The queue and its counters. Shared by Log and its thread: when a sink is stuck at the end, Log
/// leaves the thread behind and this stays alive for it.
struct Log::State {
  std::mutex mutex;
  std::condition_variable work;
  std::condition_variable written;
  std::deque<std::string> queue;
  std::size_t queue_max{};
  std::uint64_t queued_total{};
  std::uint64_t written_total{};
  std::uint64_t dropped_total{};
  std::uint64_t dropped_told{};
  int flushing{};  // callers that wait for what is queued
  bool idle{};     // the thread waits for a first line
  bool stopping{};
  bool stopped{};
  Format format{};
  std::function<void(std::string_view)> sink;

  [[nodiscard]] bool must_write_now() const {
    return stopping || flushing > 0 || queue.size() >= (queue_max + 1) / 2;
  }

  /// Writes queued lines until told to stop and nothing is left. One call to the sink per wake-up
  /// keeps the lines whole and the system calls few.
  void run() {
    std::unique_lock lock{mutex};
    for (;;) {
      idle = true;
      work.wait(lock, [this] { return stopping || !queue.empty(); });
      idle = false;
      if (queue.empty()) break;
      work.wait_for(lock, kGather, [this] { return must_write_now(); });
      auto const lines = std::exchange(queue, {});
      auto const lost = dropped_total - std::exchange(dropped_told, dropped_total);
      lock.unlock();
      std::string text;
      for (auto const& line : lines) text += line;
      if (lost > 0) text += dropped_line(lost);
      sink(text);
      lock.lock();
      written_total += lines.size();
      written.notify_all();
    }
    stopped = true;
    written.notify_all();
  }

  [[nodiscard]] std::string dropped_line(std::uint64_t lost) const {
    LineWriter writer{format, Level::warn, "log.dropped", "log lines dropped, the queue was full"};
    writer.add_uint("count", lost);
    return std::move(writer).finish();
  }
};

Log::Log(Options options)
    : level_{options.level},
      format_{options.format},
      flush_timeout_{options.flush_timeout},
      state_{std::make_shared<State>()} {
  state_->queue_max = std::max<std::size_t>(options.queue_lines_max, 1);
  state_->format = options.format;
  state_->sink = options.sink ? std::move(options.sink) : write_to_stderr;
  std::thread{[state = state_] { state->run(); }}.detach();
}

Log::~Log() { stop(); }

void Log::stop() {
  std::unique_lock lock{state_->mutex};
  state_->stopping = true;
  state_->work.notify_one();
  state_->written.wait_for(lock, flush_timeout_, [this] { return state_->stopped; });
}

Line Log::line(Level level, Literal event, Literal message) {
  return Line{enabled(level) ? this : nullptr, format_, level, event.view(), message.view()};
}

void Log::submit(std::string line) {
  bool wake = false;
  {
    std::lock_guard const lock{state_->mutex};
    if (state_->stopping || state_->queue.size() >= state_->queue_max) {
      ++state_->dropped_total;
      return;
    }
    state_->queue.push_back(std::move(line));
    ++state_->queued_total;
    wake = std::exchange(state_->idle, false) || state_->must_write_now();
  }
  if (wake) state_->work.notify_one();
}

bool Log::flush(std::chrono::milliseconds timeout) {
  std::unique_lock lock{state_->mutex};
  auto const target = state_->queued_total;
  ++state_->flushing;
  state_->work.notify_one();
  bool const all =
      state_->written.wait_for(lock, timeout, [&] { return state_->written_total >= target; });
  --state_->flushing;
  return all;
}

std::uint64_t Log::dropped() const {
  std::lock_guard const lock{state_->mutex};
  return state_->dropped_total;
}

Line::Line(Log* log, Format format, Level level, std::string_view event, std::string_view message)
    : log_{log} {
  if (log_ != nullptr) writer_ = std::make_unique<LineWriter>(format, level, event, message);
}

Line::~Line() {
  if (log_ != nullptr) log_->submit(std::move(*writer_).finish());
}

Line& Line::trace(std::string_view trace_id, std::string_view span_id) {
  if (!trace_id.empty()) add_text("trace_id", trace_id);
  if (!span_id.empty()) add_text("span_id", span_id);
  return *this;
}

Line& Line::add_text(std::string_view name, std::string_view value) {
  if (writer_) writer_->add_text(name, value);
  return *this;
}

Line& Line::add_bool(std::string_view name, bool value) {
  if (writer_) writer_->add_bool(name, value);
  return *this;
}

Line& Line::add_int(std::string_view name, std::int64_t value) {
  if (writer_) writer_->add_int(name, value);
  return *this;
}

Line& Line::add_uint(std::string_view name, std::uint64_t value) {
  if (writer_) writer_->add_uint(name, value);
  return *this;
}

Line& Line::add_ms(std::string_view name, std::chrono::nanoseconds value) {
  if (writer_) writer_->add_ms(name, value);
  return *this;
}

namespace {

std::atomic<bool> process_log_made{false};

/// Never destroyed, since threads may log until the very end; stopped and flushed at exit.
Log* make_process_log(Options options) {
  process_log_made = true;
  auto* const made = new Log{std::move(options)};
  std::atexit([] { process_log().stop(); });
  return made;
}

Options& process_options() {
  static Options options;
  return options;
}

}  // namespace

Log& process_log() {
  static Log* const log = make_process_log(process_options());
  return *log;
}

void start_process_log(Options options) {
  LEADEX_CHECK(!process_log_made);
  process_options() = std::move(options);
  (void)process_log();
}

}  // namespace leadex::log
