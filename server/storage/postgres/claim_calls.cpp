#include "server/storage/postgres/claim_calls.hpp"

#include <functional>

#include "server/storage/postgres/binary_array.hpp"

namespace leadex::storage::postgres {

namespace {

// Of persons who are new: a third cheaper than to be ready for a row that is there. Were there one,
// its key would refuse the batch.
constexpr Statement kNewPersons{
    "lx_new_persons",
    "insert into leadex.person (market_id, digest, lead_no, seen_us, provisional_upload) select "
    "$1::int8, unnest($2::bytea[]), unnest($3::int8[]), unnest($4::int8[]), unnest($5::int8[])"};
// A claim past the look-back window may be taken over, and one of a lead that a newer one
// displaces; any other leaves the row count short.
constexpr Statement kPersons{
    "lx_persons",
    "insert into leadex.person as p (market_id, digest, lead_no, seen_us, provisional_upload) "
    "select $1::int8, unnest($2::bytea[]), unnest($3::int8[]), unnest($4::int8[]), "
    "unnest($5::int8[]) on conflict (market_id, digest) do update set lead_no = excluded.lead_no, "
    "seen_us = excluded.seen_us, provisional_upload = excluded.provisional_upload where p.seen_us "
    "< $6::int8 or p.lead_no = any($7::int8[])"};

// One clock for all markets, the database's: processes may have others.
#define LEADEX_NOW_US "(extract(epoch from clock_timestamp()) * 1000000)::int8"

// A market's own hold is made longer; another's only when it has lapsed.
constexpr Statement kHold{
    "lx_group_hold",
    "insert into leadex.group_hold as h (dedupe_group, digest, market_id, until_us) select "
    "$2::text, d, $1::int8, " LEADEX_NOW_US
    " + $4::int8 from unnest($3::bytea[]) as d on conflict (digest, dedupe_group) do update set "
    "market_id = excluded.market_id, until_us = excluded.until_us where h.market_id = "
    "excluded.market_id or h.until_us < " LEADEX_NOW_US " returning digest"};

// Behind `offset 0` persons, leads, sales and rests are read by their keys, one by one.
constexpr Statement kElsewhere{
    "lx_group_claims",
    "select w.digest from leadex.market m cross join unnest($3::bytea[]) as w(digest) cross join "
    "lateral (select seen_us from leadex.person where market_id = m.market_id and digest = "
    "w.digest offset 0) as p where m.dedupe_group = $2::text and m.market_id <> $1::int8 and "
    "p.seen_us >= $4::int8"};

// Withdrawn or expired; what rests comes back.
constexpr Statement kUnsold{
    "lx_unsold",
    "select w.no, l.tenant_no from unnest($2::int8[]) as w(no) cross join lateral (select state, "
    "tenant_no from leadex.lead where market_id = $1::int8 and lead_no = w.no offset 0) as l where "
    "l.state in (3, 4) and not exists (select from leadex.sale where market_id = $1::int8 and "
    "lead_no = w.no offset 0) and not exists (select from (select market_seq, dropped, withdrawn "
    "from leadex.lead_rest where market_id = $1::int8 and lead_no = w.no offset 0) as r where "
    "r.market_seq is null and not r.dropped and not r.withdrawn)"};
static_assert(static_cast<int>(market::LeadState::withdrawn) == 3 &&
              static_cast<int>(market::LeadState::expired) == 4);

// Rows are locked in the order in which holds are made, then found by their key once more.
#define LEADEX_MINE                                                                            \
  "delete from leadex.group_hold where dedupe_group = $2::text and digest = any(array(select " \
  "digest from leadex.group_hold where dedupe_group = $2::text and digest = any($3::bytea[]) " \
  "and market_id = $1::int8 order by digest for update))"
constexpr Statement kLetGo{"lx_group_let_go", LEADEX_MINE};
constexpr Statement kSpend{"lx_group_spend", LEADEX_MINE};

constexpr Statement kSweep{
    "lx_group_sweep",
    "delete from leadex.group_hold where until_us < " LEADEX_NOW_US
    " and digest = any(array(select digest from leadex.group_hold where until_us < " LEADEX_NOW_US
    " order by until_us limit $1::int8 for update skip locked))"};

constexpr std::int64_t kSweptMax = 1000;

std::string digest_list(std::vector<std::string> const& digests) {
  return column<Element::bytea>(digests, std::identity{});
}

}  // namespace

Call hold_call(std::int64_t market_id, std::string const& group,
               std::vector<std::string> const& digests) {
  return {&kHold,
          {int8_param(market_id), group, digest_list(digests), int8_param(kGroupHoldUs)},
          kAnyRows};
}

Call claimed_elsewhere_call(std::int64_t market_id, Lookups const& wanted) {
  return {&kElsewhere,
          {int8_param(market_id), wanted.group, digest_list(wanted.persons),
           int8_param(wanted.claimed_since_us)},
          kAnyRows};
}

Call unsold_call(std::int64_t market_id, std::vector<FoundPerson> const& persons) {
  return {&kUnsold,
          {int8_param(market_id),
           column<Element::int8>(persons, [](FoundPerson const& p) { return p.lead_no; })},
          kAnyRows};
}

Call let_go_call(std::int64_t market_id, std::string const& group,
                 std::vector<std::string> const& digests) {
  return {&kLetGo, {int8_param(market_id), group, digest_list(digests)}, kAnyRows};
}

Call sweep_holds_call() { return {&kSweep, {int8_param(kSweptMax)}, kAnyRows}; }

std::vector<Call> claim_calls(std::int64_t market_id, BatchRows const& rows,
                              ClaimGuard const& guard) {
  if (rows.persons.empty()) return {};
  using P = PersonRow const&;
  std::vector<PersonRow> first, again;
  for (auto const& person : rows.persons) (person.first ? first : again).push_back(person);
  auto const params = [&](std::vector<PersonRow> const& p) -> std::vector<std::string> {
    return {int8_param(market_id), column<Element::bytea>(p, [](P r) { return r.digest; }),
            column<Element::int8>(p, [](P r) { return r.lead_no; }),
            column<Element::int8>(p, [](P r) { return r.seen_us; }),
            column<Element::int8>(p, [](P r) { return r.provisional_upload; })};
  };
  std::vector<Call> calls;
  if (!first.empty()) calls.push_back({&kNewPersons, params(first), std::ssize(first)});
  if (!again.empty()) {
    Call call{&kPersons, params(again), std::ssize(again)};
    call.params.push_back(int8_param(rows.person_seen_before_us));
    call.params.push_back(
        column<Element::int8>(guard.displaced, [](std::int64_t no) { return no; }));
    calls.push_back(std::move(call));
  }
  if (!guard.group.empty()) {
    auto const digests = column<Element::bytea>(rows.persons, [](P r) { return r.digest; });
    calls.push_back(
        {&kSpend, {int8_param(market_id), guard.group, digests}, std::ssize(rows.persons)});
  }
  return calls;
}

}  // namespace leadex::storage::postgres
