#pragma once
// Contract: schemas/openapi.yaml compiled once at start, then read by every request. Immutable
// after load; any thread. docs/decisions/0003-openapi-contract.md says how it departs from plain
// OpenAPI.

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "server/json/field_error.hpp"
#include "server/json/schema.hpp"
#include "server/json/value.hpp"

namespace leadex::json {

enum class ParameterPlace : std::uint8_t { path, query, header };

/// Media type → schema; null where the contract gives none (files, empty answers).
using MediaSchemas = std::map<std::string, Schema const*, std::less<>>;

struct Operation {
  struct Parameter {
    std::string name;  // of a header in lower case
    ParameterPlace place{};
    bool required = false;
    Schema const* schema = nullptr;
  };
  std::string id;      // operationId
  std::string method;  // "GET"
  std::string path;    // "/v1/leads/{id}"
  std::vector<Parameter> parameters;
  bool body_required = false;
  MediaSchemas bodies;
  std::map<std::string, MediaSchemas, std::less<>> responses;  // "200", "4XX", "default"
};

/// A parameter as it came: names and values with percent signs already decoded.
struct RawParameter {
  std::string_view name;
  std::string_view value;
};
struct RawParameters {
  std::span<RawParameter const> path;
  std::span<RawParameter const> query;
  std::span<RawParameter const> headers;
};

class Contract {
 public:
  /// Compiles the text of a contract in YAML (or JSON).
  /// @errors  a sentence with the place: not 3.0, not supported, a $ref to nowhere, two operations
  ///          of one id, a path parameter not declared.
  [[nodiscard]] static Result<Contract, std::string> parse(std::string_view yaml);
  [[nodiscard]] static Result<Contract, std::string> load(std::filesystem::path const& file);

  [[nodiscard]] std::span<Operation const> operations() const { return operations_; }
  /// nullptr when there is no such operation.
  [[nodiscard]] Operation const* find(std::string_view operation_id) const;

  /// All faults of a body. The operation must exist (a wrong id is a bug and stops the process); a
  /// media type the operation does not take is `unsupported_media_type`, one without a schema is
  /// not looked into.
  [[nodiscard]] FieldErrors validate_request_body(
      std::string_view operation_id, Value const& body,
      std::string_view media_type = "application/json") const;

  /// All faults of the parameters, at pointers /path/…, /query/… and /header/…. Besides the codes
  /// of check(): unknown_parameter (query alone), duplicate_parameter, missing_parameter. Lists are
  /// separated by commas; integers are plain decimals; booleans are true and false.
  [[nodiscard]] FieldErrors validate_parameters(std::string_view operation_id,
                                                RawParameters const& given) const;

  /// All faults of an answer, for tests: undocumented_status, undocumented_media_type and the codes
  /// of check(). An answer's object is closed too: a field the contract does not name is a fault.
  [[nodiscard]] FieldErrors validate_response(
      std::string_view operation_id, int status, Value const& body,
      std::string_view media_type = "application/json") const;

  /// Checks against one schema of components/schemas; the name must exist.
  [[nodiscard]] FieldErrors validate_component(std::string_view schema_name, Value const& value,
                                               Direction direction) const;

  /// The contract as compact JSON, for /openapi.json.
  [[nodiscard]] std::string const& openapi_json() const { return openapi_json_; }
  /// The contract as a tree, e.g. to compare its lists of codes with the program's.
  [[nodiscard]] Value const& root() const { return *root_; }

 private:
  friend class ContractBuilder;
  Contract() = default;
  [[nodiscard]] Operation const& at(std::string_view operation_id) const;

  std::unique_ptr<Document> root_;  // schemas point into it
  std::unique_ptr<SchemaSet> schemas_;
  std::map<std::string, Schema const*, std::less<>> components_;
  std::vector<Operation> operations_;
  std::map<std::string, std::size_t, std::less<>> by_id_;
  std::string openapi_json_;
};

}  // namespace leadex::json
