#include "core/statement_kind.h"

#include <algorithm>
#include <array>
#include <utility>

#include "core/advisory_unlock.h"
#include "core/data_tag.h"
#include "core/statement_alter_table.h"
#include "core/statement_concurrently.h"
#include "core/statement_locks.h"
#include "core/statement_long_work.h"
#include "core/statement_makes.h"
#include "core/statement_object.h"
#include "core/statement_session.h"
#include "core/statement_tree.h"

namespace lockstep {
namespace {

using Trait = StatementTrait;
using enum LockClass;

void RefineRename(const TreeNode& node, StatementKind& kind) {
  const std::string_view renamed = Word(node, "renameType");
  // A column may be one of a view, an attribute one of a type.
  const bool part = renamed == "OBJECT_COLUMN";
  kind.name += " " + WordsOf(part ? Word(node, "relationType") : renamed);
}

void RefineRoutine(const TreeNode& node, StatementKind& kind) {
  kind.name = Flag(node, "is_procedure") ? "CREATE PROCEDURE" : "CREATE FUNCTION";
}

void RefineView(const TreeNode& node, StatementKind& kind) {
  // A view that exists is locked against its readers.
  if (Flag(node, "replace")) kind.lock_class = kInstantStrong;
}

void RefineCreateTableAs(const TreeNode& node, StatementKind& kind) {
  const bool table = Word(node, "objtype") == "OBJECT_TABLE";
  kind.name = table ? "CREATE TABLE AS" : "CREATE MATERIALIZED VIEW";
}

void RefineGrant(const TreeNode& node, StatementKind& kind) {
  if (!Flag(node, "is_grant")) kind.name.replace(0, std::string_view("GRANT").size(), "REVOKE");
}

void RefineFetch(const TreeNode& node, StatementKind& kind) {
  if (Flag(node, "ismove")) kind.name = "MOVE";
}

void RefineCopy(const TreeNode& node, StatementKind& kind) {
  if (!Word(node, "filename").empty()) return;
  kind.trait = Trait::kCopyStdin;
  kind.name = Flag(node, "is_from") ? "COPY FROM STDIN" : "COPY TO STDOUT";
}

// CREATE TABLE

bool ReferencesAnother(const TreeNode& constraint, const TreeNode& own) {
  if (Word(constraint, "contype") != "CONSTR_FOREIGN") return false;
  const TreeNode& other = Child(constraint, "pktable");
  return Word(other, "relname") != Word(own, "relname") ||
         Word(other, "schemaname") != Word(own, "schemaname");
}

bool ElementReferencesAnother(const json::value& element, const TreeNode& own) {
  return ReferencesAnother(As("Constraint", element), own) ||
         AnyOf(List(As("ColumnDef", element), "constraints"), [&own](const json::value& wrapped) {
           return ReferencesAnother(As("Constraint", wrapped), own);
         });
}

void RefineCreateTable(const TreeNode& node, StatementKind& kind) {
  const TreeNode& own = Child(node, "relation");
  const bool references = AnyOf(List(node, "tableElts"), [&own](const json::value& element) {
    return ElementReferencesAnother(element, own);
  });
  const bool inherits = node.contains("inhRelations") || node.contains("partbound");
  if (references || inherits) kind.lock_class = kInstantStrong;
}

void RefineForeignTable(const TreeNode& node, StatementKind& kind) {
  RefineCreateTable(Child(node, "base"), kind);
}

void RefineCluster(const TreeNode& node, StatementKind& kind) {
  if (!node.contains("relation")) kind.trait = Trait::kNeedsNoTransaction;
}

void RefineVacuum(const TreeNode& node, StatementKind& kind) {
  if (!Flag(node, "is_vacuumcmd")) {
    kind.name = "ANALYZE";
    return;
  }
  kind.trait = Trait::kNeedsNoTransaction;
}

void RefineAlterEnum(const TreeNode& node, StatementKind& kind) {
  if (node.contains("oldVal")) return;
  QualifiedName type = QualifiedNameIn(List(node, "typeName"));
  kind.trait = Trait::kAddEnumValue;
  kind.schema = std::move(type.schema);
  kind.relation = std::move(type.name);
  kind.object = Word(node, "newVal");
  kind.if_not_exists = Flag(node, "skipIfNewValExists");
}

// Databases and subscriptions

void RefineAlterDatabase(const TreeNode& node, StatementKind& kind) {
  if (HasOption(List(node, "options"), "tablespace")) {
    kind.trait = Trait::kNeedsNoTransaction;
  }
}

void RefineCreateSubscription(const TreeNode& node, StatementKind& kind) {
  const json::array& options = List(node, "options");
  if (IsOff(options, "connect") || IsOff(options, "create_slot")) kind.trait = Trait::kNone;
}

void RefineAlterSubscription(const TreeNode& node, StatementKind& kind) {
  const std::string_view what = Word(node, "kind");
  const bool refreshes = what == "ALTER_SUBSCRIPTION_REFRESH" || what.ends_with("_PUBLICATION");
  if (refreshes && !IsOff(List(node, "options"), "refresh")) {
    kind.trait = Trait::kNeedsNoTransaction;
  }
}

using Refine = void (*)(const TreeNode& node, StatementKind& kind);

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
    NodeKind{"AlterDomainStmt", "ALTER DOMAIN"},
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
    NodeKind{"AlterTableMoveAllStmt", "ALTER", kInstantStrong, AppendObject},
    NodeKind{"AlterTableSpaceOptionsStmt", "ALTER TABLESPACE"},
    NodeKind{"AlterTableStmt", "ALTER", kInstantStrong, RefineAlterTable},
    NodeKind{"AlterTypeStmt", "ALTER TYPE"},
    NodeKind{"AlterUserMappingStmt", "ALTER USER MAPPING"},
    NodeKind{"CallStmt", "CALL", kData},
    NodeKind{"CheckPointStmt", "CHECKPOINT"},
    NodeKind{"ClosePortalStmt", "CLOSE", kData},
    NodeKind{"ClusterStmt", "CLUSTER", kInstantStrong, RefineCluster},
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
    NodeKind{"IndexStmt", "CREATE INDEX", kInstantStrong, RefineIndex},
    NodeKind{"ListenStmt", "LISTEN"},
    NodeKind{"LoadStmt", "LOAD"},
    NodeKind{"LockStmt", "LOCK TABLE"},
    NodeKind{"NotifyStmt", "NOTIFY"},
    NodeKind{"PrepareStmt", "PREPARE", kData},
    NodeKind{"ReassignOwnedStmt", "REASSIGN OWNED"},
    NodeKind{"RefreshMatViewStmt", "REFRESH MATERIALIZED VIEW", kInstantStrong, RefineRefresh},
    NodeKind{"ReindexStmt", "REINDEX", kInstantStrong, RefineReindex},
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

bool TakesLong(const std::vector<LongWork>& works) {
  return std::any_of(works.begin(), works.end(),
                     [](const LongWork& work) { return work.unless_proven; });
}

StatementKind KindOfNode(std::string_view type, const TreeNode& node) {
  const auto* known = std::find_if(kNodeKinds.begin(), kNodeKinds.end(),
                                   [type](const NodeKind& kind) { return kind.node == type; });
  StatementKind kind;
  if (known == kNodeKinds.end()) return kind;
  kind.name = known->name;
  kind.lock_class = known->lock_class;
  kind.trait = known->trait;
  kind.if_not_exists = Flag(node, "if_not_exists");
  if (known->refine != nullptr) known->refine(node, kind);
  NameWhatItMakes(type, node, kind);
  kind.locks = LocksOf(type, node);
  kind.long_work = LongWorkOf(type, node);
  if (TakesLong(kind.long_work)) kind.lock_class = kLongStrong;
  return kind;
}

StatementKind KindByGrammar(std::string_view sql) {
  const std::optional<StatementTree> tree = StatementTree::Parse(sql);
  return tree ? KindOfNode(tree->type(), tree->node()) : StatementKind{};
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
  kind.unlocks_advisory = NamesAdvisoryUnlock(sql);
  return kind;
}

}  // namespace lockstep
