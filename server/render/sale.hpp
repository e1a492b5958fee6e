#pragma once
// Sales, returns, disputes, transfers and accounts of the books as JSON, one shape per resource as
// openapi.yaml has it. Pure; any thread.

#include <optional>
#include <string>

#include "server/crypto/public_id.hpp"
#include "server/json/writer.hpp"
#include "server/storage/case_reads.hpp"
#include "server/storage/ledger_reads.hpp"
#include "server/storage/sale_reads.hpp"

namespace leadex::render {

void write_sale(json::JsonWriter& writer, crypto::PublicIdCodec const& ids,
                storage::SaleView const& sale);

/// The notes of a case, opened; nothing where there is none.
struct CaseNotes {
  std::optional<std::string> buyer;
  std::optional<std::string> generator;
  std::optional<std::string> decision;
};

void write_return(json::JsonWriter& writer, crypto::PublicIdCodec const& ids,
                  storage::ReturnView const& view, CaseNotes const& notes);

/// A dispute as lists show it.
void write_dispute(json::JsonWriter& writer, crypto::PublicIdCodec const& ids,
                   storage::ReturnView const& view, CaseNotes const& notes);

/// The evidence file: what both parties and staff see, the same bytes for all of them. No contact.
/// @param definitions  of the version the lead came under
void write_case_file(json::JsonWriter& writer, crypto::PublicIdCodec const& ids,
                     storage::CaseFile const& file, CaseNotes const& notes,
                     std::span<targeting::AttributeDef const> definitions);

void write_transfer(json::JsonWriter& writer, crypto::PublicIdCodec const& ids,
                    storage::TransferView const& view);
void write_ledger_account(json::JsonWriter& writer, crypto::PublicIdCodec const& ids,
                          storage::LedgerAccountView const& view);
void write_earnings(json::JsonWriter& writer, storage::EarningsView const& view);

}  // namespace leadex::render
