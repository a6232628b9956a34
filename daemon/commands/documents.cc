#include "commands/documents.h"

#include "core/blocker.h"

namespace lockstep {
namespace {

// As the attempts table has them. What somebody else wrote there is left out.
json::array BlockerTexts(const std::string& text) {
  boost::system::error_code broken;
  const json::value stored = json::parse(text, broken);
  if (broken || !stored.is_array()) return {};
  json::array texts;
  for (const json::value& blocker : stored.get_array()) {
    try {
      texts.push_back(json::value(ToText(BlockerFromJson(blocker))));
    } catch (const std::exception&) {
      continue;
    }
  }
  return texts;
}

}  // namespace

json::value TextOrNull(std::string_view text) {
  return text.empty() ? json::value(nullptr) : json::value(text);
}

json::object ToJson(const Diagnostic& diagnostic) {
  return {{"severity", NameOf(diagnostic.severity)},
          {"code", diagnostic.code},
          {"file", TextOrNull(diagnostic.file)},
          {"line", diagnostic.line},
          {"column", diagnostic.column},
          {"message", diagnostic.message},
          {"hint", TextOrNull(diagnostic.hint)},
          {"source_line", TextOrNull(diagnostic.source_line)}};
}

json::array ToJson(const Diagnostics& diagnostics) {
  json::array list;
  for (const Diagnostic& diagnostic : diagnostics) list.push_back(ToJson(diagnostic));
  return list;
}

json::object ToJson(const FailedAttempt& attempt) {
  return {{"revision", attempt.revision},
          {"direction", attempt.direction},
          {"outcome", attempt.outcome},
          {"finished_at", ToIso8601(attempt.finished_at)},
          {"duration_seconds", attempt.duration_seconds},
          {"lock_wait_seconds", attempt.lock_wait_seconds},
          {"attempts", attempt.attempts},
          {"sqlstate", TextOrNull(attempt.sqlstate)},
          {"message", TextOrNull(attempt.message)},
          {"detail", TextOrNull(attempt.detail)},
          {"hint", TextOrNull(attempt.hint)},
          {"file", TextOrNull(attempt.file)},
          {"line", attempt.line},
          {"column", attempt.column},
          {"host", TextOrNull(attempt.host)},
          {"pid", attempt.pid},
          {"version", TextOrNull(attempt.client_version)},
          {"blockers", BlockerTexts(attempt.blockers)}};
}

json::object ToJson(const LockHolder& holder) {
  const bool age_known = holder.query_age_seconds >= 0;
  return {{"pid", holder.pid},
          {"application_name", TextOrNull(holder.application_name)},
          {"user", TextOrNull(holder.user)},
          {"client_address", TextOrNull(holder.client_address)},
          {"state", TextOrNull(holder.state)},
          {"backend_age_seconds", holder.backend_age_seconds},
          {"query_age_seconds", age_known ? json::value(holder.query_age_seconds) : nullptr},
          {"text", ToText(holder)}};
}

json::array ToJson(const std::vector<Statement>& statements) {
  json::array list;
  for (const Statement& statement : statements) {
    list.push_back(json::object{{"kind", statement.kind.name},
                                {"lock_class", LetterOf(statement.kind.lock_class)},
                                {"line", statement.line},
                                {"column", statement.column}});
  }
  return list;
}

std::string VersionText(int server_version) {
  return std::to_string(server_version / 10000) + "." + std::to_string(server_version % 10000);
}

std::string Count(std::size_t count, std::string_view singular, std::string_view plural) {
  return std::to_string(count) + " " + std::string(count == 1 ? singular : plural);
}

}  // namespace lockstep
