// Do-not-call lists: staff bring a country's list as one body, which takes the place of the one in
// force in one step; and see which lists are in force and how old they are.

#include "server/intake/do_not_call.hpp"
#include "server/api/market_ref.hpp"
#include "server/api/v1/privacy_handlers.hpp"
#include "server/intake/do_not_call_file.hpp"
#include "server/json/time_text.hpp"

namespace leadex::api {

namespace {

constexpr std::size_t kReadBytes = 64ULL * 1024U;
constexpr std::size_t kChunkPhones = 5'000;
constexpr std::chrono::days kVersionAhead{1};  // it is tomorrow somewhere

void write_list(json::JsonWriter& out, storage::DoNotCallList const& list, Timestamp now) {
  auto const age = intake::do_not_call_age(list.version_at, now);
  auto const object = out.object();
  out.field("country", list.country);
  out.field("version_date",
            json::format_date(std::chrono::floor<std::chrono::days>(list.version_at)));
  out.field("phones", list.phones);
  out.field("loaded_at", list.loaded_at);
  out.field("age_days", std::int64_t{age.count()});
  out.field("stale", age > intake::kDoNotCallAgeMax);
}

ApiProblem body_problem(http::BodyError error) {
  switch (error) {
    case http::BodyError::too_large:
      return {Code::body_too_large, {}, {}, {}};
    case http::BodyError::too_slow:
      return {Code::body_too_slow, {}, {}, {}};
    case http::BodyError::disconnected:
    case http::BodyError::malformed:
      break;
  }
  return {Code::body_malformed, {}, {}, {}};
}

/// Stores what was read so far. @return phones in the list by now
asio::awaitable<Result<void, ApiProblem>> store_phones(storage::DoNotCallLists& lists,
                                                       std::int64_t load_no,
                                                       intake::DoNotCallFile& file,
                                                       std::int64_t& phones) {
  auto digests = std::exchange(file.digests(), {});
  if (digests.empty()) co_return Result<void, ApiProblem>{};
  auto const added = co_await lists.add(load_no, std::move(digests));
  if (!added) co_return refuse(problem_of(added.error()));
  phones += *added;
  if (phones > storage::kDoNotCallMax) co_return problem(Code::limit_reached);
  co_return Result<void, ApiProblem>{};
}

asio::awaitable<Result<std::int64_t, ApiProblem>> read_list(ApiCall& call,
                                                            storage::DoNotCallLists& lists,
                                                            std::int64_t load_no) {
  intake::DoNotCallFile file{call.ctx.keys};
  std::vector<char> buffer(kReadBytes);
  std::int64_t phones = 0;
  for (bool more = true; more;) {
    auto const got = co_await call.request.body->read_some(buffer);
    if (!got) co_return refuse(body_problem(got.error()));
    more = *got > 0;
    bool const good = more ? file.feed({buffer.data(), *got}) : file.finish();
    if (!good) {
      co_return invalid("", "phone_invalid",
                        "Line " + std::to_string(file.line()) +
                            " is neither a phone in E.164 with + nor a SHA-256 of one.");
    }
    if (more && file.digests().size() < kChunkPhones) continue;
    auto const stored = co_await store_phones(lists, load_no, file, phones);
    if (!stored) co_return refuse(stored.error());
  }
  if (phones == 0) co_return invalid("", "list_empty", "The list has no phone.");
  co_return phones;
}

/// A file that was cut at the end of a line looks like a list: one that would let go of more than
/// half of the phones has to be meant.
asio::awaitable<Result<void, ApiProblem>> check_size(ApiCall& call, storage::DoNotCallLists& lists,
                                                     std::int64_t phones) {
  if (call.query("shrink") == "true") co_return Result<void, ApiProblem>{};
  auto const in_force = co_await lists.lists();
  if (!in_force) co_return refuse(problem_of(in_force.error()));
  for (auto const& list : *in_force) {
    if (list.country == call.param("country") && phones < list.phones / 2) {
      co_return invalid("/query/shrink", "list_too_short",
                        "The list has less than half of the phones of the one in force; send it "
                        "with shrink=true if that is right.");
    }
  }
  co_return Result<void, ApiProblem>{};
}

asio::awaitable<ApiResult> bring(ApiCall& call, storage::DoNotCallLists& lists,
                                 std::int64_t load_no) {
  auto const phones = co_await read_list(call, lists, load_no);
  if (!phones) co_return refuse(phones.error());
  auto const meant = co_await check_size(call, lists, *phones);
  if (!meant) co_return refuse(meant.error());
  auto const done = co_await lists.put_in_force(load_no, *phones, call.principal.principal_no);
  if (!done) co_return refuse(problem_of(done.error()));
  if (!done->taken) co_return problem(Code::list_superseded);
  json::JsonWriter out;
  write_list(out, done->list, call.ctx.now());
  co_return answer(200, out);
}

}  // namespace

asio::awaitable<ApiResult> put_do_not_call(ApiCall& call, PrivacyServices const& services) {
  auto const day = json::parse_date(*call.query("version_date"));
  if (!day) co_return invalid("/query/version_date", "date_malformed", "Must be a day.");
  Timestamp const version_at = std::chrono::sys_days{*day};
  if (version_at > call.ctx.now() + kVersionAhead) {
    co_return invalid("/query/version_date", "time_out_of_range", "Is in the future.");
  }
  auto& lists = *services.do_not_call;
  auto const load = co_await lists.begin(std::string{call.param("country")}, version_at);
  if (!load) co_return refuse(problem_of(load.error()));
  auto done = co_await bring(call, lists, *load);
  // What stays behind when this fails too is swept after a day.
  if (!done) (void)co_await lists.give_up(*load);
  co_return done;
}

asio::awaitable<ApiResult> list_do_not_call(ApiCall& call, PrivacyServices const& services) {
  auto const lists = co_await services.do_not_call->lists();
  if (!lists) co_return refuse(problem_of(lists.error()));
  json::JsonWriter out;
  {
    auto const whole = out.object();
    auto const data = out.array("data");
    for (auto const& list : *lists) write_list(out, list, call.ctx.now());
  }
  co_return answer(200, out);
}

}  // namespace leadex::api
