// Whether work that may take long does so on the relation that is there: what the catalog proves.
//
// Source: PostgreSQL 15's tablecmds.c; each rule is compared with what the server itself reports at
// DEBUG1 ("rewriting table", "verifying table", "building index") in long_work_rules_pgtest.
#pragma once

#include <string>
#include <vector>

#include "core/long_work.h"

namespace lockstep {

// ALTER COLUMN ... TYPE: the two types, domains replaced by what is below them.
struct TypeChange {
  std::string from;                // as format_type writes it: "character varying(20)"
  std::string to;                  // with a length only when a domain brings one; empty: not known
  bool same_storage = false;       // one type, or two that a cast need not convert
  bool to_constrained = false;     // to a domain that checks
  bool utc = false;                // TimeZone, which timestamp to timestamptz goes by
  bool has_check = false;          // a valid CHECK names the column
  bool has_index = false;          // an index has it
  bool has_special_index = false;  // one that is partial, invalid or on an expression
  bool own_collation = false;      // the column's is not its type's
};

// What work meets on one relation. What its cause does not need is left empty.
struct WorkFacts {
  bool has_rows = false;              // the relation or one of its descendants has pages
  std::vector<std::string> proven;    // valid CHECK constraints: "((a IS NOT NULL) AND (b > 0))"
  std::vector<std::string> nullable;  // columns of the work that may be null
  TypeChange type;                    // kColumnType
  bool constrained_domain = false;    // kDomainColumn: the type checks its values
  bool volatile_function = true;      // kVolatileDefault: one is, or one is not known
};

// Thread: any.
bool IsLong(const LongWork& work, const WorkFacts& facts);

}  // namespace lockstep
