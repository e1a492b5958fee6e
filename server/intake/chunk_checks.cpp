#include "server/intake/chunk_checks.hpp"

#include <algorithm>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <map>
#include <memory>
#include <set>

#include "matching/market/barred.hpp"
#include "server/intake/corrections.hpp"
#include "server/intake/lead_rows.hpp"
#include "server/intake/mail_check.hpp"

namespace leadex::intake {

namespace asio = boost::asio;
using asio::awaitable;
using storage::StoreError;

namespace {

/// A sound row that is refused after all. Its digests stay: it is kept, and found by them.
void refuse_row(DecodedRow& row, RowFault fault) {
  auto const& id = row.lead->at(Column::external_id);
  if (!id.empty()) row.external_id = id;
  row.lead.reset();
  row.faults = {std::move(fault)};
}

/// @param holder  whose list has the row's person
void keep_from(Chunk& chunk, DecodedRow& row, std::int64_t holder) {
  if (holder != market::kEverybody) {
    chunk.kept.emplace(row.row_no, holder);
  } else if (row.lead) {
    chunk.suppressed.insert_or_assign(row.row_no, kSuppressed);
  } else {
    row.own.clear();
    row.external_id.reset();
  }
}

}  // namespace

awaitable<Result<void, StoreError>> ChunkChecks::check(BatchId batch, Chunk& chunk) {
  auto const listed = co_await look_at_lists(chunk);
  if (!listed) co_return refuse(listed.error());
  auto const held = co_await find_do_not_call(chunk);
  if (!held) co_return refuse(held.error());
  if (services_.mail != nullptr) co_await check_mail(chunk);
  if (!request_.corrects) co_return Result<void, StoreError>{};
  co_return co_await refuse_uncalled(batch, chunk);
}

awaitable<void> ChunkChecks::check_mail(Chunk& chunk) {
  std::vector<DecodedRow*> sound;
  std::vector<CheckedLead*> leads;
  for (auto& row : chunk.rows) {
    if (!chunk.is_candidate(row)) continue;
    sound.push_back(&row);
    leads.push_back(&*row.lead);
  }
  auto const refused =
      co_await find_undeliverable(*services_.mail, std::move(leads), kMailWaitUpload);
  for (auto const place : refused) refuse_row(*sound[place], undeliverable_fault());
}

/// A refused row is brought again once: the first sound row that brings it has it, whatever the
/// market says of its person. Said in one transaction, so that two uploads never both have it, and
/// in a way that rows which come again after a cut find it theirs.
awaitable<Result<void, StoreError>> ChunkChecks::refuse_uncalled(BatchId batch, Chunk& chunk) {
  auto const wanted = std::make_shared<std::vector<WantedCorrection> const>(corrections_of(chunk));
  auto const first_row = chunk.rows.front().row_no;
  auto job = [refused = *request_.corrects, batch, wanted, first_row](storage::LotTx& tx) {
    return take_corrections(tx.own_rows(), refused, batch, *wanted, first_row);
  };
  auto const taken = co_await services_.store.transact(job);
  if (!taken) co_return refuse(taken.error());
  for (auto& row : chunk.rows) {
    if (!chunk.is_candidate(row) || taken->contains(row.row_no)) continue;
    refuse_row(row, {RowCode::not_refused_before, "",
                     "The batch before did not refuse such a row, or it was brought again."});
  }
  co_return Result<void, StoreError>{};
}

/// Those that no list of late can tell about are refused.
awaitable<Result<void, StoreError>> ChunkChecks::find_do_not_call(Chunk& chunk) {
  if (services_.do_not_call == nullptr) co_return Result<void, StoreError>{};
  std::vector<DecodedRow*> sound;
  std::vector<CheckedLead const*> leads;
  for (auto& row : chunk.rows) {
    if (!chunk.is_candidate(row)) continue;
    sound.push_back(&row);
    leads.push_back(&*row.lead);
  }
  auto const hits = co_await services_.do_not_call->find(request_.market->market_no(),
                                                         request_.settings->rules.version,
                                                         std::move(leads), services_.now());
  if (!hits) co_return refuse(hits.error());
  for (auto const& hit : *hits) {
    auto& row = *sound[hit.place];
    if (hit.code == RowCode::do_not_call) {
      chunk.suppressed.emplace(row.row_no, kDoNotCall);
    } else {
      refuse_row(row, do_not_call_fault(hit.code));
    }
  }
  co_return Result<void, StoreError>{};
}

/// Who comes onto a list later is withheld as the chunk is stored, and erased after it when that
/// was asked for (0028). Of a row that is refused anyway only what it says is not kept.
awaitable<Result<void, StoreError>> ChunkChecks::look_at_lists(Chunk& chunk) {
  auto const asked = std::make_shared<std::vector<std::string>>();
  for (auto const& row : chunk.rows) {
    asked->insert(asked->end(), row.digests.begin(), row.digests.end());
  }
  auto job = [asked](storage::LotTx& tx) { return tx.batches().look_at_lists(*asked); };
  auto const look = co_await services_.store.transact(job);
  if (!look) co_return refuse(look.error());
  chunk.lists_seen = look->seen;
  std::multimap<std::string_view, std::int64_t> listed;
  for (auto const& person : look->persons) listed.emplace(person.digest, person.tenant_no);
  for (auto& row : chunk.rows) {
    for (auto const& digest : row.digests) {
      auto const [from, until] = listed.equal_range(digest);
      for (auto at = from; at != until; ++at) keep_from(chunk, row, at->second);
    }
  }
  co_return Result<void, StoreError>{};
}

awaitable<Result<std::int64_t, StoreError>> ChunkChecks::count_known(Chunk const& chunk) {
  std::vector<storage::KnownPerson> persons;
  for (std::size_t i = 0; i < chunk.rows.size(); ++i) {
    if (!chunk.was_answered(i, market::Admission::duplicate_in_market)) continue;
    for (auto const& digest : chunk.rows[i].digests) {
      persons.push_back({static_cast<std::int64_t>(i), digest});
    }
  }
  if (persons.empty()) co_return std::int64_t{};
  auto job = [market = request_.market->market_no(), tenant = request_.tenant_no,
              persons = std::move(persons)](storage::LotTx& tx) {
    return tx.batches().known_from_others(market, tenant, persons);
  };
  co_return co_await services_.store.transact(job);
}

awaitable<Result<void, StoreError>> ChunkChecks::find_planted(Chunk& chunk) {
  if (!services_.planted.known) co_return Result<void, StoreError>{};
  auto const known = co_await services_.planted.known();
  if (!known) co_return refuse(known.error());
  if ((*known)->empty()) co_return Result<void, StoreError>{};
  for (auto const& row : chunk.rows) {
    for (auto const& digest : row.digests) {
      auto const found = (*known)->find(digest);
      if (found != (*known)->end()) chunk.planted.emplace(row.row_no, found->second);
    }
  }
  co_return Result<void, StoreError>{};
}

awaitable<Result<storage::NamedBuyers, StoreError>> ChunkChecks::find_named(Chunk const& chunk) {
  std::set<std::string> keys;
  for (auto const& row : chunk.rows) {
    if (!chunk.is_candidate(row)) continue;
    for (auto& key : company_keys(*row.lead)) keys.insert(std::move(key));
  }
  if (keys.empty()) co_return storage::NamedBuyers{};
  auto job = [wanted = std::vector<std::string>(keys.begin(), keys.end())](storage::LotTx& tx) {
    return tx.batches().buyers_named(wanted);
  };
  co_return co_await services_.store.transact(job);
}

}  // namespace leadex::intake
