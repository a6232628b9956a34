#include "core/statement_kind.h"

#include <pg_query.h>

#include <algorithm>
#include <array>

#include "base/json.h"
#include "base/text.h"
#include "core/statement_splitter.h"

namespace lockstep {
namespace {

// libpg_query recurses for each operator of a chain and would overrun the stack on some 100,000 of
// them; 64 KiB of text cannot hold as many. Its JSON nests two levels for each.
constexpr std::size_t kParsedBytes = 64 * 1024;
constexpr std::size_t kJsonDepth = 5000;
// Bodies in bodies in bodies: deeper ones are taken to be hiding something.
constexpr int kQuoteDepth = 8;

using Node = json::object;
using Trait = StatementTrait;
using enum LockClass;

// Reading the tree: what is absent is empty, since the grammar leaves defaults out.

const Node& Child(const Node& node, std::string_view key) {
  static const Node kNone;
  const json::value* value = node.if_contains(key);
  return value != nullptr && value->is_object() ? value->get_object() : kNone;
}

const json::array& List(const Node& node, std::string_view key) {
  static const json::array kNone;
  const json::value* value = node.if_contains(key);
  return value != nullptr && value->is_array() ? value->get_array() : kNone;
}

std::string_view Word(const Node& node, std::string_view key) {
  const json::value* value = node.if_contains(key);
  if (value == nullptr || !value->is_string()) return {};
  return {value->get_string().data(), value->get_string().size()};
}

bool Flag(const Node& node, std::string_view key) {
  const json::value* value = node.if_contains(key);
  return value != nullptr && value->is_bool() && value->get_bool();
}

// The content of {"Type": {...}} when it has that type; otherwise an empty one.
const Node& As(std::string_view type, const json::value& wrapped) {
  static const Node kNone;
  return wrapped.is_object() ? Child(wrapped.get_object(), type) : kNone;
}

std::string_view StringOf(const json::value& wrapped) {
  return Word(As("String", wrapped), "sval");
}

template <typename Predicate>
bool AnyOf(const json::array& list, Predicate predicate) {
  return std::any_of(list.begin(), list.end(), predicate);
}

// The option `name` of "(FULL, VERBOSE OFF)" or "WITH (connect = false)", or null.
const Node* OptionNamed(const json::array& options, std::string_view name) {
  for (const json::value& option : options) {
    const Node& element = As("DefElem", option);
    if (Word(element, "defname") == name) return &element;
  }
  return nullptr;
}

// A bare word such as `off` is a type's name to the grammar.
std::string WordOfArgument(const json::value& argument) {
  const json::array& names = List(As("TypeName", argument), "names");
  return ToLower(StringOf(names.empty() ? argument : names.back()));
}

bool SaysNo(const Node& option) {
  const json::value* argument = option.if_contains("arg");
  if (argument == nullptr || !argument->is_object()) return false;
  const std::string word = WordOfArgument(*argument);
  // Zero is left out, as every default is.
  const bool zero =
      argument->get_object().contains("Integer") && !As("Integer", *argument).contains("ival");
  return word == "false" || word == "off" || zero;
}

bool IsOn(const json::array& options, std::string_view name) {
  const Node* option = OptionNamed(options, name);
  return option != nullptr && !SaysNo(*option);
}

bool IsOff(const json::array& options, std::string_view name) {
  const Node* option = OptionNamed(options, name);
  return option != nullptr && SaysNo(*option);
}

void NameRelation(const Node& range_var, StatementKind& kind) {
  kind.schema = Word(range_var, "schemaname");
  kind.relation = Word(range_var, "relname");
}

struct QualifiedName {
  std::string schema;
  std::string name;
};

QualifiedName QualifiedNameIn(const json::array& parts) {
  QualifiedName result;
  if (!parts.empty()) result.name = StringOf(parts.back());
  if (parts.size() > 1) result.schema = StringOf(parts[parts.size() - 2]);
  return result;
}

struct ObjectWord {
  std::string_view object;
  std::string_view words;
};

// Only where the words are not the constant's own; parts of a thing stand for the thing, as in the
// server's command tags.
constexpr std::array kObjectWords = {
    ObjectWord{"OBJECT_ATTRIBUTE", "TYPE"},
    ObjectWord{"OBJECT_COLUMN", "TABLE"},
    ObjectWord{"OBJECT_DOMCONSTRAINT", "DOMAIN"},
    ObjectWord{"OBJECT_FDW", "FOREIGN DATA WRAPPER"},
    ObjectWord{"OBJECT_FOREIGN_SERVER", "SERVER"},
    ObjectWord{"OBJECT_LARGEOBJECT", "LARGE OBJECT"},
    ObjectWord{"OBJECT_MATVIEW", "MATERIALIZED VIEW"},
    ObjectWord{"OBJECT_OPCLASS", "OPERATOR CLASS"},
    ObjectWord{"OBJECT_OPFAMILY", "OPERATOR FAMILY"},
    ObjectWord{"OBJECT_STATISTIC_EXT", "STATISTICS"},
    ObjectWord{"OBJECT_TABCONSTRAINT", "TABLE"},
    ObjectWord{"OBJECT_TSCONFIGURATION", "TEXT SEARCH CONFIGURATION"},
    ObjectWord{"OBJECT_TSDICTIONARY", "TEXT SEARCH DICTIONARY"},
    ObjectWord{"OBJECT_TSPARSER", "TEXT SEARCH PARSER"},
    ObjectWord{"OBJECT_TSTEMPLATE", "TEXT SEARCH TEMPLATE"},
};

// "OBJECT_MATVIEW" -> "MATERIALIZED VIEW".
std::string WordsOf(std::string_view object) {
  for (const ObjectWord& known : kObjectWords) {
    if (known.object == object) return std::string(known.words);
  }
  constexpr std::string_view kPrefix = "OBJECT_";
  std::string words(object.starts_with(kPrefix) ? object.substr(kPrefix.size()) : object);
  std::replace(words.begin(), words.end(), '_', ' ');
  return words;
}

// The key under which a node keeps its kind of object differs from node to node.
std::string_view ObjectOf(const Node& node) {
  for (const std::string_view key : {"objtype", "objectType", "removeType", "kind"}) {
    if (node.contains(key)) return Word(node, key);
  }
  return {};
}

void AppendObject(const Node& node, StatementKind& kind) {
  kind.name += " " + WordsOf(ObjectOf(node));
}

void RefineRename(const Node& node, StatementKind& kind) {
  const std::string_view renamed = Word(node, "renameType");
  // A column may be one of a view, an attribute one of a type.
  const bool part = renamed == "OBJECT_COLUMN";
  kind.name += " " + WordsOf(part ? Word(node, "relationType") : renamed);
}

void RefineRoutine(const Node& node, StatementKind& kind) {
  kind.name = Flag(node, "is_procedure") ? "CREATE PROCEDURE" : "CREATE FUNCTION";
}

void RefineView(const Node& node, StatementKind& kind) {
  // A view that exists is locked against its readers.
  if (Flag(node, "replace")) kind.lock_class = kInstantStrong;
}

void RefineCreateTableAs(const Node& node, StatementKind& kind) {
  const bool table = Word(node, "objtype") == "OBJECT_TABLE";
  kind.name = table ? "CREATE TABLE AS" : "CREATE MATERIALIZED VIEW";
}

void RefineGrant(const Node& node, StatementKind& kind) {
  if (!Flag(node, "is_grant")) kind.name.replace(0, std::string_view("GRANT").size(), "REVOKE");
}

void RefineFetch(const Node& node, StatementKind& kind) {
  if (Flag(node, "ismove")) kind.name = "MOVE";
}

void RefineCopy(const Node& node, StatementKind& kind) {
  if (!Word(node, "filename").empty()) return;
  kind.trait = Trait::kCopyStdin;
  kind.name = Flag(node, "is_from") ? "COPY FROM STDIN" : "COPY TO STDOUT";
}

// CREATE TABLE

bool ReferencesAnother(const Node& constraint, const Node& own) {
  if (Word(constraint, "contype") != "CONSTR_FOREIGN") return false;
  const Node& other = Child(constraint, "pktable");
  return Word(other, "relname") != Word(own, "relname") ||
         Word(other, "schemaname") != Word(own, "schemaname");
}

bool ElementReferencesAnother(const json::value& element, const Node& own) {
  return ReferencesAnother(As("Constraint", element), own) ||
         AnyOf(List(As("ColumnDef", element), "constraints"), [&own](const json::value& wrapped) {
           return ReferencesAnother(As("Constraint", wrapped), own);
         });
}

void RefineCreateTable(const Node& node, StatementKind& kind) {
  const Node& own = Child(node, "relation");
  const bool references = AnyOf(List(node, "tableElts"), [&own](const json::value& element) {
    return ElementReferencesAnother(element, own);
  });
  const bool inherits = node.contains("inhRelations") || node.contains("partbound");
  if (references || inherits) kind.lock_class = kInstantStrong;
}

void RefineForeignTable(const Node& node, StatementKind& kind) {
  RefineCreateTable(Child(node, "base"), kind);
}

// Indexes

void RefineIndex(const Node& node, StatementKind& kind) {
  if (!Flag(node, "concurrent")) return;
  kind.name += " CONCURRENTLY";
  kind.lock_class = kLongWeak;
  kind.trait = Trait::kCreateIndexConcurrently;
  NameRelation(Child(node, "relation"), kind);
  kind.object = Word(node, "idxname");
}

void RefineDrop(const Node& node, StatementKind& kind) {
  AppendObject(node, kind);
  if (!Flag(node, "concurrent")) return;
  kind.name += " CONCURRENTLY";
  kind.lock_class = kLongWeak;
  kind.trait = Trait::kDropIndexConcurrently;
  const json::array& objects = List(node, "objects");
  if (objects.empty()) return;
  QualifiedName index = QualifiedNameIn(List(As("List", objects.front()), "items"));
  kind.schema = std::move(index.schema);
  kind.object = std::move(index.name);
}

void NameReindexed(const Node& node, StatementKind& kind) {
  const std::string_view what = Word(node, "kind");
  NameRelation(Child(node, "relation"), kind);
  if (what == "REINDEX_OBJECT_INDEX") std::swap(kind.relation, kind.object);
  if (what == "REINDEX_OBJECT_SCHEMA") kind.schema = Word(node, "name");
}

void RefineReindex(const Node& node, StatementKind& kind) {
  const std::string_view what = Word(node, "kind");
  if (IsOn(List(node, "params"), "concurrently")) {
    kind.name += " CONCURRENTLY";
    kind.lock_class = kLongWeak;
    kind.trait = Trait::kReindexConcurrently;
    NameReindexed(node, kind);
  } else if (what != "REINDEX_OBJECT_INDEX" && what != "REINDEX_OBJECT_TABLE") {
    kind.trait = Trait::kNeedsNoTransaction;
  }
}

void RefineRefresh(const Node& node, StatementKind& kind) {
  if (!Flag(node, "concurrent")) return;
  kind.name += " CONCURRENTLY";
  kind.lock_class = kLongWeak;
}

void RefineCluster(const Node& node, StatementKind& kind) {
  if (!node.contains("relation")) kind.trait = Trait::kNeedsNoTransaction;
}

void RefineVacuum(const Node& node, StatementKind& kind) {
  if (!Flag(node, "is_vacuumcmd")) {
    kind.name = "ANALYZE";
    return;
  }
  kind.trait = Trait::kNeedsNoTransaction;
  if (IsOn(List(node, "options"), "full")) kind.lock_class = kLongStrong;
}

// ALTER TABLE

// Functions of PostgreSQL that are not volatile: a column's default made of these alone is computed
// once, without a rewrite. One that is not here counts as volatile; only the catalog knows.
constexpr std::string_view kSteadyFunctions =
    " abs array_fill ceil concat current_database current_schema current_setting date_trunc decode "
    "encode floor format initcap json_build_array json_build_object jsonb_build_array "
    "jsonb_build_object length lower lpad make_date make_interval make_time make_timestamp "
    "make_timestamptz md5 now repeat replace round rpad statement_timestamp timezone to_char "
    "to_date "
    "to_jsonb to_timestamp transaction_timestamp upper ";

bool MayBeVolatile(const json::value& expression);

bool CallMayBeVolatile(const Node& call) {
  const QualifiedName function = QualifiedNameIn(List(call, "funcname"));
  const bool ours = function.schema.empty() || function.schema == "pg_catalog";
  return !ours || kSteadyFunctions.find(" " + function.name + " ") == std::string_view::npos;
}

bool MemberMayBeVolatile(const json::key_value_pair& member) {
  if (member.key() == "FuncCall" && CallMayBeVolatile(member.value().get_object())) return true;
  return MayBeVolatile(member.value());
}

bool MayBeVolatile(const json::value& expression) {
  if (expression.is_array()) return AnyOf(expression.get_array(), MayBeVolatile);
  if (!expression.is_object()) return false;
  const Node& node = expression.get_object();
  return std::any_of(node.begin(), node.end(), MemberMayBeVolatile);
}

bool IsSerial(const Node& column) {
  const std::string type = QualifiedNameIn(List(Child(column, "typeName"), "names")).name;
  return type == "serial" || type == "bigserial" || type == "smallserial" || type == "serial2" ||
         type == "serial4" || type == "serial8";
}

bool HasDefault(const Node& column) {
  return AnyOf(List(column, "constraints"), [](const json::value& wrapped) {
    return Word(As("Constraint", wrapped), "contype") == "CONSTR_DEFAULT";
  });
}

// A constraint that is checked or built over all rows while the table is locked.
bool IsLongConstraint(const Node& constraint) {
  const std::string_view type = Word(constraint, "contype");
  if (type == "CONSTR_CHECK" || type == "CONSTR_FOREIGN") {
    return !Flag(constraint, "skip_validation");
  }
  if (type == "CONSTR_PRIMARY" || type == "CONSTR_UNIQUE") return !constraint.contains("indexname");
  return type == "CONSTR_EXCLUSION";
}

bool ColumnConstraintIsLong(const Node& constraint, bool has_default) {
  const std::string_view type = Word(constraint, "contype");
  if (type == "CONSTR_IDENTITY" || type == "CONSTR_GENERATED") return true;
  if (type == "CONSTR_DEFAULT") {
    const json::value* expression = constraint.if_contains("raw_expr");
    return expression != nullptr && MayBeVolatile(*expression);
  }
  // Of a column that is null everywhere the server knows that no reference needs a look.
  if (type == "CONSTR_FOREIGN") return has_default;
  return IsLongConstraint(constraint);
}

bool AddsColumnAtLength(const Node& column) {
  const bool has_default = HasDefault(column);
  return IsSerial(column) ||
         AnyOf(List(column, "constraints"), [has_default](const json::value& wrapped) {
           return ColumnConstraintIsLong(As("Constraint", wrapped), has_default);
         });
}

bool IsLongCommand(const Node& command) {
  const std::string_view type = Word(command, "subtype");
  const Node& definition = Child(command, "def");
  if (type == "AT_AddColumn") return AddsColumnAtLength(Child(definition, "ColumnDef"));
  if (type == "AT_AddConstraint") return IsLongConstraint(Child(definition, "Constraint"));
  return type == "AT_AlterColumnType" || type == "AT_SetNotNull" || type == "AT_SetLogged" ||
         type == "AT_SetUnLogged" || type == "AT_SetTableSpace" || type == "AT_SetAccessMethod";
}

bool HoldsRows(std::string_view object) {
  return object == "OBJECT_TABLE" || object == "OBJECT_INDEX" || object == "OBJECT_MATVIEW";
}

void RefineValidate(const Node& node, const Node& first, StatementKind& kind) {
  kind.lock_class = kLongWeak;
  kind.trait = Trait::kValidateConstraint;
  NameRelation(Child(node, "relation"), kind);
  kind.object = Word(first, "name");
}

void RefineDetach(const Node& node, const Node& partition, StatementKind& kind) {
  kind.lock_class = kLongWeak;
  kind.trait = Trait::kDetachConcurrently;
  NameRelation(Child(node, "relation"), kind);
  kind.object = Word(Child(partition, "name"), "relname");
}

void RefineAlterTable(const Node& node, StatementKind& kind) {
  AppendObject(node, kind);
  const json::array& commands = List(node, "cmds");
  const auto is_long = [](const json::value& c) { return IsLongCommand(As("AlterTableCmd", c)); };
  if (HoldsRows(Word(node, "objtype")) && AnyOf(commands, is_long)) kind.lock_class = kLongStrong;
  if (commands.empty()) return;
  const Node& first = As("AlterTableCmd", commands.front());
  const Node& partition = Child(Child(first, "def"), "PartitionCmd");
  if (Flag(partition, "concurrent")) RefineDetach(node, partition, kind);
  // Together with another command the strongest lock of both is held all the time.
  const bool only_validates = !AnyOf(commands, [](const json::value& command) {
    return Word(As("AlterTableCmd", command), "subtype") != "AT_ValidateConstraint";
  });
  if (only_validates) RefineValidate(node, first, kind);
}

// Of a domain every table that uses it is locked against writers and read.
void RefineAlterDomain(const Node& node, StatementKind& kind) {
  const std::string_view command = Word(node, "subtype");
  const Node& constraint = Child(Child(node, "def"), "Constraint");
  const bool adds = command == "C" && !Flag(constraint, "skip_validation");
  if (adds || command == "O" || command == "V") kind.lock_class = kLongStrong;
}

void RefineAlterEnum(const Node& node, StatementKind& kind) {
  if (node.contains("oldVal")) return;
  QualifiedName type = QualifiedNameIn(List(node, "typeName"));
  kind.trait = Trait::kAddEnumValue;
  kind.schema = std::move(type.schema);
  kind.relation = std::move(type.name);
  kind.object = Word(node, "newVal");
  kind.if_not_exists = Flag(node, "skipIfNewValExists");
}

// Databases and subscriptions

void RefineAlterDatabase(const Node& node, StatementKind& kind) {
  if (OptionNamed(List(node, "options"), "tablespace") != nullptr) {
    kind.trait = Trait::kNeedsNoTransaction;
  }
}

void RefineCreateSubscription(const Node& node, StatementKind& kind) {
  const json::array& options = List(node, "options");
  if (IsOff(options, "connect") || IsOff(options, "create_slot")) kind.trait = Trait::kNone;
}

void RefineAlterSubscription(const Node& node, StatementKind& kind) {
  const std::string_view what = Word(node, "kind");
  const bool refreshes = what == "ALTER_SUBSCRIPTION_REFRESH" || what.ends_with("_PUBLICATION");
  if (refreshes && !IsOff(List(node, "options"), "refresh")) {
    kind.trait = Trait::kNeedsNoTransaction;
  }
}

// Sessions and transactions

void RefineTransaction(const Node& node, StatementKind& kind) {
  constexpr std::string_view kPrefix = "TRANS_STMT_";
  std::string words(Word(node, "kind"));
  if (words.starts_with(kPrefix)) words.erase(0, kPrefix.size());
  std::replace(words.begin(), words.end(), '_', ' ');
  if (words == "START") words = "START TRANSACTION";
  if (words == "PREPARE") words = "PREPARE TRANSACTION";
  const bool subtransaction = words == "SAVEPOINT" || words == "RELEASE" || words == "ROLLBACK TO";
  kind.name = std::move(words);
  if (!subtransaction) kind.trait = Trait::kTransactionControl;
}

// SET SESSION CHARACTERISTICS counts as transaction control and not as a mere setting: with its
// READ ONLY the bookkeeping of the migrations after it would fail.
bool SetsTransaction(std::string_view setting) {
  return setting == "TRANSACTION" || setting == "TRANSACTION SNAPSHOT" ||
         setting == "SESSION CHARACTERISTICS" || setting == "transaction_isolation" ||
         setting == "transaction_read_only" || setting == "transaction_deferrable";
}

void RefineSet(const Node& node, StatementKind& kind) {
  const std::string_view how = Word(node, "kind");
  const std::string_view setting = Word(node, "name");
  const bool resets = how == "VAR_RESET" || how == "VAR_RESET_ALL";
  kind.name = resets ? "RESET" : "SET";
  kind.object = setting;
  if (how == "VAR_RESET_ALL") {
    kind.name = "RESET ALL";
    kind.trait = Trait::kDiscard;
  } else if (setting == "role" || setting == "session_authorization") {
    kind.name += setting == "role" ? " ROLE" : " SESSION AUTHORIZATION";
    kind.trait = Trait::kSetRole;
  } else if (SetsTransaction(setting)) {
    kind.name += setting == "SESSION CHARACTERISTICS" ? " SESSION CHARACTERISTICS" : " TRANSACTION";
    kind.trait = Trait::kTransactionControl;
  } else if (!Flag(node, "is_local")) {
    kind.trait = Trait::kSessionSetting;
  }
}

void RefineDiscard(const Node& node, StatementKind& kind) {
  kind.name = Word(node, "target");
  std::replace(kind.name.begin(), kind.name.end(), '_', ' ');
}

using Refine = void (*)(const Node& node, StatementKind& kind);

struct NodeKind {
  std::string_view node;
  std::string_view name;  // several nodes append to it
  LockClass lock_class = kInstantStrong;
  Refine refine = nullptr;
  Trait trait = Trait::kNone;
};

// Every statement of the PostgreSQL 15 grammar, by the name of its node in the parse tree.
constexpr std::array kNodeKinds = {
    NodeKind{"AlterCollationStmt", "ALTER COLLATION"},
    NodeKind{"AlterDatabaseRefreshCollStmt", "ALTER DATABASE"},
    NodeKind{"AlterDatabaseSetStmt", "ALTER DATABASE"},
    NodeKind{"AlterDatabaseStmt", "ALTER DATABASE", kInstantStrong, RefineAlterDatabase},
    NodeKind{"AlterDefaultPrivilegesStmt", "ALTER DEFAULT PRIVILEGES"},
    NodeKind{"AlterDomainStmt", "ALTER DOMAIN", kInstantStrong, RefineAlterDomain},
    NodeKind{"AlterEnumStmt", "ALTER TYPE", kInstantStrong, RefineAlterEnum},
    NodeKind{"AlterEventTrigStmt", "ALTER EVENT TRIGGER"},
    NodeKind{"AlterExtensionContentsStmt", "ALTER EXTENSION"},
    NodeKind{"AlterExtensionStmt", "ALTER EXTENSION"},
    NodeKind{"AlterFdwStmt", "ALTER FOREIGN DATA WRAPPER"},
    NodeKind{"AlterForeignServerStmt", "ALTER SERVER"},
    NodeKind{"AlterFunctionStmt", "ALTER", kInstantStrong, AppendObject},
    NodeKind{"AlterObjectDependsStmt", "ALTER", kInstantStrong, AppendObject},
    NodeKind{"AlterObjectSchemaStmt", "ALTER", kInstantStrong, AppendObject},
    NodeKind{"AlterOpFamilyStmt", "ALTER OPERATOR FAMILY"},
    NodeKind{"AlterOperatorStmt", "ALTER OPERATOR"},
    NodeKind{"AlterOwnerStmt", "ALTER", kInstantStrong, AppendObject},
    NodeKind{"AlterPolicyStmt", "ALTER POLICY"},
    NodeKind{"AlterPublicationStmt", "ALTER PUBLICATION"},
    NodeKind{"AlterRoleSetStmt", "ALTER ROLE"},
    NodeKind{"AlterRoleStmt", "ALTER ROLE"},
    NodeKind{"AlterSeqStmt", "ALTER SEQUENCE"},
    NodeKind{"AlterStatsStmt", "ALTER STATISTICS"},
    NodeKind{"AlterSubscriptionStmt", "ALTER SUBSCRIPTION", kInstantStrong,
             RefineAlterSubscription},
    NodeKind{"AlterSystemStmt", "ALTER SYSTEM", kInstantStrong, nullptr,
             Trait::kNeedsNoTransaction},
    NodeKind{"AlterTSConfigurationStmt", "ALTER TEXT SEARCH CONFIGURATION"},
    NodeKind{"AlterTSDictionaryStmt", "ALTER TEXT SEARCH DICTIONARY"},
    NodeKind{"AlterTableMoveAllStmt", "ALTER", kLongStrong, AppendObject},
    NodeKind{"AlterTableSpaceOptionsStmt", "ALTER TABLESPACE"},
    NodeKind{"AlterTableStmt", "ALTER", kInstantStrong, RefineAlterTable},
    NodeKind{"AlterTypeStmt", "ALTER TYPE"},
    NodeKind{"AlterUserMappingStmt", "ALTER USER MAPPING"},
    NodeKind{"CallStmt", "CALL", kData},
    NodeKind{"CheckPointStmt", "CHECKPOINT"},
    NodeKind{"ClosePortalStmt", "CLOSE", kData},
    NodeKind{"ClusterStmt", "CLUSTER", kLongStrong, RefineCluster},
    NodeKind{"CommentStmt", "COMMENT"},
    NodeKind{"CompositeTypeStmt", "CREATE TYPE", kNewObject},
    NodeKind{"ConstraintsSetStmt", "SET CONSTRAINTS"},
    NodeKind{"CopyStmt", "COPY", kData, RefineCopy},
    NodeKind{"CreateAmStmt", "CREATE ACCESS METHOD", kNewObject},
    NodeKind{"CreateCastStmt", "CREATE CAST", kNewObject},
    NodeKind{"CreateConversionStmt", "CREATE CONVERSION", kNewObject},
    NodeKind{"CreateDomainStmt", "CREATE DOMAIN", kNewObject},
    NodeKind{"CreateEnumStmt", "CREATE TYPE", kNewObject},
    NodeKind{"CreateEventTrigStmt", "CREATE EVENT TRIGGER"},
    NodeKind{"CreateExtensionStmt", "CREATE EXTENSION", kNewObject},
    NodeKind{"CreateFdwStmt", "CREATE FOREIGN DATA WRAPPER", kNewObject},
    NodeKind{"CreateForeignServerStmt", "CREATE SERVER", kNewObject},
    NodeKind{"CreateForeignTableStmt", "CREATE FOREIGN TABLE", kNewObject, RefineForeignTable},
    NodeKind{"CreateFunctionStmt", "", kNewObject, RefineRoutine},
    NodeKind{"CreateOpClassStmt", "CREATE OPERATOR CLASS", kNewObject},
    NodeKind{"CreateOpFamilyStmt", "CREATE OPERATOR FAMILY", kNewObject},
    NodeKind{"CreatePLangStmt", "CREATE LANGUAGE", kNewObject},
    NodeKind{"CreatePolicyStmt", "CREATE POLICY"},
    NodeKind{"CreatePublicationStmt", "CREATE PUBLICATION"},
    NodeKind{"CreateRangeStmt", "CREATE TYPE", kNewObject},
    NodeKind{"CreateRoleStmt", "CREATE ROLE", kNewObject},
    NodeKind{"CreateSchemaStmt", "CREATE SCHEMA", kNewObject},
    NodeKind{"CreateSeqStmt", "CREATE SEQUENCE", kNewObject},
    NodeKind{"CreateStatsStmt", "CREATE STATISTICS"},
    NodeKind{"CreateStmt", "CREATE TABLE", kNewObject, RefineCreateTable},
    NodeKind{"CreateSubscriptionStmt", "CREATE SUBSCRIPTION", kNewObject, RefineCreateSubscription,
             Trait::kNeedsNoTransaction},
    NodeKind{"CreateTableAsStmt", "", kNewObject, RefineCreateTableAs},
    NodeKind{"CreateTableSpaceStmt", "CREATE TABLESPACE", kNewObject, nullptr,
             Trait::kNeedsNoTransaction},
    NodeKind{"CreateTransformStmt", "CREATE TRANSFORM", kNewObject},
    NodeKind{"CreateTrigStmt", "CREATE TRIGGER"},
    NodeKind{"CreateUserMappingStmt", "CREATE USER MAPPING", kNewObject},
    NodeKind{"CreatedbStmt", "CREATE DATABASE", kNewObject, nullptr, Trait::kNeedsNoTransaction},
    NodeKind{"DeallocateStmt", "DEALLOCATE"},
    NodeKind{"DeclareCursorStmt", "DECLARE CURSOR", kData},
    NodeKind{"DefineStmt", "CREATE", kNewObject, AppendObject},
    NodeKind{"DiscardStmt", "DISCARD", kInstantStrong, RefineDiscard, Trait::kDiscard},
    NodeKind{"DoStmt", "DO", kData},
    NodeKind{"DropOwnedStmt", "DROP OWNED"},
    NodeKind{"DropRoleStmt", "DROP ROLE"},
    NodeKind{"DropStmt", "DROP", kInstantStrong, RefineDrop},
    NodeKind{"DropSubscriptionStmt", "DROP SUBSCRIPTION"},
    NodeKind{"DropTableSpaceStmt", "DROP TABLESPACE", kInstantStrong, nullptr,
             Trait::kNeedsNoTransaction},
    NodeKind{"DropUserMappingStmt", "DROP USER MAPPING"},
    NodeKind{"DropdbStmt", "DROP DATABASE", kInstantStrong, nullptr, Trait::kNeedsNoTransaction},
    NodeKind{"ExecuteStmt", "EXECUTE", kData},
    NodeKind{"ExplainStmt", "EXPLAIN", kData},
    NodeKind{"FetchStmt", "FETCH", kData, RefineFetch},
    NodeKind{"GrantRoleStmt", "GRANT ROLE", kInstantStrong, RefineGrant},
    NodeKind{"GrantStmt", "GRANT", kInstantStrong, RefineGrant},
    NodeKind{"ImportForeignSchemaStmt", "IMPORT FOREIGN SCHEMA", kNewObject},
    NodeKind{"IndexStmt", "CREATE INDEX", kLongStrong, RefineIndex},
    NodeKind{"ListenStmt", "LISTEN"},
    NodeKind{"LoadStmt", "LOAD"},
    NodeKind{"LockStmt", "LOCK TABLE"},
    NodeKind{"NotifyStmt", "NOTIFY"},
    NodeKind{"PrepareStmt", "PREPARE", kData},
    NodeKind{"ReassignOwnedStmt", "REASSIGN OWNED"},
    NodeKind{"RefreshMatViewStmt", "REFRESH MATERIALIZED VIEW", kLongStrong, RefineRefresh},
    NodeKind{"ReindexStmt", "REINDEX", kLongStrong, RefineReindex},
    NodeKind{"RenameStmt", "ALTER", kInstantStrong, RefineRename},
    NodeKind{"RuleStmt", "CREATE RULE"},
    NodeKind{"SecLabelStmt", "SECURITY LABEL"},
    NodeKind{"SelectStmt", "SELECT", kData},
    NodeKind{"TransactionStmt", "", kInstantStrong, RefineTransaction},
    NodeKind{"TruncateStmt", "TRUNCATE TABLE"},
    NodeKind{"UnlistenStmt", "UNLISTEN"},
    NodeKind{"VacuumStmt", "VACUUM", kLongWeak, RefineVacuum},
    NodeKind{"VariableSetStmt", "", kInstantStrong, RefineSet},
    NodeKind{"VariableShowStmt", "SHOW"},
    NodeKind{"ViewStmt", "CREATE VIEW", kNewObject, RefineView},
};

StatementKind KindOfNode(std::string_view type, const Node& node) {
  const auto* known = std::find_if(kNodeKinds.begin(), kNodeKinds.end(),
                                   [type](const NodeKind& kind) { return kind.node == type; });
  StatementKind kind;
  if (known == kNodeKinds.end()) return kind;
  kind.name = known->name;
  kind.lock_class = known->lock_class;
  kind.trait = known->trait;
  kind.if_not_exists = Flag(node, "if_not_exists");
  if (known->refine != nullptr) known->refine(node, kind);
  return kind;
}

// The parse tree's JSON; empty when the grammar refuses the statement.
std::string ParseTreeOf(const std::string& sql) {
  const PgQueryParseResult result = pg_query_parse(sql.c_str());
  std::string tree = result.error == nullptr ? result.parse_tree : "";
  pg_query_free_parse_result(result);
  return tree;
}

StatementKind KindByParseTree(const std::string& sql) {
  json::parse_options options;
  options.max_depth = kJsonDepth;
  options.allow_invalid_utf8 = true;
  json::error_code failure;
  const json::value tree = json::parse(ParseTreeOf(sql), failure, {}, options);
  if (failure || !tree.is_object()) return {};
  const json::array& statements = List(tree.get_object(), "stmts");
  if (statements.empty() || !statements.front().is_object()) return {};
  const Node& wrapped = Child(statements.front().get_object(), "stmt");
  if (wrapped.empty() || !wrapped.begin()->value().is_object()) return {};
  const json::string_view type = wrapped.begin()->key();
  return KindOfNode({type.data(), type.size()}, wrapped.begin()->value().get_object());
}

// The same statement with its long literals emptied: function bodies tell nothing about the kind.
std::string WithoutLongLiterals(std::string_view sql) {
  constexpr std::size_t kLong = 128;
  std::string shorter;
  for (SqlToken token = NextSqlToken(sql, 0); token.type != SqlToken::Type::kEnd;
       token = NextSqlToken(sql, token.offset + token.length)) {
    const bool literal =
        token.type == SqlToken::Type::kString || token.type == SqlToken::Type::kDollarString;
    if (token.IsGap()) {
      shorter += ' ';
    } else if (literal && token.length > kLong) {
      shorter += "''";
    } else {
      shorter += token.TextIn(sql);
    }
  }
  return shorter;
}

StatementKind KindByGrammar(std::string_view sql) {
  if (sql.size() <= kParsedBytes) return KindByParseTree(std::string(sql));
  const std::string shorter = WithoutLongLiterals(sql);
  return shorter.size() <= kParsedBytes ? KindByParseTree(shorter) : StatementKind{};
}

SqlToken NextWordOrSymbol(std::string_view sql, std::size_t offset) {
  SqlToken token = NextSqlToken(sql, offset);
  while (token.IsGap()) token = NextSqlToken(sql, token.offset + token.length);
  return token;
}

// The command tag of a statement that begins with `word`, when it only reads or writes rows.
std::string_view DataTagOf(std::string_view word) {
  constexpr std::array<std::string_view, 5> kTags = {"SELECT", "INSERT", "UPDATE", "DELETE",
                                                     "MERGE"};
  for (const std::string_view tag : kTags) {
    if (EqualIgnoringCase(word, tag)) return tag;
  }
  const bool rows = EqualIgnoringCase(word, "VALUES") || EqualIgnoringCase(word, "TABLE");
  return rows ? std::string_view("SELECT") : std::string_view();
}

// The verb behind WITH's parenthesised queries.
std::string_view TagBehindWith(std::string_view sql, std::size_t offset) {
  int depth = 0;
  for (SqlToken token = NextWordOrSymbol(sql, offset); token.type != SqlToken::Type::kEnd;
       token = NextWordOrSymbol(sql, token.offset + token.length)) {
    const std::string_view text = token.TextIn(sql);
    if (text == "(") ++depth;
    if (text == ")") --depth;
    if (depth == 0 && token.type == SqlToken::Type::kWord && !DataTagOf(text).empty()) {
      return DataTagOf(text);
    }
  }
  return "SELECT";
}

// Statements about rows are many and large; their first word tells enough.
std::string_view DataTagIn(std::string_view sql) {
  const SqlToken first = NextWordOrSymbol(sql, 0);
  if (first.type != SqlToken::Type::kWord) return {};
  const std::string_view word = first.TextIn(sql);
  if (EqualIgnoringCase(word, "WITH")) return TagBehindWith(sql, first.offset + first.length);
  return DataTagOf(word);
}

constexpr std::string_view kUnlock = "pg_advisory_unlock";

bool MentionsUnlock(std::string_view text) {
  const auto same_letter = [](char a, char b) { return (a | 0x20) == (b | 0x20); };
  return std::search(text.begin(), text.end(), kUnlock.begin(), kUnlock.end(), same_letter) !=
         text.end();
}

bool IsUnlockName(std::string_view name) {
  return EqualIgnoringCase(name, kUnlock) || EqualIgnoringCase(name, "pg_advisory_unlock_shared") ||
         EqualIgnoringCase(name, "pg_advisory_unlock_all");
}

// What stands between the quotes; a missing end does no harm.
std::string_view Inside(std::string_view quoted) {
  const bool dollars = quoted.front() == '$';
  const std::size_t begin = (dollars ? quoted.find('$', 1) : quoted.find_first_of("'\"")) + 1;
  const std::size_t mark = dollars ? begin : 1;
  return quoted.substr(begin, std::max(quoted.size() - mark, begin) - begin);
}

bool NamesUnlock(std::string_view sql, int depth);

bool TokenNamesUnlock(const SqlToken& token, std::string_view sql, int depth) {
  using Type = SqlToken::Type;
  const std::string_view text = token.TextIn(sql);
  if (token.type == Type::kWord) return IsUnlockName(text);
  if (token.type == Type::kQuotedName) return IsUnlockName(Inside(text));
  const bool literal = token.type == Type::kString || token.type == Type::kDollarString;
  return literal && NamesUnlock(Inside(text), depth + 1);
}

// Literals are looked into as well, for one of them may be a body or what EXECUTE runs.
bool NamesUnlock(std::string_view sql, int depth) {
  if (!MentionsUnlock(sql)) return false;
  if (depth > kQuoteDepth) return true;
  for (SqlToken token = NextWordOrSymbol(sql, 0); token.type != SqlToken::Type::kEnd;
       token = NextWordOrSymbol(sql, token.offset + token.length)) {
    if (TokenNamesUnlock(token, sql, depth)) return true;
  }
  return false;
}

}  // namespace

std::string_view LetterOf(LockClass lock_class) {
  switch (lock_class) {
    case kInstantStrong:
      return "A";
    case kLongWeak:
      return "B";
    case kLongStrong:
      return "C";
    case kData:
      return "D";
    case kNewObject:
      return "E";
  }
  return "A";
}

StatementKind ClassifyStatement(std::string_view sql) {
  const std::string_view data_tag = DataTagIn(sql);
  StatementKind kind = data_tag.empty() ? KindByGrammar(sql) : StatementKind{};
  if (!data_tag.empty()) {
    kind.name = data_tag;
    kind.lock_class = kData;
  }
  kind.unlocks_advisory = NamesUnlock(sql, 0);
  return kind;
}

}  // namespace lockstep
