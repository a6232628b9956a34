#include <algorithm>
#include <map>
#include <set>

#include "agent/status_page_parts.h"
#include "base/document.h"
#include "base/text.h"

namespace lockstep {
namespace {

constexpr std::size_t kNewestShown = 50;
constexpr std::size_t kOthersShown = 50;  // older ones that somebody has to look at

bool IsOrdinary(const json::object& migration) {
  const std::string state = TextAt(migration, "state");
  return (state == "applied" || state == "pending") && !TrueAt(migration, "is_current");
}

// The newest, and of the older ones those that are not as one expects; by their place in the list.
std::set<std::size_t> Shown(const std::vector<json::object>& migrations) {
  std::set<std::size_t> shown;
  const std::size_t first = migrations.size() - std::min(migrations.size(), kNewestShown);
  for (std::size_t i = first; i < migrations.size(); ++i) shown.insert(i);
  for (std::size_t i = first; i > 0 && shown.size() < kNewestShown + kOthersShown; --i) {
    if (!IsOrdinary(migrations[i - 1])) shown.insert(i - 1);
  }
  // What is applied next.
  const auto next = std::ranges::find(migrations, "pending", [](const json::object& migration) {
    return TextAt(migration, "state");
  });
  if (next != migrations.end()) shown.insert(static_cast<std::size_t>(next - migrations.begin()));
  return shown;
}

// ---- One revision ------------------------------------------------------------------------------

Html Tags(const json::object& migration) {
  Html tags;
  const auto add = [&tags](bool is_so, std::string_view name) {
    if (is_so) tags += " " + Element("span", {{"class", "tag"}}, name);
  };
  const std::string kind = TextAt(migration, "kind");
  add(TrueAt(migration, "is_current"), "current");
  add(TrueAt(migration, "is_head"), "head");
  add(TrueAt(migration, "is_merge"), "merge");
  add(TrueAt(migration, "is_branch_point"), "branches here");
  add(!kind.empty() && kind != "applied", WithBlanks(kind));
  add(!TextAt(migration, "irreversible").empty(), "irreversible");
  add(!IsNullAt(migration, "transactional") && !TrueAt(migration, "transactional"),
      "no transaction");
  return tags;
}

std::string AppliedBy(const json::object& migration) {
  const json::object& by = ObjectAt(migration, "applied_by");
  if (by.empty()) return "";
  const std::string host = TextAt(by, "host");
  const std::string version = TextAt(by, "version");
  return "by " + TextAt(by, "role") + (host.empty() ? "" : " on " + host) +
         (version.empty() ? "" : " with " + version);
}

std::string Effort(const json::object& migration) {
  std::vector<std::string> parts;
  const auto attempts = WholeAt(migration, "attempts");
  if (attempts > 1) parts.push_back(std::to_string(attempts) + " attempts");
  const double waited = NumberAt(migration, "lock_wait_seconds");
  if (waited > 0) parts.push_back(InWords(waited) + " for table locks");
  return Join(parts, ", ");
}

// In a straight line the row below says it.
Html Revises(const json::object& migration, bool straight) {
  const auto parents = TextsAt(migration, "parents");
  if (straight || parents.empty()) return {};
  return "revises " + Codes(parents);
}

Html Notes(const json::object& migration, bool straight) {
  const std::string backup = TextAt(migration, "backup_path");
  const std::string reason = TextAt(migration, "irreversible");
  Html notes;
  for (const Html& note :
       {Revises(migration, straight), Html(AppliedBy(migration)), Html(Effort(migration)),
        reason.empty() ? Html() : "irreversible: " + Html(reason),
        backup.empty() ? Html() : "backup " + Code(backup)}) {
    if (!note.empty()) notes += (notes.empty() ? Html() : Html(" · ")) + note;
  }
  return notes.empty() ? notes : Element("span", {{"class", "notes"}}, notes);
}

Html LastAttempt(const json::object& migration) {
  const json::object& failure = ObjectAt(migration, "failure");
  if (failure.empty()) return {};
  return Element("details", Element("summary", "its last attempt: " +
                                                   Html(WithBlanks(TextAt(failure, "outcome")))) +
                                FailurePart(failure));
}

Html Took(const json::object& migration) {
  if (IsNullAt(migration, "duration_seconds")) return {};
  return InWords(NumberAt(migration, "duration_seconds"));
}

Html Row(const json::object& migration, const std::string& id, bool straight) {
  const std::string state = TextAt(migration, "state");
  const std::string revision = TextAt(migration, "revision");
  const Html description =
      Element("span", {{"class", "description"}}, TextAt(migration, "description"));
  return Element(
      "tr",
      {{"id", id + "-revision-" + IdOf(revision)}, {"class", std::string(MarkOf(state).tone)}},
      Element("td", {{"class", "state"}}, Badge(state)) +
          Element("th", {{"scope", "row"}}, Code(revision) + Tags(migration)) +
          Element("td", {{"class", "text"}},
                  description + Notes(migration, straight) + LastAttempt(migration)) +
          Element("td", {{"class", "when"}}, Time(TextAt(migration, "applied_at"))) +
          Element("td", {{"class", "took"}}, Took(migration)));
}

// ---- What is left out --------------------------------------------------------------------------

// "262 older revisions are left out: 260 applied, 2 changed".
Html Gap(const std::vector<json::object>& migrations, std::size_t begin, std::size_t end) {
  std::map<std::string, std::size_t> counts;
  for (std::size_t i = begin; i < end; ++i) ++counts[TextAt(migrations[i], "state")];
  std::vector<std::string> parts;
  for (const auto& [state, count] : counts) {
    parts.push_back(std::to_string(count) + " " + WithBlanks(state));
  }
  const std::size_t count = end - begin;
  return Element("tr", {{"class", "gap"}},
                 Element("td", {{"colspan", "5"}},
                         std::to_string(count) + (count == 1 ? " revision is" : " revisions are") +
                             " left out here: " + Join(parts, ", ") + "; " +
                             Code("lockstep history") + " shows all"));
}

// The newest first.
Html Rows(const std::vector<json::object>& migrations, const std::string& id) {
  const std::set<std::size_t> shown = Shown(migrations);
  Html rows;
  std::size_t end = migrations.size();
  for (auto one = shown.rbegin(); one != shown.rend(); ++one) {
    if (*one + 1 < end) rows += Gap(migrations, *one + 1, end);
    const std::string before = *one == 0 ? "" : TextAt(migrations[*one - 1], "revision");
    const auto parents = TextsAt(migrations[*one], "parents");
    const bool follows = parents.size() == 1 && parents.front() == before;
    rows += Row(migrations[*one], id, follows);
    end = *one;
  }
  return end > 0 ? rows + Gap(migrations, 0, end) : rows;
}

std::string Caption(std::size_t count) {
  return std::to_string(count) + (count == 1 ? " revision" : " revisions") + ", the newest first";
}

}  // namespace

Html RevisionsPart(const json::object& history, const std::string& id) {
  const std::vector<json::object> migrations = ObjectsAt(history, "migrations");
  Html content = Element("h3", {{"id", id + "-line"}}, "Revisions");
  if (history.empty()) {
    content += Element("p", {{"class", "nothing"}}, "shown once the database was reached");
  } else if (migrations.empty()) {
    content += Element("p", {{"class", "nothing"}},
                       "there are none: the folder has no migrations, and nothing is applied");
  } else {
    const auto heading = [](std::string_view name) {
      return Element("th", {{"scope", "col"}}, name);
    };
    content +=
        Element("table", {{"class", "revisions"}},
                Element("caption", Caption(migrations.size())) +
                    Element("thead", Element("tr", heading("State") + heading("Revision") +
                                                       heading("Description") + heading("Applied") +
                                                       heading("Took"))) +
                    Element("tbody", Rows(migrations, id)));
  }
  return Element("section", {{"id", id + "-revisions"}, {"aria-labelledby", id + "-line"}},
                 content);
}

}  // namespace lockstep
