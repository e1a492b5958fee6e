#include "server/app/planted_contacts.hpp"

#include "billing/values/check.hpp"
#include "server/app/open_fraud_case.hpp"
#include "server/observe/log.hpp"
#include "server/privacy/sealed_value.hpp"

namespace leadex::app {

namespace {

constexpr std::size_t kNoteBytesMax = 2000;
constexpr std::int64_t kWhole = 1'000'000;

privacy::SealPlace place_of(crypto::Bytes const& row) {
  return {"planted_contact", 0, row, "note_sealed"};
}

AppResult<void> check(PlatformTx& tx, NewPlantedContact const& wanted) {
  if (wanted.note.empty() || wanted.note.size() > kNoteBytesMax) {
    return fail(AppCode::validation_failed, "The planted contact has faults.",
                {{"/note", "text_invalid", "must have 1 to 2000 bytes"}});
  }
  if (wanted.given_to != 0 && !tx.tenants().find(wanted.given_to)) {
    return fail(AppCode::validation_failed, "The planted contact has faults.",
                {{"/given_to", "unknown_account", "There is no such account."}});
  }
  if (tx.planted().in_use() >= storage::kPlantedMax) {
    return fail(AppCode::wrong_state, "10000 planted contacts are in use.");
  }
  return {};
}

storage::NewFraudCase case_of(storage::PlantedHit const& hit, Timestamp now) {
  auto const day = std::chrono::floor<std::chrono::days>(now).time_since_epoch().count();
  return {.market = hit.market,
          .generator_no = hit.generator_no,
          .batch_no = hit.batch_no,
          .posted_day = hit.batch_no == 0 ? static_cast<std::int32_t>(day) : 0,
          .planted_no = hit.planted_no,
          .lead_no = hit.lead_no,
          .finding = {.signal = quality::LotSignal::planted_contact,
                      .leads = 1,
                      .events = 1,
                      .rate_ppm = kWhole,
                      .rate_low_ppm = kWhole,
                      .rate_high_ppm = kWhole,
                      .confidence_ppm = kWhole}};
}

std::int64_t open_cases(PlatformTx& tx, std::vector<storage::PlantedHit> const& hits) {
  std::int64_t opened = 0;
  for (auto const& hit : hits) {
    auto const found = tx.planted().find(hit.planted_no);
    LEADEX_CHECK(found.has_value());
    // Who was given it may well bring it.
    if (found->planted.given_to == hit.generator_no) continue;
    auto const found_case = case_of(hit, tx.now());
    if (open_fraud_case(tx, found_case)) {
      ++opened;
    } else if (hit.lead_no != 0) {
      tx.fraud().show_lead(found_case);
    }
  }
  return opened;
}

}  // namespace

AppResult<storage::Planted> plant_contact(AppTools const& tools, PlatformTx& tx,
                                          Principal const& actor, NewPlantedContact const& wanted) {
  LEADEX_CHECK(wanted.email.has_value() || wanted.phone.has_value());
  if (auto allowed = require_admin(actor); !allowed) return refuse(allowed.error());
  if (auto sound = check(tx, wanted); !sound) return refuse(sound.error());
  auto const number = tx.next_number(0, storage::NumberKind::planted_contact);
  auto const row = privacy::row_key(number);
  storage::NewPlanted const planted{
      .planted_no = number,
      .email = wanted.email,
      .phone = wanted.phone,
      .market = wanted.market,
      .given_to = wanted.given_to,
      .note_sealed = privacy::SecretBox(tools.ring).seal(place_of(row), wanted.note),
      .planted_by = actor.principal_no};
  if (!tx.planted().plant(planted, tx.now())) {
    return fail(AppCode::wrong_state, "This contact is planted already.");
  }
  audit(tx, actor.principal_no, "planted_contact.planted", {0, "planted_contact", number},
        AuditPayload{}.add("market", std::int64_t{wanted.market}).add("given_to", wanted.given_to));
  auto found = tx.planted().find(number);
  LEADEX_CHECK(found.has_value());
  return std::move(*found);
}

AppResult<storage::Planted> retire_contact(PlatformTx& tx, Principal const& actor,
                                           std::int64_t planted_no) {
  if (auto allowed = require_admin(actor); !allowed) return refuse(allowed.error());
  if (!tx.planted().find(planted_no)) return fail(AppCode::not_found, "There is none.");
  if (!tx.planted().retire(planted_no, actor.principal_no, tx.now())) {
    return fail(AppCode::wrong_state, "This contact was retired before.");
  }
  audit(tx, actor.principal_no, "planted_contact.retired", {0, "planted_contact", planted_no},
        AuditPayload{});
  auto found = tx.planted().find(planted_no);
  LEADEX_CHECK(found.has_value());
  return std::move(*found);
}

std::string planted_note(privacy::KeyRing const& ring, std::int64_t planted_no,
                         std::string_view sealed) {
  auto const row = privacy::row_key(planted_no);
  auto const opened = privacy::SecretBox(ring).open(place_of(row), std::string{sealed});
  LEADEX_CHECK(opened.has_value());
  return std::string{opened->view()};
}

boost::asio::awaitable<Result<storage::PlantedSet, storage::StoreError>> PlantedContacts::known() {
  auto const before = kept();
  if (before.set != nullptr && Clock::now() < before.until) co_return before.set;
  auto read = co_await database_.transact([](PlatformTx& tx) { return tx.planted().digests(); });
  if (!read) co_return refuse(read.error());
  auto set = std::make_shared<std::map<std::string, std::int64_t> const>(std::move(*read));
  std::lock_guard const lock(guard_);
  // Unless something changed since it began to be read.
  if (kept_.changes == before.changes) kept_ = {set, Clock::now() + kKept, before.changes};
  co_return set;
}

boost::asio::awaitable<Result<void, storage::StoreError>> PlantedContacts::report(
    std::vector<storage::PlantedHit> hits) {
  auto const opened = co_await database_.transact(
      [hits = std::move(hits)](PlatformTx& tx) { return open_cases(tx, hits); });
  if (!opened) co_return refuse(opened.error());
  if (*opened > 0) {
    log::info("fraud.planted", "planted contacts came in").field("cases", *opened);
  }
  co_return Result<void, storage::StoreError>{};
}

void PlantedContacts::forget() {
  std::lock_guard const lock(guard_);
  kept_.set = nullptr;
  ++kept_.changes;
}

PlantedContacts::Kept PlantedContacts::kept() {
  std::lock_guard const lock(guard_);
  return kept_;
}

}  // namespace leadex::app
