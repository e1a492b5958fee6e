#include "server/app/claim_check.hpp"

#include <algorithm>
#include <stdexcept>

#include "matching/market/codec.hpp"
#include "server/app/judge_lot.hpp"
#include "server/app/record_verdict.hpp"
#include "server/privacy/lead_envelope.hpp"

namespace leadex::app {
namespace {

using boost::asio::awaitable;

constexpr int kExpireMax = 100;

struct Claimed {
  storage::SpotCheck check;
  storage::SealedLead lead;
};

/// What the claim needs to know of the lot or the posted lead that a check is about.
struct Subject {
  std::int64_t tenant_no{};  // generator
  bool waiting{};            // for verdicts
};

std::optional<Subject> subject_of(storage::LotTx& tx, storage::SpotCheck const& check) {
  if (storage::is_realtime(check)) {
    auto const lead = tx.realtime().lead_of(check.id);
    if (!lead) return std::nullopt;
    return Subject{lead->tenant_no, true};
  }
  auto const batch = tx.batches().find({check.id.market, check.batch_no}, {.staff = true});
  if (!batch) return std::nullopt;
  return Subject{batch->tenant_no, is_waiting(*batch)};
}

storage::AuditEntry reveal_entry(Subject const& subject, storage::SpotCheck const& check,
                                 Actor actor) {
  bool const posted = storage::is_realtime(check);
  auto const of_batch = posted ? std::string{} : ";batch_no=" + std::to_string(check.batch_no);
  return {.principal_no = actor.principal_no,
          .tenant_no = subject.tenant_no,
          .action = "contact.revealed",
          .object_kind = "lead",
          .object_market = check.id.market,
          .object_no = check.lead_no,
          .payload = "for=spot_check;check_no=" + std::to_string(check.id.no) + of_batch};
}

/// Whether this person judged the check before: a second opinion is another's.
bool gave_opinion(storage::LotTx& tx, CheckId check, Actor actor) {
  auto const opinions = tx.inspection().opinions(check);
  return std::ranges::any_of(opinions, [actor](storage::Opinion const& opinion) {
    return opinion.decided_by == actor.principal_no;
  });
}

Result<Claimed, LotRefusal> claim(storage::LotTx& tx, CheckId id, Actor actor) {
  auto& lots = tx.lots();
  lots.expire_leases(tx.now(), kExpireMax);
  auto check = lots.find_check_locked(id);
  if (!check) return refuse(LotRefusal::not_found);
  auto const subject = subject_of(tx, *check);
  if (!subject) return refuse(LotRefusal::not_found);
  if (check->status == storage::CheckStatus::done || !subject->waiting) {
    return refuse(LotRefusal::already_decided);
  }
  bool const held = check->status == storage::CheckStatus::claimed;
  if (held && check->claimed_by != actor.principal_no) return refuse(LotRefusal::already_claimed);
  auto const turn = tx.inspection().turn(id);
  if (turn.opinions > 1 && gave_opinion(tx, id, actor)) return refuse(LotRefusal::already_decided);
  if (turn.rest_until && *turn.rest_until > tx.now()) return refuse(LotRefusal::resting);
  auto const other = lots.check_held_by(actor.principal_no);
  if (other && other->id != id) return refuse(LotRefusal::holds_another);
  auto lead = lots.sealed_lead({id.market, check->lead_no});
  if (!lead) return refuse(LotRefusal::contact_gone);

  check->status = storage::CheckStatus::claimed;
  check->claimed_by = actor.principal_no;
  check->lease_until = tx.now() + kCheckLease;
  lots.claim(id, actor.principal_no, *check->lease_until);
  auto const entry = reveal_entry(*subject, *check, actor);
  tx.audit().append(id.market, {&entry, 1});
  return Claimed{std::move(*check), std::move(*lead)};
}

ClaimedCheck without_contact(Claimed const& claimed) {
  auto const& lead = claimed.lead;
  auto attributes = market::decode_value<std::vector<market::AttributeText>>(lead.attributes);
  if (!attributes) throw std::runtime_error("a lead holds attributes that cannot be read");
  return {claimed.check, {}, lead.version, std::move(*attributes)};
}

}  // namespace

awaitable<LotResult<LotAnswer<ClaimedCheck>>> claim_check(LotServices services, CheckId id,
                                                          Actor actor, LotOnce<ClaimedCheck> once) {
  LotOnce<Claimed> inner{once.key, [render = once.render](Claimed const& claimed) {
                           return render(without_contact(claimed));
                         }};
  auto job = [id, actor, inner](storage::LotTx& tx) {
    return run_once(tx, actor, inner, [&] { return claim(tx, id, actor); });
  };
  auto outcome = co_await services.store.transact(job);
  // Two claims of one person at once: the index that allows one open check per person decided.
  if (!outcome && outcome.error() == storage::StoreError::conflict) {
    co_return refuse(LotError{LotRefusal::holds_another});
  }
  auto claimed = flatten(std::move(outcome));
  if (!claimed) {
    if (claimed.error() == LotError{LotRefusal::contact_gone}) {
      // Should that fail, whoever claims it next gives it up.
      static_cast<void>(co_await give_up_erased(services, id, actor));
    }
    co_return refuse(claimed.error());
  }
  if (!claimed->fresh) {
    co_return LotAnswer<ClaimedCheck>{std::nullopt, std::move(claimed->kept)};
  }
  auto const& lead = claimed->fresh->lead;
  auto contact = privacy::open_contact(services.keys, {id.market, lead.lead_no},
                                       {lead.kek_id, lead.key_wrapped}, lead.contact_sealed);
  if (!contact) throw std::runtime_error("a sealed contact does not open");
  auto shown = without_contact(*claimed->fresh);
  shown.contact_json = std::move(*contact);
  co_return LotAnswer<ClaimedCheck>{std::move(shown), {}};
}

}  // namespace leadex::app
