#include "core/blocker.h"

#include <algorithm>
#include <array>
#include <vector>

#include "base/text.h"
#include "core/duration.h"

namespace lockstep {
namespace {

// In the order of BlockerKind.
constexpr std::array<std::string_view, 6> kKindNames = {
    "idle_in_transaction", "active", "autovacuum", "wraparound", "prepared", "ddl"};

// What of a blocker is stored, under its key.
struct TextField {
  std::string_view key;
  std::string Blocker::*field;
};
constexpr std::array kTextFields = {
    TextField{"gid", &Blocker::gid},
    TextField{"user", &Blocker::user},
    TextField{"application_name", &Blocker::application_name},
    TextField{"client_address", &Blocker::client_address},
    TextField{"state", &Blocker::state},
    TextField{"mode", &Blocker::mode},
    TextField{"relation", &Blocker::relation},
    TextField{"lock_type", &Blocker::lock_type},
    TextField{"query", &Blocker::query},
    TextField{"standby", &Blocker::standby},
};

BlockerKind KindNamed(std::string_view name) {
  const auto known = std::find(kKindNames.begin(), kKindNames.end(), name);
  if (known == kKindNames.end()) return BlockerKind::kActive;
  return static_cast<BlockerKind>(known - kKindNames.begin());
}

std::string SecondsInWords(double seconds) {
  return ToText(std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds)));
}

std::string NameInWords(const Blocker& blocker) {
  if (blocker.pid == 0) return "prepared transaction '" + blocker.gid + "'";
  std::string words = "pid " + std::to_string(blocker.pid);
  if (!blocker.application_name.empty()) words += ", app=" + blocker.application_name;
  return words;
}

std::string StateInWords(const Blocker& blocker) {
  const double age = blocker.transaction_age_seconds;
  const std::string since = age < 0 ? "" : " for " + SecondsInWords(age);
  switch (blocker.kind) {
    case BlockerKind::kPrepared:
      return "prepared" + (age < 0 ? "" : since + " and neither committed nor rolled back");
    case BlockerKind::kWraparound:
      return "autovacuum to prevent wraparound" + since;
    case BlockerKind::kAutovacuum:
      return "autovacuum" + since;
    default:
      return blocker.state.empty() ? "state hidden from us" : blocker.state + since;
  }
}

std::string LockInWords(const Blocker& blocker) {
  if (blocker.lock_type.empty()) return {};
  const std::string verb = blocker.queued ? "waits for " : "holds ";
  if (!blocker.relation.empty() && blocker.lock_type == "relation") {
    return verb + blocker.mode + " on " + blocker.relation;
  }
  if (blocker.lock_type == "virtualxid") return "has a transaction that must end first";
  if (blocker.lock_type == "transactionid" || blocker.lock_type == "tuple") {
    return blocker.queued ? "waits for a row" : "holds a row";
  }
  const bool vowel = std::string_view("aeiou").find(blocker.lock_type[0]) != std::string_view::npos;
  return verb + (vowel ? "an " : "a ") + blocker.lock_type + " lock";
}

std::string StatementInWords(const Blocker& blocker) {
  if (blocker.query.empty()) return {};
  constexpr std::size_t kMost = 200;
  std::string query = Escaped(Trim(blocker.query).substr(0, kMost));
  if (Trim(blocker.query).size() > kMost) query += "...";
  const bool runs = blocker.state == "active";
  return (runs ? "; it runs: " : "; its last statement was: ") + query;
}

}  // namespace

std::string_view NameOf(BlockerKind kind) { return kKindNames[static_cast<std::size_t>(kind)]; }

bool HidesItsAge(const Blocker& blocker) {
  const bool hidden = blocker.state.empty() && !blocker.user.empty();
  return blocker.transaction_age_seconds < 0 && (hidden || blocker.state == "disabled");
}

std::string ToText(const Blocker& blocker) {
  std::vector<std::string> parts{NameInWords(blocker)};
  if (!blocker.standby.empty()) parts.push_back("on the standby " + blocker.standby);
  if (!blocker.user.empty()) parts.push_back("user " + blocker.user);
  if (!blocker.client_address.empty()) parts.push_back("client " + blocker.client_address);
  parts.push_back(StateInWords(blocker));
  const std::string lock = LockInWords(blocker);
  if (!lock.empty()) parts.push_back(lock);
  // Names and queries are other people's text.
  return Escaped(Join(parts, ", ")) + StatementInWords(blocker);
}

std::vector<std::string> ToTexts(const std::vector<Blocker>& blockers) {
  std::vector<std::string> texts;
  for (const Blocker& blocker : blockers) texts.push_back(ToText(blocker));
  return texts;
}

json::object ToJson(const Blocker& blocker) {
  json::object object{{"pid", blocker.pid},
                      {"kind", NameOf(blocker.kind)},
                      {"queued", blocker.queued},
                      {"transaction_seconds", blocker.transaction_age_seconds},
                      {"state_seconds", blocker.state_seconds},
                      {"wait_seconds", blocker.wait_seconds}};
  for (const TextField& text : kTextFields) object[text.key] = blocker.*text.field;
  return object;
}

Blocker BlockerFromJson(const json::value& value) {
  const json::object& object = value.as_object();
  Blocker blocker;
  blocker.pid = object.at("pid").to_number<int>();
  blocker.kind = KindNamed(std::string_view(object.at("kind").as_string()));
  blocker.queued = object.at("queued").as_bool();
  blocker.transaction_age_seconds = object.at("transaction_seconds").to_number<double>();
  blocker.state_seconds = object.at("state_seconds").to_number<double>();
  blocker.wait_seconds = object.at("wait_seconds").to_number<double>();
  for (const TextField& text : kTextFields) blocker.*text.field = object.at(text.key).as_string();
  return blocker;
}

}  // namespace lockstep
