#pragma once
// FormStore: hosted forms with their versions, what was sent in by their pages, and the counts of
// what came of them. Coroutines of any executor; each call is one transaction.

#include <array>
#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "billing/values/ids.hpp"
#include "billing/values/result.hpp"
#include "billing/values/time.hpp"
#include "server/storage/numbers.hpp"
#include "server/storage/store_error.hpp"
#include "server/storage/viewer.hpp"

namespace leadex::storage {

using FormId = Id<struct FormTag>;
/// Numbers of forms, per market; stored like the others of NumberKind.
inline constexpr auto kFormNumbers = static_cast<NumberKind>(31);

struct Form {
  FormId id;
  std::string market;  // its name; set by reads
  std::int64_t generator_no{};
  std::int32_t version{};
  std::string definition;  // of the version, JSON as accepted
  bool paused{};
  bool suspended{};  // its generator's account
  Timestamp created_at{};
};

struct FormCursor {
  std::int64_t created_us{};
  MarketNo market{};
  std::int64_t form_no{};
};
struct FormFilter {
  std::optional<FormCursor> before;
  std::optional<MarketNo> market;
  int limit = 50;
};

/// What happens to a form. The numbers are stored: new ones go at the end.
enum class FormStep : std::uint8_t {
  visit = 0,      // the page was asked for
  submit = 1,     // sent in, whatever came of it
  fault = 2,      // and shown again, with what is wrong
  waiting = 3,    // for its confirmation
  confirmed = 4,  // by the link in the mail
  lead = 5,       // taken by the market
  sold = 6,       // at once
  refused = 7,    // a person who is known or on a list
};
inline constexpr std::array<std::string_view, 8> kFormStepTexts{
    "visits", "submits", "faults", "waiting", "confirmed", "leads", "sold", "refused"};

/// One more or many of a step on a UTC day.
struct FormCount {
  FormId form;
  std::int32_t day{};  // since 1970
  FormStep step{};
  std::int64_t n{};
};

/// Names a page that was given out.
struct PageKey {
  FormId form;
  std::string token;  // 16 bytes
};

/// What a page sent in. Without `sealed` it waits for nothing.
struct FormSubmission {
  PageKey page;
  std::string body;  // 32 bytes, keyed hash
  Timestamp sent_at{};
  std::optional<std::string> sealed;
  std::string address;  // 16 bytes, keyed hash of the e-mail; only with `sealed`
};

enum class Taken : std::uint8_t {
  fresh,     // now kept
  repeated,  // the same was sent by this page before
  used,      // the page has sent something else
};

struct FormWaiting {
  PageKey page;
  Timestamp sent_at{};
  std::optional<std::string> sealed;  // none once it is confirmed
  bool confirmed{};
  int tries{};  // of its mail
};

class FormStore {
 public:
  virtual ~FormStore() = default;
  template <class T>
  using Later = boost::asio::awaitable<Result<T, StoreError>>;

  /// With version 1; always true.
  [[nodiscard]] virtual Later<bool> insert(Form form) = 0;
  [[nodiscard]] virtual Later<std::vector<Form>> list(Viewer viewer, FormFilter filter) = 0;
  [[nodiscard]] virtual Later<std::optional<Form>> find(Viewer viewer, FormId id) = 0;
  /// Whosever it is: for a visitor. @param version  0: the one that is shown
  [[nodiscard]] virtual Later<std::optional<Form>> visited(FormId id, std::int32_t version) = 0;
  /// Another state, another version, or both; the row as it is then, if the viewer has it.
  [[nodiscard]] virtual Later<std::optional<Form>> change(Viewer viewer, FormId id,
                                                          std::optional<bool> paused,
                                                          std::optional<std::string> definition,
                                                          Timestamp now) = 0;

  /// Keeps it. One that waits gets a mail, unless its address got one on this UTC day.
  [[nodiscard]] virtual Later<Taken> take(FormSubmission submission) = 0;
  [[nodiscard]] virtual Later<std::optional<FormWaiting>> waiting(PageKey page) = 0;
  /// Forgets what was sealed. @return whether it was not confirmed before
  [[nodiscard]] virtual Later<bool> confirm(PageKey page, Timestamp now) = 0;
  /// Whose mail is due, those that wait longest first; they are due again after `again_after`.
  [[nodiscard]] virtual Later<std::vector<FormWaiting>> due_mails(Timestamp now,
                                                                  std::chrono::seconds again_after,
                                                                  int limit) = 0;
  /// Its mail went out, or is given up; always true.
  [[nodiscard]] virtual Later<bool> mailed(PageKey page, bool sent) = 0;
  /// What is older, with the days of the mails before it. @return how many submissions
  [[nodiscard]] virtual Later<std::int64_t> forget_before(Timestamp oldest) = 0;

  /// Adds to the counts; always true.
  [[nodiscard]] virtual Later<bool> add(std::vector<FormCount> counts) = 0;
  /// By day, then by step. @param from_day, to_day  both included
  [[nodiscard]] virtual Later<std::vector<FormCount>> counts(FormId id, std::int32_t from_day,
                                                             std::int32_t to_day) = 0;
};

}  // namespace leadex::storage
