#include "server/json/contract.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "server/json/yaml.hpp"

namespace leadex::json {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

constexpr std::string_view kContract = R"(
openapi: 3.0.3
info: {title: Test, version: '1'}
paths:
  /v1/leads/{id}:
    parameters:
      - {name: id, in: path, required: true, schema: {type: string, pattern: '^lead_[0-9a-z]{4}$'}}
    get:
      operationId: get_lead
      parameters:
        - {name: limit, in: query, schema: {type: integer, minimum: 1, maximum: 500}}
        - name: status
          in: query
          schema: {type: array, maxItems: 2, items: {type: string, enum: [new, sold]}}
        - {name: 'created_at[gte]', in: query, schema: {type: string}}
        - {name: dry_run, in: query, schema: {type: boolean}}
        - {name: Idempotency-Key, in: header, required: true, schema: {type: string, maxLength: 8}}
      responses:
        200: {description: ok, content: {application/json: {schema: {$ref: '#/components/schemas/Lead'}}}}
        '4XX': {$ref: '#/components/responses/Problem'}
        204: {description: nothing}
    post:
      operationId: make_lead
      requestBody:
        required: true
        content:
          application/json: {schema: {$ref: '#/components/schemas/Lead'}}
          text/csv: {schema: {type: string, format: binary}}
      responses:
        default: {$ref: '#/components/responses/Problem'}
components:
  responses:
    Problem:
      description: refused
      content:
        application/problem+json: {schema: {type: object, required: [code], properties: {code: {type: string}}}}
  schemas:
    Money:
      type: object
      required: [amount, currency]
      properties:
        amount: {type: string, pattern: '^-?[0-9]+(\.[0-9]{1,6})?$'}
        currency: {type: string, minLength: 3, maxLength: 3}
    Contact:
      type: object
      required: [name]
      minProperties: 2
      properties:
        name: {type: string, minLength: 1, maxLength: 5}
        email: {type: string, nullable: true}
    Lead:
      type: object
      required: [contact, ask]
      properties:
        id: {type: string, readOnly: true}
        secret: {type: string, writeOnly: true}
        contact: {$ref: '#/components/schemas/Contact'}
        ask: {$ref: '#/components/schemas/Money'}
        age: {type: integer, minimum: 18, maximum: 120}
        share: {type: number, minimum: 0, exclusiveMinimum: true, maximum: 1, exclusiveMaximum: true}
        kind: {type: string, enum: [form, phone]}
        net: {nullable: true, allOf: [{$ref: '#/components/schemas/Money'}]}
        tags: {type: array, minItems: 1, maxItems: 3, uniqueItems: true, items: {type: string}}
        attributes: {type: object, additionalProperties: {type: integer}}
        free: {type: object}
        empty: {type: object, additionalProperties: false}
        children: {type: array, items: {$ref: '#/components/schemas/Lead'}}
        rule: {$ref: '#/components/schemas/Rule'}
        event: {$ref: '#/components/schemas/Event'}
        merged: {$ref: '#/components/schemas/Merged'}
    Rule:
      oneOf:
        - {type: object, required: [all], properties: {all: {type: array, items: {$ref: '#/components/schemas/Rule'}}}}
        - {type: object, required: [field], properties: {field: {type: string}, max: {type: integer}}}
    Event:
      oneOf:
        - $ref: '#/components/schemas/Call'
        - $ref: '#/components/schemas/Click'
      discriminator: {propertyName: type, mapping: {call: '#/components/schemas/Call', click: '#/components/schemas/Click'}}
    Call: {type: object, required: [type, seconds], properties: {type: {type: string}, seconds: {type: integer}}}
    Click: {type: object, required: [type, url], properties: {type: {type: string}, url: {type: string}}}
    Merged:
      allOf:
        - $ref: '#/components/schemas/Call'
        - {type: object, properties: {extra: {type: boolean}}}
    Expression:
      oneOf:
        - {type: object, required: [args, op1], properties: {args: {type: array, items: {$ref: '#/components/schemas/Expression'}}, op1: {type: string}}}
        - {type: object, required: [args, op2], properties: {args: {type: array, items: {$ref: '#/components/schemas/Expression'}}, op2: {type: string}}}
        - {type: object, required: [args, op3], properties: {args: {type: array, items: {$ref: '#/components/schemas/Expression'}}, op3: {type: string}}}
)";

[[nodiscard]] Contract const& contract() {
  static Contract const loaded = [] {
    auto result = Contract::parse(kContract);
    if (!result) ADD_FAILURE() << result.error();
    return std::move(result.value());
  }();
  return loaded;
}

[[nodiscard]] std::vector<std::string> brief(FieldErrors const& errors) {
  std::vector<std::string> lines;
  for (auto const& error : errors) lines.push_back(error.pointer + " " + error.code);
  return lines;
}

[[nodiscard]] std::vector<std::string> request(std::string_view body) {
  auto const document = parse(body);
  EXPECT_TRUE(document) << body;
  return brief(contract().validate_request_body("make_lead", document.value()));
}

/// A valid lead with more fields behind it.
[[nodiscard]] std::string lead(std::string_view more = "") {
  std::string text =
      R"({"contact":{"name":"Ann","email":null},"ask":{"amount":"1.5","currency":"USD"})";
  if (!more.empty()) text.append(",").append(more);
  return text + "}";
}

TEST(Contract, TakesAValidBody) {
  EXPECT_THAT(request(lead()), IsEmpty());
  EXPECT_THAT(request(lead(R"("age":18,"share":0.5,"kind":"form","net":null,"tags":["a","b"],)"
                           R"("attributes":{"any":1},"free":{"x":[]},"empty":{},"secret":"s",)"
                           R"("children":[)" +
                           lead() + R"(],"rule":{"all":[{"field":"f"},{"all":[]}]})")),
              IsEmpty());
}

TEST(Contract, FindsAllFaultsWithTheirExactPlaces) {
  EXPECT_THAT(
      request(R"({"contact":{"name":"","emial":"x"},"ask":{"amount":"1e3","currency":"EURO"},)"
              R"("age":17,"share":1,"kind":"fax","net":{"amount":5},"tags":[],"id":"x",)"
              R"("attributes":{"a/b":"1"},"empty":{"x":1},"more":1,"children":[{},7]})"),
      UnorderedElementsAre(
          "/contact/name too_short", "/contact/emial unknown_field", "/ask/amount pattern_mismatch",
          "/ask/currency too_long", "/age too_small", "/share too_big", "/kind not_in_enum",
          "/net/currency missing_field", "/net/amount wrong_type", "/tags too_few",
          "/id read_only_field", "/attributes/a~1b wrong_type", "/empty/x unknown_field",
          "/more unknown_field", "/children/0/contact missing_field",
          "/children/0/ask missing_field", "/children/1 wrong_type"));
  EXPECT_THAT(request("[]"), ElementsAre(" wrong_type"));
  EXPECT_THAT(request(lead(R"("tags":["a","a"])")), ElementsAre("/tags/1 duplicate_item"));
  EXPECT_THAT(request(lead(R"("tags":["a","b","c","d"])")), ElementsAre("/tags too_many"));
  EXPECT_THAT(request(lead(R"("age":121)")), ElementsAre("/age too_big"));
  EXPECT_THAT(request(lead(R"("share":0)")), ElementsAre("/share too_small"));
  EXPECT_THAT(request(lead(R"("kind":"fo\u0000rm")")),
              ElementsAre("/kind not_in_enum", "/kind invalid_character"));
  EXPECT_THAT(request(R"({"contact":{"name":"Ann"},"ask":null})"),
              ElementsAre("/contact too_few", "/ask wrong_type"));
}

TEST(Contract, TakesIntegersInOneSpellingOnly) {
  EXPECT_THAT(request(lead(R"("age":50.0)")), ElementsAre("/age wrong_type"));
  EXPECT_THAT(request(lead(R"("age":5e1)")), ElementsAre("/age wrong_type"));
  EXPECT_THAT(request(lead(R"("age":"50")")), ElementsAre("/age wrong_type"));
  EXPECT_THAT(request(lead(R"("age":18446744073709551615)")), ElementsAre("/age too_big"));
  EXPECT_THAT(request(lead(R"("share":1e-3)")), IsEmpty());
}

TEST(Contract, CountsCharactersNotBytes) {
  EXPECT_THAT(request(R"({"contact":{"name":"\u00e9\u00e9\ud83d\ude00zz","email":"x"},)"
                      R"("ask":{"amount":"1","currency":"USD"}})"),
              IsEmpty());
}

TEST(Contract, ReportsTheFaultsOfTheVariantThatWasMeant) {
  EXPECT_THAT(request(lead(R"("rule":{"field":"f","max":"9"})")),
              ElementsAre("/rule/max wrong_type"));
  EXPECT_THAT(request(lead(R"("rule":7)")), ElementsAre("/rule no_variant"));
  EXPECT_THAT(request(lead(R"("event":{"type":"call","seconds":"long"})")),
              ElementsAre("/event/seconds wrong_type"));
  EXPECT_THAT(request(lead(R"("event":{"type":"mail"})")), ElementsAre("/event/type not_in_enum"));
  EXPECT_THAT(request(lead(R"("event":{})")), ElementsAre("/event/type missing_field"));
  EXPECT_THAT(request(lead(R"("event":{"type":"click","url":"u","seconds":1})")),
              ElementsAre("/event/seconds unknown_field"));
}

TEST(Contract, UnitesTheFieldsOfAllParts) {
  EXPECT_THAT(request(lead(R"("merged":{"type":"x","seconds":1,"extra":true})")), IsEmpty());
  EXPECT_THAT(request(lead(R"("merged":{"type":"x","seconds":1,"other":true})")),
              ElementsAre("/merged/other unknown_field"));
}

TEST(Contract, EndsTheCheckOfAnExplodingVariantTree) {
  std::string text = R"({"args":[]})";
  for (int i = 0; i < 28; ++i) text = R"({"args":[)" + text + "]}";
  auto const document = parse(text);
  ASSERT_TRUE(document);
  EXPECT_THAT(brief(contract().validate_component("Expression", *document, Direction::request)),
              ElementsAre(" too_complex"));
}

TEST(Contract, BoundsTheNumberOfFaults) {
  std::string attributes = R"("attributes":{)";
  for (int i = 0; i < 5'000; ++i) attributes += "\"a" + std::to_string(i) + "\":\"\",";
  EXPECT_EQ(request(lead(attributes + "\"z\":1}")).size(), kFieldErrorsMax);
}

TEST(Contract, ChecksParameters) {
  using List = std::vector<RawParameter>;
  auto const check = [](List path, List query, List headers) {
    return brief(contract().validate_parameters(
        "get_lead", {.path = path, .query = query, .headers = headers}));
  };
  List const good_path{{"id", "lead_0abc"}};
  List const good_headers{{"IDEMPOTENCY-key", "k"}, {"X-Other", "1"}};
  EXPECT_THAT(
      check(
          good_path,
          {{"limit", "500"}, {"status", "new,sold"}, {"created_at[gte]", "x"}, {"dry_run", "true"}},
          good_headers),
      IsEmpty());
  EXPECT_THAT(
      check({{"id", "sale_0abc"}},
            {{"limit", "501"}, {"status", "new,old"}, {"dry_run", "yes"}, {"pgae", "1"}}, {}),
      UnorderedElementsAre("/path/id pattern_mismatch", "/query/limit too_big",
                           "/query/status/1 not_in_enum", "/query/dry_run wrong_type",
                           "/query/pgae unknown_parameter",
                           "/header/idempotency-key missing_parameter"));
  EXPECT_THAT(check(good_path, {{"limit", "1"}, {"limit", "1"}}, good_headers),
              ElementsAre("/query/limit duplicate_parameter"));
  EXPECT_THAT(check(good_path, {{"status", "new,sold,"}}, good_headers),
              ElementsAre("/query/status too_many"));
  EXPECT_THAT(check(good_path, {{"status", "\xFF"}}, good_headers),
              ElementsAre("/query/status invalid_character"));
  for (std::string_view bad :
       {"+5", " 5", "5 ", "05", "5.0", "0x5", "", "5,5", "99999999999999999999"}) {
    EXPECT_THAT(check(good_path, {{"limit", bad}}, good_headers),
                ElementsAre("/query/limit wrong_type"))
        << bad;
  }
}

TEST(Contract, ChecksResponses) {
  auto const response = [](int status, std::string_view body,
                           std::string_view type = "application/json") {
    return brief(contract().validate_response("get_lead", status, parse(body).value(), type));
  };
  EXPECT_THAT(response(200, lead(R"("id":"x")")), IsEmpty());
  EXPECT_THAT(response(200, lead(R"("secret":"x")")), ElementsAre("/secret read_only_field"));
  EXPECT_THAT(response(200, lead(R"("undocumented":1)")),
              ElementsAre("/undocumented unknown_field"));
  EXPECT_THAT(response(422, R"({"code":"x"})", "application/problem+json; charset=utf-8"),
              IsEmpty());
  EXPECT_THAT(response(404, "{}", "Application/Problem+JSON"), ElementsAre("/code missing_field"));
  EXPECT_THAT(response(500, "{}"), ElementsAre(" undocumented_status"));
  EXPECT_THAT(response(204, "{}"), ElementsAre(" undocumented_media_type"));
  EXPECT_THAT(brief(contract().validate_request_body("make_lead", Value{7}, "text/csv")),
              ElementsAre(" wrong_type"));
  EXPECT_THAT(brief(contract().validate_request_body("make_lead", Value{7}, "text/plain")),
              ElementsAre(" unsupported_media_type"));
}

TEST(Contract, ListsItsOperationsAndServesItselfAsJson) {
  std::vector<std::string> operations;
  for (auto const& operation : contract().operations()) {
    operations.push_back(operation.method + " " + operation.path + " " + operation.id);
  }
  EXPECT_THAT(operations,
              ElementsAre("GET /v1/leads/{id} get_lead", "POST /v1/leads/{id} make_lead"));
  EXPECT_EQ(contract().find("none"), nullptr);
  auto const again = parse(contract().openapi_json());
  ASSERT_TRUE(again);
  EXPECT_TRUE(*again == contract().root());
  EXPECT_TRUE((*again)["info"]["version"].IsString());
}

TEST(Contract, IsReadByManyThreads) {
  std::vector<std::jthread> threads;
  std::atomic<int> wrong = 0;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&wrong] {
      for (int n = 0; n < 200; ++n) {
        if (!request(lead()).empty() || request(lead(R"("age":1)")).size() != 1) ++wrong;
      }
    });
  }
  threads.clear();
  EXPECT_EQ(wrong, 0);
}

TEST(Contract, RefusesAContractItWouldNotKeep) {
  auto const fault = [](std::string_view schema, std::string_view more = "") {
    std::string const text = "openapi: 3.0.3\npaths:\n  /a:\n    get:\n      operationId: a\n" +
                             std::string{more} +
                             "      responses: {200: {description: x, content: {application/json: "
                             "{schema: " +
                             std::string{schema} + "}}}}\ncomponents: {schemas: {}}\n";
    auto const result = Contract::parse(text);
    return result ? std::string{"ok"} : result.error();
  };
  EXPECT_EQ(fault("{type: string}"), "ok");
  EXPECT_THAT(fault("{type: string, maxLenght: 3}"), HasSubstr("maxLenght is not supported"));
  EXPECT_THAT(fault("{type: text}"), HasSubstr("unknown type"));
  EXPECT_THAT(fault("{type: [string]}"), HasSubstr("one string"));
  EXPECT_THAT(fault("{type: array}"), HasSubstr("needs items"));
  EXPECT_THAT(fault("{type: string, pattern: '(?=a)'}"), HasSubstr("look-around"));
  EXPECT_THAT(fault("{$ref: '#/components/schemas/None'}"), HasSubstr("no #/components"));
  EXPECT_THAT(fault("{$ref: 'other.yaml'}"), HasSubstr("local"));
  EXPECT_THAT(fault("{$ref: '#/components', nullable: true}"), HasSubstr("beside $ref"));
  EXPECT_THAT(fault("{not: {type: string}}"), HasSubstr("not is not supported"));
  EXPECT_THAT(fault("{type: string}",
                    "      parameters: [{name: a, in: cookie, schema: {type: string}}]\n"),
              HasSubstr("cookie"));
  EXPECT_THAT(
      fault("{type: string}", "      parameters: [{name: a, in: query, schema: {type: object}}]\n"),
      HasSubstr("scalar"));
  EXPECT_THAT(fault("{type: string}",
                    "      parameters: [{name: a, in: path, required: true, "
                    "schema: {type: string}}]\n"),
              HasSubstr("not in the path"));
  EXPECT_FALSE(Contract::parse("openapi: 3.1.0\npaths: {}"));
  EXPECT_FALSE(Contract::parse("openapi: 3.0.3"));
  EXPECT_FALSE(Contract::parse("[]"));
  EXPECT_FALSE(Contract::parse("{{{"));
  EXPECT_THAT(
      Contract::parse("openapi: 3.0.3\npaths: {}\ncomponents: {schemas: {A: {allOf: [{$ref: "
                      "'#/components/schemas/A'}]}}}")
          .error(),
      HasSubstr("composed of itself"));
  EXPECT_THAT(Contract::parse("openapi: 3.0.3\npaths: {'/a/{x}': {get: {operationId: a, responses: "
                              "{200: {description: x}}}}}")
                  .error(),
              HasSubstr("declare"));
}

TEST(Yaml, KeepsTheTypesOfScalars) {
  auto const document = parse_yaml(
      "a: 1\nb: '1'\nc: 1.5\nd: true\ne: yes\nf: null\ng:\nh: ~\ni: 2026-11-22\nj: -7\n"
      "k: |\n  1\n200: x\nl: \"true\"\nm: 1.2.3\nn: [1, a]\no: !!str 5\np: 3.0.3\nq: 1e3\n");
  ASSERT_TRUE(document) << document.error();
  Value const& root = *document;
  EXPECT_TRUE(root["a"].IsInt());
  EXPECT_TRUE(root["b"].IsString());
  EXPECT_TRUE(root["c"].IsDouble());
  EXPECT_TRUE(root["d"].IsTrue());
  EXPECT_EQ(text_of(root["e"]), "yes");
  EXPECT_TRUE(root["f"].IsNull());
  EXPECT_TRUE(root["g"].IsNull());
  EXPECT_TRUE(root["h"].IsNull());
  EXPECT_EQ(text_of(root["i"]), "2026-11-22");
  EXPECT_EQ(root["j"].GetInt(), -7);
  EXPECT_EQ(text_of(root["k"]), "1\n");
  EXPECT_EQ(text_of(root["200"]), "x");
  EXPECT_EQ(text_of(root["l"]), "true");
  EXPECT_EQ(text_of(root["m"]), "1.2.3");
  EXPECT_EQ(root["n"].Size(), 2U);
  EXPECT_EQ(text_of(root["o"]), "5");
  EXPECT_TRUE(root["q"].IsDouble());
}

TEST(Yaml, RefusesWhatReadersUnderstandDifferently) {
  for (std::string_view bad : {"a: 1\na: 2", "a: 0x10", "a: 0o7", "a: 02139", "a: .inf", "a: .nan",
                               "<<: {a: 1}", "[a]: 1", "a: [", "a: &x 1\nb: *y"}) {
    EXPECT_FALSE(parse_yaml(bad)) << bad;
  }
  EXPECT_THAT(parse_yaml("x: 1\na: 1\na: 2").error(), HasSubstr("line 3"));
}

}  // namespace
}  // namespace leadex::json
