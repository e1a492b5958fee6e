// Building batches: what waits is applied when a connection is free, and goes as one transaction.

#include <algorithm>
#include <boost/asio/post.hpp>
#include <chrono>

#include "billing/values/check.hpp"
#include "matching/market/barred.hpp"
#include "matching/market/held.hpp"
#include "server/market/actor.hpp"
#include "server/market/zone_windows.hpp"
#include "server/observe/log.hpp"

namespace leadex::market {

namespace asio = boost::asio;

namespace {

constexpr std::size_t kInFlightMax = 2;  // a third transaction on its way loses
constexpr std::size_t kBulkSlice = 64;
constexpr std::size_t kBulkSlicePressed = 16;  // while real-time commands take too long
constexpr std::int64_t kDayUs = 86'400'000'000;
constexpr std::size_t kRowsPerDecision = 8;  // of an admission, by their cost

/// What a submission weighs in a batch, in decisions.
std::size_t weight(Submission const& submission) {
  auto const rows = submission.admissions.size() + submission.withhold_persons.size();
  return 1 + rows / kRowsPerDecision;
}

}  // namespace

std::int64_t Actor::now_us() const {
  auto const now = std::chrono::duration_cast<std::chrono::microseconds>(
                       std::chrono::system_clock::now().time_since_epoch())
                       .count();
  return std::max<std::int64_t>(last_at_us_, now);
}

void Actor::pump() {
  while (state_ == State::running && in_flight_.size() < kInFlightMax) {
    Building building;
    building.rows.seq = seq_ + 1;
    books_.begin(building.rows);
    building.body.items = std::exchange(log_ahead_, {});
    auto const ahead = building.body.items.size();
    std::size_t bulk_taken = 0;
    bool taken = false;
    bool const pressed = pace_.pressed(Clock::now());
    while (building.decisions < options_.batch_decisions_max &&
           building.bytes < options_.batch_bytes_max) {
      auto const alone_before = !alone_.empty();
      auto item = next_item(building, bulk_taken, pressed);
      if (!item) break;
      taken = true;
      if (item->submission.lane == Lane::bulk) bulk_taken += weight(item->submission);
      apply(building, item);
      if (alone_before) break;
    }
    if (building.body.items.size() == ahead && !(ahead_due_ && ahead != 0)) {
      log_ahead_ = std::move(building.body.items);
      if (!taken) return;
      continue;  // what was taken left no entry: it was too late, or found nothing to do
    }
    ahead_due_ = false;
    log_ahead_bytes_ = 0;
    books_.finish();  // while the rows are where begin() found them
    seal_and_send(std::move(building));
  }
}

/// Real-time work first; bulk gets at most half a batch while real-time work waits, and little
/// while what waited lately waited too long: what comes next would wait for the whole batch.
Actor::ItemPtr Actor::next_item(Building const& building, std::size_t bulk_taken, bool pressed) {
  auto const take = [](std::deque<ItemPtr>& queue) {
    auto item = std::move(queue.front());
    queue.pop_front();
    return item;
  };
  if (!alone_.empty()) return building.items.empty() ? take(alone_) : nullptr;
  bool const half_full = building.decisions >= options_.batch_decisions_max / 2;
  auto const slice = pressed ? kBulkSlicePressed : kBulkSlice;
  bool const bulk_may = !bulk_.empty() && (bulk_taken < slice || (real_time_.empty() && !pressed));
  bool const bulk_had_share = bulk_taken >= options_.batch_decisions_max / 4;
  if (!real_time_.empty() && (!half_full || !bulk_may || bulk_had_share)) return take(real_time_);
  if (bulk_may) return take(bulk_);
  return real_time_.empty() ? nullptr : take(real_time_);
}

void Actor::apply(Building& building, ItemPtr const& item) {
  auto& submission = item->submission;
  if (Clock::now() > submission.deadline) {
    return finish(item, refuse(SubmitError::deadline_passed));
  }
  if (auto const once = happens_once(submission.command)) {
    // Twice the same: the money has moved already, though maybe not durably yet.
    bool const applied = applied_once_.contains(*once);
    if (!item->still_open || applied) {
      item->answer = Answer{.at_us = now_us()};
      if (applied && !building.items.empty()) return follow(building.items, item);
      if (applied && !in_flight_.empty()) return follow(in_flight_.back().items, item);
      return finish(item, std::move(item->answer));
    }
  }
  if (!charge_once(*item)) {
    // The first visit's id is told once that visit is durable.
    if (is_durable(*item)) return finish(item, std::move(item->answer));
    return follow(building.items.empty() ? in_flight_.back().items : building.items, item);
  }
  if (told_before(*item)) return finish(item, refuse(SubmitError::duplicate));
  if (noted_before(*item)) return finish(item, std::move(item->answer));
  if (!holds_well(*item)) return finish(item, refuse(SubmitError::busy));
  auto const persons_before = building.rows.persons.size();
  // Whom the exchange's own list has is refused as such, known here or not.
  bool const barred = std::ranges::find(item->withheld, kEverybody) != item->withheld.end();
  if (barred && held_lead(submission.command)) {
    // The engine is not asked of its person.
    item->answer = Answer{.at_us = now_us()};
    item->answer.outcome.refusal = Refusal::lead_unknown;
    return finish(item, std::move(item->answer));
  }
  if (!barred && !check_persons(building, *item)) {
    if (share(building, item)) return;
    return finish(item, refuse(SubmitError::duplicate));
  }
  if (!complete_rights(building, *item)) return answer_after_all(building, item);
  apply_command(building, item, submission.command);
  if (item->more) item->answer.outcome.more = true;
  if (item->answer.outcome.refusal == Refusal::none) {
    displace(building, *item);
    return claim_conversion(building, *item);
  }
  release_claims(building, persons_before);
}

void Actor::follow(std::vector<ItemPtr>& items, ItemPtr const& item) {
  item->follows = true;
  items.push_back(item);
}

/// What changes nothing leaves no trace, but who asked may rely on the tables: all that came before
/// is in them when the answer comes.
void Actor::answer_after_all(Building& building, ItemPtr const& item) {
  item->answer = Answer{.at_us = now_us()};
  if (!building.items.empty()) return follow(building.items, item);
  if (!in_flight_.empty()) return follow(in_flight_.back().items, item);
  finish(item, std::move(item->answer));
}

void Actor::apply_command(Building& building, ItemPtr const& item, Command const& command) {
  auto const at_us = now_us();
  last_at_us_ = at_us;
  roll_zones(building.body.items, command, at_us);
  auto applied = engine_.apply(from_unix_micros(at_us), command);
  bool const refused = applied.outcome.refusal != Refusal::none;
  if (auto const* configure = std::get_if<ConfigureMarket>(&command); configure && !refused) {
    std::shared_ptr<MarketSettings const> settings;
    {
      std::lock_guard const lock{published_};
      settings = versions_.at(configure->rules.version);
    }
    books_.use(settings);
    building.new_settings.push_back(settings);
    building.rows.market_version = configure->rules.version;
  }
  books_.write(item->submission, applied, at_us);
  if (std::holds_alternative<Tick>(command)) {
    bool const own = !item->done;
    if (own) tick_waiting_ = false;
    if (own && applied.outcome.more) {
      tick_waiting_ = true;
      this->own(Tick{}, Lane::bulk);
    }
  }
  if (applied.outcome.more) {
    auto const* sweep = std::get_if<SweepListings>(&command);
    auto const* upsert = std::get_if<UpsertCampaign>(&command);
    auto const* pause = std::get_if<PauseCampaign>(&command);
    auto const* fund = std::get_if<FundBudget>(&command);
    auto const campaign_no = sweep    ? sweep->campaign_no
                             : upsert ? upsert->campaign_no
                             : pause  ? pause->campaign_no
                             : fund   ? fund->budget.campaign_no
                                      : 0;
    if (campaign_no != 0) own(SweepListings{campaign_no}, Lane::bulk);
  }
  if (auto const once = happens_once(command); once && !refused) applied_once_.insert(*once);
  // The actor's own work that found nothing to do leaves no trace.
  bool const idle = !item->done && applied.effects.empty() && !applied.outcome.more &&
                    !std::holds_alternative<ConfigureMarket>(command);
  if (idle) return;
  note_click(building, *item, applied);
  if (std::holds_alternative<OfferClick>(command) && applied.effects.empty()) {
    item->answer.outcome = std::move(applied.outcome);  // nothing happened: nothing to wait for
    item->answer.at_us = at_us;
    return finish(item, std::move(item->answer));
  }

  item->answer.outcome = applied.outcome;
  item->answer.batch_seq = building.rows.seq;
  item->answer.n = static_cast<std::int32_t>(building.body.items.size());
  item->answer.at_us = at_us;
  if (auto const& claim = item->submission.idempotency) {
    building.rows.keys.push_back({static_cast<std::int32_t>(at_us / kDayUs), claim->account_no,
                                  claim->key, claim->body_hash,
                                  static_cast<std::int32_t>(claim->operation), item->answer.n});
  }
  building.decisions += weight(item->submission);
  building.bytes += 256 + item->submission.definition.size() +
                    (item->submission.lead ? item->submission.lead->contact_sealed.size() : 0);
  building.body.items.push_back(
      {at_us, command, std::move(applied.outcome), log_form(std::move(applied.effects))});
  building.items.push_back(item);
}

/// Claims the persons of a real-time lead, or decides row by row for an upload. Claims of batches
/// the look-up did not see are in memory.
bool Actor::check_persons(Building& building, Item& item) {
  auto& s = item.submission;
  if (s.persons.empty() && s.admissions.empty()) return true;
  std::shared_ptr<MarketSettings const> settings = this->settings();
  auto const at_us = now_us();
  auto const fresh_since = at_us - (settings ? settings->dedupe_us : 0);
  building.rows.person_seen_before_us = fresh_since;
  auto const* admit = std::get_if<AdmitRows>(&s.command);
  auto const own_upload = admit != nullptr ? admit->batch_no : 0;
  std::unordered_map<std::string, storage::FoundPerson const*> found;
  for (auto const& person : item.found) found[person.digest] = &person;
  auto const rules = duplicate_rules();
  building.guard.group = rules.group;
  auto const elsewhere = [&](std::string const& digest) {
    return std::ranges::binary_search(item.elsewhere, digest);
  };
  auto const holder = [&](std::string const& digest) -> std::int64_t {
    if (auto const recent = claims_.find(digest, item.looked_up_seq); recent != -1) return recent;
    auto const at = found.find(digest);
    if (at == found.end()) return -1;
    auto const by = at->second->provisional_upload;
    // Within one file a person comes once, however short the market's memory is.
    bool const own = own_upload != 0 && by == own_upload;
    return own || at->second->seen_us >= fresh_since ? by : -1;
  };
  auto const claim = [&](std::string const& digest, std::int64_t lead_no) {
    bool const twice = claims_.find(digest, building.rows.seq - 1) == own_upload;
    if (twice && admit != nullptr) return;  // in one row
    bool const first = !found.contains(digest) && claims_.find(digest, item.looked_up_seq) == -1;
    claims_.add(digest, own_upload, lead_no, building.rows.seq);
    building.rows.persons.push_back({digest, lead_no, at_us,
                                     own_upload != 0 ? std::optional{own_upload} : std::nullopt,
                                     first});
  };
  if (s.admissions.empty()) {
    auto const lead_no = brought_lead(s.command)->lead_no;
    // A lead that comes back, or was held, has its persons already, unless another took them over
    // meanwhile.
    auto const own = [&](std::string const& digest) {
      auto const* const recent = claims_.claim(digest, item.looked_up_seq);
      if (recent != nullptr) return recent->lead_no == lead_no;
      auto const at = found.find(digest);
      return at != found.end() && at->second->lead_no == lead_no;
    };
    std::set<std::int64_t> displaced;
    std::set<std::string> once(s.persons.begin(), s.persons.end());
    std::erase_if(once, own);
    // Only of what is durable: a claim under way is not yet anybody's to take.
    auto const displaces = [&](std::string const& digest) {
      if (rules.credit != storage::DuplicateCredit::last ||
          std::holds_alternative<RelistLead>(s.command) || s.lane == Lane::bulk ||  // it was held
          claims_.find(digest, item.looked_up_seq) != -1) {
        return false;
      }
      auto const earlier = found.at(digest)->lead_no;
      if (!displaceable(item, earlier)) return false;
      displaced.insert(earlier);
      return true;
    };
    for (auto const& digest : once) {
      if (elsewhere(digest)) return false;
      if (holder(digest) != -1 && !displaces(digest)) return false;
    }
    item.displaced.assign(displaced.begin(), displaced.end());
    for (auto const& digest : once) claim(digest, lead_no);
    return true;
  }
  auto counted = *admit;
  counted.accepted = counted.duplicate = 0;
  for (auto const& row : s.admissions) {
    auto verdict = Admission::accepted;
    for (auto const& digest : row.digests) {
      auto const by = holder(digest);
      if (by == -1) {
        if (elsewhere(digest)) verdict = Admission::duplicate_in_market;
        continue;
      }
      verdict = by == own_upload ? Admission::duplicate_in_batch : Admission::duplicate_in_market;
      if (verdict == Admission::duplicate_in_batch) break;
    }
    item.answer.admissions.push_back(verdict);
    if (verdict == Admission::accepted) {
      ++counted.accepted;
      for (auto const& digest : row.digests) claim(digest, row.lead_no);
    } else {
      ++counted.duplicate;
    }
  }
  s.command = counted;
  // A posted lead that is held comes with its rows: there is no lead without its persons.
  return !s.lead || counted.accepted > 0;
}

/// Puts into the command whom a lead is kept from and which leads persons have, so that the log
/// says it and a replay needs no lists. @return whether there is something to say
bool Actor::complete_rights(Building& building, Item& item) {
  auto& command = item.submission.command;
  if (auto* const withhold = std::get_if<WithholdLeads>(&command)) {
    return find_leads(building, item, *withhold);
  }
  auto* const offer = brought_lead(command);
  if (offer == nullptr) return true;
  auto const ahead = ahead_.take(offer->lead_no);
  if (item.withheld.empty() && ahead.empty()) return true;
  std::set<std::int64_t> buyers(offer->withheld.begin(), offer->withheld.end());
  buyers.insert(item.withheld.begin(), item.withheld.end());
  buyers.insert(ahead.begin(), ahead.end());
  offer->withheld.assign(buyers.begin(), buyers.end());
  return true;
}

/// The leads of persons that a buyer has put on its list: of what was looked up, earlier ones too,
/// and of what was claimed since. Whoever comes later was looked up later, and found the list as it
/// is now. A lead that the engine does not know yet has its row here; memory keeps it for an offer
/// that was read before. What is more than a command takes is for whoever asks again.
/// @return whether there are any that the buyer may still get
bool Actor::find_leads(Building& building, Item& item, WithholdLeads& command) {
  if (item.submission.withhold_persons.empty()) {
    if (command.buyer_no != kEverybody) return true;
    for (auto const lead_no : command.lead_nos) {
      if (engine_.listing(lead_no) == nullptr) ahead_.add(lead_no, kEverybody);
    }
    return true;
  }
  std::map<std::int64_t, bool> leads;  // whether it is to come
  for (auto const& lead : item.leads) leads[lead.lead_no] = lead.to_come;
  for (auto const& digest : item.submission.withhold_persons) {
    auto const* const claim = claims_.claim(digest, item.looked_up_seq);
    if (claim != nullptr) leads[claim->lead_no] = claim->upload != 0;
  }
  command.lead_nos.clear();
  auto const rows_before = building.rows.withheld.size();
  for (auto const& [lead_no, to_come] : leads) {
    auto const* const listing = engine_.listing(lead_no);
    bool const open = listing != nullptr && !listing->withheld_from(command.buyer_no);
    if (open) command.lead_nos.push_back(lead_no);
    if (listing != nullptr || !to_come) continue;
    building.rows.withheld.push_back({lead_no, command.buyer_no});
    ahead_.add(lead_no, command.buyer_no);
  }
  item.more = command.lead_nos.size() > kWithholdMax;
  if (item.more) command.lead_nos.resize(kWithholdMax);
  return !command.lead_nos.empty() || building.rows.withheld.size() != rows_before;
}

/// A refused command claims nobody.
void Actor::release_claims(Building& building, std::size_t persons_before) {
  auto& persons = building.rows.persons;
  for (std::size_t i = persons_before; i < persons.size(); ++i) claims_.forget(persons[i].digest);
  persons.resize(persons_before);
}

/// Tells the engine the windows of zones whose hour is over, and of one it has not met.
void Actor::roll_zones(std::vector<CommitItem>& log, Command const& command, std::int64_t at_us) {
  auto const tell = [&](std::string const& zone) {
    auto const set = zone_windows(zone, at_us);
    if (!set) return;
    auto applied = engine_.apply(from_unix_micros(at_us), *set);
    log.push_back({at_us, *set, std::move(applied.outcome), log_form(std::move(applied.effects))});
  };
  bool known = false;
  auto const* upsert = std::get_if<UpsertCampaign>(&command);
  for (auto const& [zone, end_us] : engine_.zones()) {
    if (end_us <= at_us) tell(zone);
    known = known || (upsert != nullptr && upsert->terms.zone == zone);
  }
  if (upsert != nullptr && !known) tell(upsert->terms.zone);
}

void Actor::seal_and_send(Building building) {
  building.rows.at_us = last_at_us_;
  building.body.numbers = engine_.numbers();
  building.rows.body = encode_value(building.body);
  InFlight batch;
  batch.prepared = store_.prepare(market_no_, building.rows, building.guard, hash_);
  batch.items = std::move(building.items);
  batch.command_no = engine_.command_no();
  batch.new_settings = std::move(building.new_settings);
  seq_ = building.rows.seq;
  hash_ = batch.prepared->hash();
  auto const prepared = batch.prepared;
  in_flight_.push_back(std::move(batch));
  pipeline_->submit(prepared, epoch_);
}

}  // namespace leadex::market
