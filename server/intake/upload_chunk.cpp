#include "server/intake/upload_chunk.hpp"

#include <algorithm>

#include "billing/values/check.hpp"
#include "server/intake/do_not_call.hpp"
#include "server/intake/lead_rows.hpp"
#include "server/intake/own_rows.hpp"

namespace leadex::intake {

using storage::RowOutcome;

namespace {

std::optional<std::string> shown_id(DecodedRow const& row) {
  auto const& id = row.lead->at(Column::external_id);
  return id.empty() ? std::nullopt : std::optional{id};
}

void add_suppressed(std::vector<storage::RowReject>& rejects, DecodedRow const& row,
                    std::string_view code) {
  auto const listed = do_not_call_fault(RowCode::do_not_call);
  bool const called = code == kDoNotCall;
  rejects.push_back(
      {row.row_no, 0, RowOutcome::suppressed, std::string{code}, called ? listed.pointer : "",
       called ? std::string{listed.detail} : "This person may not be traded.", shown_id(row)});
}

void add_lead(storage::UploadChunk& rows, privacy::KeyRing const& ring, Chunk const& chunk,
              std::size_t i, ChunkPlace const& at) {
  auto const& row = chunk.rows[i];
  LeadPlace const place{.id = {at.batch.market, chunk.first_no + static_cast<std::int64_t>(i)},
                        .batch_no = at.batch.no,
                        .row_no = row.row_no,
                        .tenant_no = at.tenant_no,
                        .version = at.settings->rules.version,
                        .ask = at.ask,
                        .named_for = buyers_of(company_keys(*row.lead), at.named),
                        .settings = at.settings,
                        .arrived_at = at.arrived_at,
                        .taxonomy = at.rules.taxonomy,
                        .planted = chunk.is_planted(row)};
  rows.leads.push_back(make_new_lead(ring, *row.lead, place));
  for (auto const& digest : row.digests) rows.persons.push_back({place.id.no, digest});
  for (auto kept = chunk.kept.lower_bound({row.row_no, 0});
       kept != chunk.kept.end() && kept->first == row.row_no; ++kept) {
    rows.kept.push_back({place.id.no, kept->second});
  }
}

}  // namespace

void add_reject(std::vector<storage::RowReject>& rejects, DecodedRow const& row) {
  for (std::size_t i = 0; i < row.faults.size(); ++i) {
    auto const& fault = row.faults[i];
    rejects.push_back({row.row_no, static_cast<std::int32_t>(i), RowOutcome::rejected,
                       std::string{to_string(fault.code)}, fault.pointer, std::string{fault.detail},
                       row.external_id,
                       i < row.own_columns.size() ? row.own_columns[i] : std::nullopt});
  }
}

void add_duplicate(std::vector<storage::RowReject>& rejects, DecodedRow const& row,
                   market::Admission answer) {
  bool const of_batch = answer == market::Admission::duplicate_in_batch;
  rejects.push_back({row.row_no, 0, RowOutcome::duplicate,
                     of_batch ? "duplicate_in_batch" : "duplicate_in_market", "",
                     of_batch ? "An earlier row of this file has the same e-mail or phone."
                              : "The market has had the same e-mail or phone lately.",
                     shown_id(row)});
}

storage::UploadChunk seal_chunk(privacy::KeyRing const& ring, Chunk const& chunk,
                                ChunkPlace const& place) {
  storage::UploadChunk rows;
  rows.first_no = chunk.first_no;
  rows.bytes_read = chunk.bytes;
  rows.lists_seen = chunk.lists_seen;
  rows.counts.read = std::ssize(chunk.rows);
  for (std::size_t i = 0; i < chunk.rows.size(); ++i) {
    auto const& row = chunk.rows[i];
    if (chunk.is_accepted(i)) {
      ++rows.counts.accepted;
      add_lead(rows, ring, chunk, i, place);
      continue;
    }
    if (row.lead && !chunk.is_candidate(row)) {  // who may not be traded is not kept either
      ++rows.counts.suppressed;
      add_suppressed(rows.rejects, row, chunk.suppressed.at(row.row_no));
      continue;
    }
    if (row.lead) {
      ++rows.counts.duplicate;
      add_duplicate(rows.rejects, row, chunk.admissions[i]);
    } else {
      ++rows.counts.rejected;
      add_reject(rows.rejects, row);
    }
    if (place.own_key == nullptr || row.own.empty()) continue;
    rows.own_rows.push_back(
        {row.row_no, seal_own_row(*place.own_key, place.batch, row.row_no, row.own), row.digests});
  }
  return rows;
}

std::vector<storage::PlantedHit> planted_hits(Chunk const& chunk, BatchId batch,
                                              std::int64_t tenant_no) {
  std::vector<storage::PlantedHit> hits;
  for (auto const& [row_no, planted_no] : chunk.planted) {
    auto const row = std::ranges::find(chunk.rows, row_no, &DecodedRow::row_no);
    LEADEX_CHECK(row != chunk.rows.end());
    auto const i = row - chunk.rows.begin();
    bool const becomes_lead = chunk.is_accepted(static_cast<std::size_t>(i));
    hits.push_back({.planted_no = planted_no,
                    .market = batch.market,
                    .generator_no = tenant_no,
                    .batch_no = batch.no,
                    .lead_no = becomes_lead ? chunk.first_no + i : 0});
  }
  return hits;
}

ChunkSigns signs_of_chunk(privacy::KeyRing const& ring, Chunk const& chunk, Timestamp began_at,
                          std::int64_t known) {
  ChunkSigns signs{.rows = {}, .candidates = 0, .known = known};
  for (std::size_t i = 0; i < chunk.rows.size(); ++i) {
    auto const& row = chunk.rows[i];
    bool const met = chunk.was_answered(i, market::Admission::duplicate_in_batch);
    if (chunk.is_candidate(row) && !met) ++signs.candidates;
    if (chunk.is_accepted(i)) signs.rows.push_back(signs_of(ring, *row.lead, began_at));
  }
  return signs;
}

}  // namespace leadex::intake
