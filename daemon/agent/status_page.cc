#include "agent/status_page.h"

#include <status_page_files.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "agent/status_page_parts.h"
#include "base/document.h"
#include "base/hash.h"

namespace lockstep {
namespace {

// ---- The file ----------------------------------------------------------------------------------

std::string_view Template() { return status_page_files().front().second; }

// What stands between the file's only <tag> and its end.
std::string_view Inside(std::string_view begin, std::string_view end) {
  const std::string_view file = Template();
  const std::size_t from = file.find(begin) + begin.size();
  return file.substr(from, file.find(end, from) - from);
}

std::string Base64(const std::string& hexadecimal) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  // Three hexadecimal digits are twelve bits, two digits of the result.
  for (std::size_t at = 0; at < hexadecimal.size(); at += 3) {
    std::string three = hexadecimal.substr(at, 3);
    const std::size_t given = three.size();
    three.append(3 - given, '0');
    unsigned bits = 0;
    std::from_chars(three.data(), three.data() + three.size(), bits, 16);
    text += kDigits[bits >> 6U];
    if (given > 1) text += kDigits[bits & 63U];
  }
  text.append((4 - text.size() % 4) % 4, '=');
  return text;
}

std::string HashSource(std::string_view text) { return "'sha256-" + Base64(Sha256(text)) + "'"; }

// Another release has another page, with another script.
const std::string& MarkOfFile() {
  static const std::string mark = Sha256(Template()).substr(0, 16);
  return mark;
}

struct Filling {
  std::string_view place;
  std::string text;
};

// In one pass: a text that is filled in is never looked at for places.
std::string Fill(std::string_view file, const std::vector<Filling>& fillings) {
  std::string page;
  for (;;) {
    const std::size_t begin = file.find("{{");
    const std::size_t end = file.find("}}", begin);
    if (begin == std::string_view::npos || end == std::string_view::npos) return page.append(file);
    const std::string_view place = file.substr(begin + 2, end - begin - 2);
    const auto filling = std::ranges::find(fillings, place, &Filling::place);
    page.append(file.substr(0, begin));
    if (filling != fillings.end()) page.append(filling->text);
    file.remove_prefix(end + 2);
  }
}

// ---- All targets together ----------------------------------------------------------------------

std::size_t Urgency(std::string_view tone) {
  constexpr std::array<std::string_view, 5> kTones = {"bad", "run", "wait", "plain", "good"};
  return static_cast<std::size_t>(std::ranges::find(kTones, tone) - kTones.begin());
}

// The one to look at first; null when there is none.
const json::object* MostUrgent(const std::vector<json::object>& targets) {
  const auto found = std::ranges::min_element(targets, {}, [](const json::object& target) {
    return Urgency(MarkOf(StateOfTarget(target)).tone);
  });
  return found == targets.end() ? nullptr : &*found;
}

std::string Title(const std::vector<json::object>& targets, const std::string& host) {
  const std::string program = host.empty() ? "Lockstep" : "Lockstep on " + host;
  const json::object* const first = MostUrgent(targets);
  if (first == nullptr) return program;
  const std::string state = StateOfTarget(*first);
  return std::string(MarkOf(state).sign) + " " + WithBlanks(state) + ": " + TextAt(*first, "name") +
         " · " + program;
}

// A picture for the browser's tab, in the colour of what is most urgent.
std::string Icon(const std::vector<json::object>& targets) {
  const json::object* const first = MostUrgent(targets);
  const std::string_view tone = first == nullptr ? "plain" : MarkOf(StateOfTarget(*first)).tone;
  const std::string colour = tone == "bad"    ? "c62a20"
                             : tone == "run"  ? "2c6fd1"
                             : tone == "wait" ? "c98a12"
                             : tone == "good" ? "2b8a52"
                                              : "7a8694";
  return "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E"
         "%3Crect width='16' height='16' rx='4' fill='%23" +
         colour +
         "'/%3E%3Cpath d='M5 3v10h7' fill='none' stroke='white' stroke-width='2.4'/%3E%3C/svg%3E";
}

Html OverviewRow(const json::object& target) {
  const std::string name = TextAt(target, "name");
  const std::string state = StateOfTarget(target);
  const json::object& status = ObjectAt(target, "status");
  Html badges = Badge(state);
  if (TrueAt(target, "paused")) badges += " " + Badge("paused");
  return Element(
      "tr", {{"id", "row-" + IdOf(name)}, {"class", std::string(MarkOf(state).tone)}},
      Element("td", {{"class", "state"}}, badges) +
          Element("th", {{"scope", "row"}},
                  Element("a", {{"href", "#target-" + IdOf(name)}}, name)) +
          Element("td", {{"class", "text"}}, TextAt(target, "doing")) +
          Element("td", {{"class", "number"}},
                  status.empty() ? Html() : Html(std::to_string(WholeAt(status, "pending")))) +
          Element("td", {{"class", "when"}}, Time(TextAt(target, "as_of"))));
}

Html Overview(const std::vector<json::object>& targets) {
  if (targets.size() < 2) return {};
  Html headings;
  for (const std::string_view name : {"State", "Target", "The agent", "Pending", "Looked at"}) {
    headings += Element("th", {{"scope", "col"}}, name);
  }
  Html rows;
  for (const json::object& target : targets) rows += OverviewRow(target);
  return Element(
      "section", {{"id", "overview"}, {"aria-labelledby", "overview-name"}},
      Element("h2", {{"id", "overview-name"}}, "Targets") +
          Element("table", {{"class", "overview"}},
                  Element("caption", std::to_string(targets.size()) + " targets") +
                      Element("thead", Element("tr", headings)) + Element("tbody", rows)));
}

// ---- Around them -------------------------------------------------------------------------------

Html AgentHead(const json::object& agent) {
  const std::string host = TextAt(agent, "host");
  const std::string problem = TextAt(agent, "config_problem");
  const std::string config = TextAt(agent, "config");
  Html head = Element(
      "h1", Html("Lockstep ") + (host.empty() ? Html() : Element("span", "on " + Html(host))));
  head += Element(
      "p", {{"class", "ready"}},
      Badge(TrueAt(agent, "ready") ? "ready" : "not_ready") + " " + TextAt(agent, "reason"));
  if (!problem.empty()) {
    head += Element("div", {{"class", "notice bad"}},
                    Element("p", {{"class", "lines"}},
                            Element("strong",
                                    "the new configuration was not taken, the old one is "
                                    "still in force: ") +
                                problem));
  }
  return head + Facts("agent-facts",
                      {{"version", TextAt(agent, "version")},
                       {"pid", IsNullAt(agent, "pid") ? "" : std::to_string(WholeAt(agent, "pid"))},
                       {"up", IsNullAt(agent, "uptime_seconds")
                                  ? Html()
                                  : Html(InWords(NumberAt(agent, "uptime_seconds")) + ", since ") +
                                        Time(TextAt(agent, "started_at"))},
                       {"configuration", config.empty() ? Html("none") : Code(config)},
                       {"log level", TextAt(agent, "log_level")}});
}

Html Main(const std::vector<json::object>& targets, const json::array& histories,
          std::string_view now) {
  Html content = Overview(targets);
  for (std::size_t i = 0; i < targets.size(); ++i) {
    const json::object* const history = i < histories.size() ? histories[i].if_object() : nullptr;
    content += TargetPart(targets[i], history == nullptr ? json::object() : *history, now);
  }
  return targets.empty() ? Element("p", "the agent has no target") : content;
}

Html AsOf(std::string_view now) {
  return now.empty() ? Html() : "As of " + Time(now) + ". Times are UTC. ";
}

bool AnyRuns(const std::vector<json::object>& targets) {
  return std::ranges::any_of(
      targets, [](const json::object& target) { return !ObjectAt(target, "run").empty(); });
}

}  // namespace

std::string StatusPage(const json::object& status, const json::array& histories) {
  const json::object& agent = ObjectAt(status, "agent");
  const std::vector<json::object> targets = ObjectsAt(status, "targets");
  const std::string now = Later(TextAt(agent, "started_at"), NumberAt(agent, "uptime_seconds"));
  const bool runs = AnyRuns(targets);
  return Fill(Template(), {{"page", MarkOfFile()},
                           {"title", Html(Title(targets, TextAt(agent, "host"))).source()},
                           {"icon", Icon(targets)},
                           {"reload", runs ? "5" : "15"},
                           {"running", runs ? "yes" : "no"},
                           {"agent", AgentHead(agent).source()},
                           {"main", Main(targets, histories, now).source()},
                           {"as_of", AsOf(now).source()}});
}

std::string StatusPagePolicy() {
  static const std::string policy =
      "default-src 'none'; style-src " + HashSource(Inside("<style>", "</style>")) +
      "; script-src " + HashSource(Inside("<script>", "</script>")) +
      "; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; "
      "frame-ancestors 'none'";
  return policy;
}

}  // namespace lockstep
