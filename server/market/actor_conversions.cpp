// Conversions: a buyer names each transaction once, and each event of a click is noted once. What
// was looked up says so, joined with what was applied since.

#include <algorithm>

#include "server/market/actor.hpp"

namespace leadex::market {

namespace {

/// Longer than the digest of a person, whatever the words, so that it is never one.
std::string claim_of(storage::Transaction const& named) {
  return "conversion/transaction/" + std::to_string(named.buyer_no) + '/' + named.id;
}

}  // namespace

/// Whether the command is a conversion whose transaction is told of already.
bool Actor::told_before(Item const& item) const {
  auto const named = transaction_of(item.submission.command);
  if (!named) return false;
  return item.transaction_known || claims_.find(claim_of(*named), item.looked_up_seq) != -1;
}

/// Each event of a click is noted once; and only so many. Then the answer says so.
bool Actor::noted_before(Item& item) const {
  auto const* const note = std::get_if<NoteConversion>(&item.submission.command);
  if (note == nullptr) return false;
  auto noted = item.noted;
  notes_.find(note->click_no, item.looked_up_seq, noted);
  bool const known = std::find(noted.begin(), noted.end(), note->event) != noted.end();
  if (!known && noted.size() < storage::kNotedEventsMax) return false;
  item.answer = Answer{.at_us = now_us()};
  item.answer.outcome.refusal = known ? Refusal::already_converted : Refusal::limit_reached;
  return true;
}

/// Remembers a conversion that was applied, until every look-up sees it.
void Actor::claim_conversion(Building const& building, Item const& item) {
  auto const& command = item.submission.command;
  auto const seq = building.rows.seq;
  if (auto const named = transaction_of(command); named && uses_transaction_up(command)) {
    claims_.add(claim_of(*named), 0, 0, seq);
  }
  if (auto const* note = std::get_if<NoteConversion>(&command)) {
    notes_.add(note->click_no, note->event, seq);
  }
}

}  // namespace leadex::market
