#include "fuzz/psql_effect.h"

#include <algorithm>
#include <regex>

#include "base/text.h"
#include "core/sql_token.h"
#include "support/program.h"
#include "support/temporary_folder.h"

namespace lockstep {
namespace {

// A mark on standard error: the line on which the next piece ends.
constexpr std::string_view kMark = "the next piece ends on line ";
// So much stands behind psql's caret however long the line is.
constexpr std::size_t kBehindCaret = 8;

constexpr const char* kReset = R"(
do $$ declare s text; begin
  for s in select nspname from pg_namespace where nspname !~ '^(pg_|information_schema)' loop
    execute format('drop schema %I cascade', s);
  end loop;
end $$;
create schema public;)";

constexpr const char* kObjects = R"(
select string_agg(o, E'\n' order by o) from (
  select format('%I.%I %s ', n.nspname, c.relname, c.relkind) || case c.relkind when 'r' then
      query_to_xml(format('select * from %I.%I r order by r::text', n.nspname, c.relname), true, true, '')::text
      else '' end
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname !~ '^(pg_|information_schema)'
  union all
  select p.oid::regprocedure || p.prosrc || coalesce(pg_get_function_sqlbody(p.oid), '')
    from pg_proc p join pg_namespace n on n.oid = p.pronamespace
    where n.nspname !~ '^(pg_|information_schema)') as found(o))";

ProgramEnd Psql(const TestDatabase& database, std::vector<std::string> arguments) {
  const std::vector<std::string> first = {"-X", "-A",
                                          "-v", "VERBOSITY=verbose",
                                          "-v", "SHOW_CONTEXT=never",
                                          "-d", ToConnectionString(database.url())};
  arguments.insert(arguments.begin(), first.begin(), first.end());
  return Program(arguments, {{"PGOPTIONS", "-c client_min_messages=notice"}}, {}, "/usr/bin/psql")
      .Wait();
}

std::vector<std::string> LinesOf(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    lines.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return lines;
}

// "LINE 3: select x" and the caret below it.
std::string AtCaret(const std::string& line, const std::string& caret) {
  const std::size_t from = ByteOfCharacter(line, caret.find('^'));
  const std::string behind = line.substr(from, kBehindCaret);
  // The gap behind a piece is in the file only.
  return behind.substr(0, behind.find_first_of(" ;/-"));
}

// The messages of psql's standard error, read line by line.
class MessageReader {
 public:
  void Take(const std::string& line) {
    static const std::regex kPlace(R"(^psql:[^:]*:(\d+): )");
    std::smatch found;
    std::string text = line;
    if (line.starts_with(kMark)) {
      piece_line_ = std::stol(line.substr(kMark.size()));
      return;
    }
    if (std::regex_search(line, found, kPlace)) {
      piece_line_ = std::stol(found[1]);
      text = found.suffix();
    }
    if (text.starts_with("LOCATION: ")) return;
    if (Trim(text) == "^" && !messages_.empty()) {
      messages_.back().at_caret = AtCaret(source_line_, text);
    } else if (text.starts_with("LINE ")) {
      source_line_ = text;
    } else {
      messages_.push_back({text, "", piece_line_});
    }
  }

  std::vector<PsqlMessage> messages() && { return std::move(messages_); }

 private:
  std::vector<PsqlMessage> messages_;
  std::string source_line_;
  long piece_line_ = 0;
};

PsqlEffect EffectOf(const TestDatabase& database, const ProgramEnd& end) {
  MessageReader reader;
  for (const std::string& line : LinesOf(end.messages)) reader.Take(line);
  return {end.output, std::move(reader).messages(), database.Value(kObjects)};
}

// The line on which psql meets the semicolon behind `piece`.
long EndLineOf(const std::string& script, const Statement& piece) {
  const SqlToken end = NextSpeakingToken(script, piece.offset + piece.length);
  // Without one it comes to the last line.
  if (end.type == SqlToken::Type::kEnd) return std::count(script.begin(), script.end(), '\n');
  return 1 + std::count(script.begin(), script.begin() + static_cast<long>(end.offset), '\n');
}

}  // namespace

std::ostream& operator<<(std::ostream& out, const PsqlMessage& message) {
  return out << message.line << ": " << message.text << " at \"" << message.at_caret << "\"";
}

std::ostream& operator<<(std::ostream& out, const PsqlEffect& effect) {
  out << "shows\n" << effect.output << "says\n";
  for (const PsqlMessage& message : effect.messages) out << message << "\n";
  return out << "leaves\n" << effect.objects << "\n";
}

PsqlEffect RunWhole(const TestDatabase& database, const std::string& script) {
  const TemporaryFolder folder;
  folder.Write("script.sql", script);
  database.Sql(kReset);
  return EffectOf(database, Psql(database, {"-f", folder.Path("script.sql")}));
}

PsqlEffect RunPieces(const TestDatabase& database, const std::string& script,
                     const std::vector<Statement>& pieces) {
  std::vector<std::string> arguments;
  for (const Statement& piece : pieces) {
    const std::string line = std::to_string(EndLineOf(script, piece));
    arguments.insert(arguments.end(), {"-c", "\\warn " + std::string(kMark) + line});
    // psql sends the semicolon with a statement of a file.
    arguments.insert(arguments.end(), {"-c", std::string(piece.TextIn(script)) + ";"});
  }
  // Without a piece psql would read standard input.
  if (pieces.empty()) arguments = {"-c", ""};
  database.Sql(kReset);
  return EffectOf(database, Psql(database, arguments));
}

}  // namespace lockstep
