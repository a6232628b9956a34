// The parts that the status page is made of. For agent/status_page* only. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "agent/html.h"
#include "base/json.h"

namespace lockstep {

// ---- status_page_words.cc: states, times, small pieces -----------------------------------------

// How a state looks: a colour's name in the style sheet, and a sign that tells it without colours.
struct StateMark {
  std::string_view tone;  // "good", "wait", "run", "bad", "plain"
  std::string_view sign;
};
StateMark MarkOf(std::string_view state);

// The state in one word: of the run that is under way, of what is in the way, of the database.
std::string StateOfTarget(const json::object& target);

Html Badge(std::string_view state);
Html Code(std::string_view text);
Html Codes(const std::vector<std::string>& texts);  // separated by commas; "none" for none
Html Time(std::string_view iso);                    // nothing for ""
std::string InWords(double seconds);                // "3 min 20 s"
// The time from one to the other in words, "" when one is not known; they are told to the second.
std::string TimeBetween(std::string_view from_iso, std::string_view to_iso);
// `iso` moved on by whole seconds; "" when it is none.
std::string Later(std::string_view iso, double seconds);
std::string WithBlanks(std::string_view name);  // "at_head" is "at head"

// A list of names and values; rows without a value are left out.
struct Fact {
  std::string_view name;
  Html value;
};
Html Facts(std::string_view css_class, const std::vector<Fact>& facts);

// A letter, digit, "-" or "_" stays; the rest becomes ".3a", so that every text has an id of its
// own.
std::string IdOf(std::string_view text);

// ---- status_page_failure.cc: what went wrong ---------------------------------------------------

// A *failure*, a *failed attempt* or an *error*; nothing for an empty one.
Html FailurePart(const json::object& failure);
Html DiagnosticsPart(const json::object& document);

// ---- status_page_run.cc ------------------------------------------------------------------------

// `now`: the agent's time, as ISO 8601.
Html RunPart(const json::object& target, const std::string& id, std::string_view now);
Html RecentRunsPart(const json::object& target, const std::string& id);

// ---- status_page_revisions.cc ------------------------------------------------------------------

Html RevisionsPart(const json::object& history, const std::string& id);

// ---- status_page_target.cc ---------------------------------------------------------------------

Html TargetPart(const json::object& target, const json::object& history, std::string_view now);

}  // namespace lockstep
