#include "core/long_work_refusal.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>
#include <string>
#include <string_view>

#include "core/quoted.h"
#include "core/relation_name.h"
#include "core/script_place.h"

namespace lockstep {
namespace {

using FoundWorks = std::vector<FoundWork>;

std::string SizeInWords(long long bytes) {
  constexpr std::array<std::string_view, 4> kUnits = {"KiB", "MiB", "GiB", "TiB"};
  double size = static_cast<double>(bytes) / 1024;
  std::size_t unit = 0;
  while (size >= 1024 && unit + 1 < kUnits.size()) {
    size /= 1024;
    ++unit;
  }
  return size < 10 ? fmt::format("{:.1f} {}", size, kUnits[unit])
                   : fmt::format("{:.0f} {}", size, kUnits[unit]);
}

// An acknowledgement without a schema speaks of every table of that name.
bool Names(const Acknowledgement& acknowledged, const RelationName& relation) {
  const RelationName named = ParseRelationName(acknowledged.table);
  return !named.name.empty() && named.name == relation.name &&
         (named.schema.empty() || named.schema == relation.schema);
}

bool Covers(const Acknowledgement& acknowledged, const FoundWork& found) {
  const bool cost =
      acknowledged.what == "lock" || acknowledged.what == AcknowledgementFor(found.work.cause);
  return cost && (Names(acknowledged, ParseRelationName(found.relation)) ||
                  Names(acknowledged, ParseRelationName(found.parent)));
}

// What is left to object to on one relation of a statement.
struct Objections {
  const FoundWork* first = nullptr;
  std::set<std::string_view> costs;
};

std::vector<Objections> ObjectionsByRelation(const FoundWorks& works) {
  std::vector<Objections> objections;
  for (const FoundWork& work : works) {
    auto known = std::ranges::find_if(
        objections, [&work](const Objections& o) { return o.first->relation == work.relation; });
    if (known == objections.end()) known = objections.insert(known, {&work, {}});
    known->costs.insert(AcknowledgementFor(work.work.cause));
  }
  return objections;
}

FoundWorks Refused(const Script& script, const FoundWorks& works, long long small_table_bytes) {
  FoundWorks refused;
  std::ranges::copy_if(works, std::back_inserter(refused), [&](const FoundWork& work) {
    return work.bytes > small_table_bytes &&
           std::ranges::none_of(script.acknowledged,
                                [&work](const Acknowledgement& a) { return Covers(a, work); });
  });
  return refused;
}

// The table as the statement names it, with its schema or without.
std::string_view NameToWrite(const FoundWork& found) {
  return found.work.schema.empty() ? LastPart(found.relation) : std::string_view(found.relation);
}

std::string HintFor(const Objections& objections) {
  const std::string_view cost = objections.costs.size() == 1 ? *objections.costs.begin() : "lock";
  const std::string line =
      fmt::format("-- acknowledge: {} {}", NameToWrite(*objections.first), cost);
  return SaferWay(objections.first->work) + "; or accept it: " + Quoted(line);
}

Diagnostic At(const Statement& statement, const Script& script, const Objections& objections) {
  const FoundWork& found = *objections.first;
  // A replaced variable may be a secret, and the statement's place is one in the replaced text.
  const std::string source_line =
      script.variables ? "" : std::string(LineAround(script.text, statement.offset));
  return {"long-lock",
          Severity::kError,
          script.file,
          statement.line,
          statement.column,
          fmt::format("{} has {}: {}", found.relation, SizeInWords(found.bytes),
                      WhatHappens(found.work.cause)),
          HintFor(objections),
          source_line};
}

}  // namespace

Diagnostics RefuseLongWork(const Script& script, const std::vector<Statement>& statements,
                           const std::vector<std::vector<FoundWork>>& found,
                           long long small_table_bytes) {
  Diagnostics diagnostics;
  for (std::size_t i = 0; i < statements.size(); ++i) {
    const FoundWorks refused = Refused(script, found[i], small_table_bytes);
    for (const Objections& objections : ObjectionsByRelation(refused)) {
      diagnostics.push_back(At(statements[i], script, objections));
    }
  }
  return diagnostics;
}

}  // namespace lockstep
