#include "core/statement_splitter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pg_query.h>

#include <algorithm>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "base/text.h"
#include "core/script_place.h"
#include "core/sql_token.h"

namespace lockstep {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

using Ranges = std::vector<std::pair<std::size_t, std::size_t>>;  // begin, end

SplitScript Split(std::string_view script) { return SplitStatements(script, "0001_a.up.sql"); }

std::vector<std::string> Texts(std::string_view script) {
  std::vector<std::string> texts;
  for (const Statement& statement : Split(script).statements) {
    texts.emplace_back(statement.TextIn(script));
  }
  return texts;
}

std::vector<std::string> Codes(std::string_view script) {
  std::vector<std::string> codes;
  for (const Diagnostic& diagnostic : Split(script).diagnostics) codes.push_back(diagnostic.code);
  return codes;
}

Diagnostic OnlyDiagnostic(std::string_view script) {
  const Diagnostics diagnostics = Split(script).diagnostics;
  EXPECT_EQ(diagnostics.size(), 1U) << script;
  return diagnostics.empty() ? Diagnostic{} : diagnostics.front();
}

// What the grammar itself says; nothing when it refuses the script.
bool ParserRanges(const std::string& script, Ranges& ranges) {
  const PgQuerySplitResult result = pg_query_split_with_parser(script.c_str());
  const bool accepted = result.error == nullptr;
  for (int i = 0; accepted && i < result.n_stmts; ++i) {
    const auto begin = static_cast<std::size_t>(result.stmts[i]->stmt_location);
    ranges.emplace_back(begin, begin + static_cast<std::size_t>(result.stmts[i]->stmt_len));
  }
  pg_query_free_split_result(result);
  return accepted;
}

bool HoldsNoStatement(std::string_view text) {
  Ranges ranges;
  return ParserRanges(std::string(text), ranges) && ranges.empty();
}

// The pieces and what lies between them are the script, and nothing between them is a statement.
void ExpectGapsAreEmpty(std::string_view script, const std::vector<Statement>& statements) {
  std::size_t at = 0;
  for (const Statement& statement : statements) {
    ASSERT_GE(statement.offset, at);
    EXPECT_GT(statement.length, 0U);
    EXPECT_TRUE(HoldsNoStatement(script.substr(at, statement.offset - at))) << script;
    at = statement.offset + statement.length;
    ASSERT_LE(at, script.size());
  }
  EXPECT_TRUE(HoldsNoStatement(script.substr(at))) << script;
}

void ExpectPlacesAreRight(std::string_view script, const std::vector<Statement>& statements) {
  for (const Statement& statement : statements) {
    const TextPosition place = PositionAt(script, statement.offset);
    EXPECT_EQ(statement.line, place.line) << script;
    EXPECT_EQ(statement.column, place.column) << script;
  }
}

// Each piece is the grammar's, but for comments and blanks at its ends.
void ExpectSameAsParser(const std::string& script, const std::vector<Statement>& statements,
                        const Ranges& ranges) {
  ASSERT_EQ(statements.size(), ranges.size()) << script;
  for (std::size_t i = 0; i < ranges.size(); ++i) {
    const std::size_t begin = statements[i].offset;
    const std::size_t end = begin + statements[i].length;
    ASSERT_GE(begin, ranges[i].first) << script;
    ASSERT_LE(end, ranges[i].second) << script;
    const std::string_view text = script;
    EXPECT_TRUE(HoldsNoStatement(text.substr(ranges[i].first, begin - ranges[i].first))) << script;
    EXPECT_TRUE(HoldsNoStatement(text.substr(end, ranges[i].second - end))) << script;
  }
}

// Cuts `script` with the scanner, by way of something behind it that no PostgreSQL knows.
std::vector<Statement> CutByScanner(const std::string& script) {
  SplitScript split = Split(script + "\n;unheard of");
  EXPECT_FALSE(split.statements.empty());
  if (!split.statements.empty()) split.statements.pop_back();
  return split.statements;
}

void ExpectBothCutsAgree(const std::string& script) {
  Ranges ranges;
  ASSERT_TRUE(ParserRanges(script, ranges)) << script;
  const SplitScript split = Split(script);
  EXPECT_THAT(split.diagnostics, IsEmpty()) << script;
  ExpectSameAsParser(script, split.statements, ranges);
  ExpectGapsAreEmpty(script, split.statements);
  ExpectPlacesAreRight(script, split.statements);
  const std::vector<Statement> scanned = CutByScanner(script);
  ExpectSameAsParser(script, scanned, ranges);
  ExpectPlacesAreRight(script, scanned);
}

const std::vector<std::string>& NastyScripts() {
  static const std::vector<std::string> kScripts = {
      "",
      " \n\t",
      ";;;",
      "-- only a comment",
      "/* a /* nested ; */ comment */",
      "select 1",
      "select 1;",
      "select 1 ; ; select 2",
      "  -- leading\n /* and */ select 1 -- trailing\n ; /* last */",
      "select '\xC3\xA4;\xF0\x9F\x90\x98'; /* \xC3\xA4 */ select 2",
      "select ';', 'it''s;', '''', ';''';select 2",
      "select 'ends with backslash \\'; select ';'",
      "select E'\\';', e'\\\\'; select E'it''s \\' ;'",
      "select E'a'\n'\\'; b'; select 2",
      "select E'\\\\' || ';'; select 2",
      "select U&'\\0061;' , U&\"d\\0061t;a\" from t; select 2",
      "select U&'d!0061;' uescape '!'; select 2",
      "select b'01', x'1F;', n'a;b' ; select 2",
      "select \"a;\"\"b\" from t; select 2",
      "select $$;$$; select $a$;$$;$b$;$a$; select $a$ $a $ $a$",
      "select $\xC3\xA4$;$\xC3\xA4$; select 2",
      "select a$b$c, d$ from t; select e$; select f$",
      "prepare p as select $1; select 2",
      "select 1 @- -- ; c\n 2; select 3 +/* ; */ 4; select 5 *-- ;\n 6",
      "select 1 -- ;\r ; select 2",
      "select 1 --\r\n;\r\nselect 2\r\n",
      "select 1 /*/ ; */; select 2 /**/; select 3 /***/; select 4 /* **/",
      "create rule r as on insert to t do (select 1; select 2); select 3",
      "create rule r as on insert to t do also (insert into u values (';)'); delete from v;); "
      "select 1",
      "create function f() returns int begin atomic; select 1; select case when true then case 1 "
      "when 1 then 2 end end; end; select 3",
      "create or replace procedure p(a int) language sql begin atomic insert into t values (a); "
      "select 1 as \"end\"; end; select 3",
      "create procedure p() begin atomic end; select 3",
      "create function f() returns int begin atomic select a case from b; select a end from b; "
      "select case when (select a case) > 0 then 1 end case; end; select 4",
      "create function f(a int) returns int language sql begin atomic select 1 as end; select 2; "
      "end; select 3",
      "create function f() returns int as 'select 1;' language sql; select 2",
      "create function f() returns int language sql return 1; select 2",
      "begin; select 1; end; create table t (a int); commit",
      "create table t (\"begin\" int, atomic int); select case when true then 1 end; select 2",
      "select (select 1), (array[1,2])[1]; select 2",
      "do $body$ begin perform 1; end; $body$; select 2",
      "select '\n\n' ;\n\n select\n2;\n",
  };
  return kScripts;
}

TEST(StatementSplitter, CutsNastyScriptsAsTheGrammarDoesByParserAndByScanner) {
  for (const std::string& script : NastyScripts()) ExpectBothCutsAgree(script);
}

TEST(StatementSplitter, CutsAnyMixOfFragmentsAsTheGrammarDoes) {
  std::mt19937 random(20251122);
  const auto& fragments = NastyScripts();
  std::uniform_int_distribution<std::size_t> pick(0, fragments.size() - 1);
  std::uniform_int_distribution<int> count(1, 8);
  for (int round = 0; round < 400; ++round) {
    std::string script;
    for (int i = count(random); i > 0; --i) script += fragments[pick(random)] + "\n;";
    ExpectBothCutsAgree(script);
    if (HasFatalFailure()) return;
  }
}

// Tokens without sense: mostly the grammar refuses them, and the scanner must keep its head.
TEST(StatementSplitter, CutsAnySequenceOfTokensIntoPiecesInOrder) {
  const std::vector<std::string> tokens = {"select",
                                           " ",
                                           "\n",
                                           "'",
                                           "''",
                                           "E'",
                                           "\\",
                                           "\"",
                                           "$$",
                                           "$a$",
                                           ";",
                                           "(",
                                           ")",
                                           "--",
                                           "/*",
                                           "*/",
                                           "1",
                                           "\xC3\xA4",
                                           "end",
                                           "case",
                                           "begin atomic",
                                           "create function f()",
                                           "copy t from stdin;",
                                           "\n\\.\n",
                                           "$1",
                                           "${A}",
                                           "\\i x"};
  std::mt19937 random(7);
  std::uniform_int_distribution<std::size_t> pick(0, tokens.size() - 1);
  for (int round = 0; round < 3000; ++round) {
    std::string script;
    for (int i = 0; i < 12; ++i) script += tokens[pick(random)];
    std::size_t at = 0;
    for (const Statement& statement : Split(script).statements) {
      ASSERT_GE(statement.offset, at) << script;
      ASSERT_GT(statement.length, 0U) << script;
      at = statement.offset + statement.length;
      ASSERT_LE(at, script.size()) << script;
    }
  }
}

TEST(StatementSplitter, TokensJoinedAreTheText) {
  for (const std::string& script : NastyScripts()) {
    std::string joined;
    for (SqlToken token = NextSqlToken(script, 0); token.type != SqlToken::Type::kEnd;
         token = NextSqlToken(script, joined.size())) {
      ASSERT_GT(token.length, 0U);
      EXPECT_TRUE(token.closed) << script;
      joined += token.TextIn(script);
    }
    EXPECT_EQ(joined, script);
  }
}

// Of 3 MiB: it is given to the grammar by the megabyte.
std::string Long(const std::string& some) {
  std::string script;
  while (script.size() < (std::size_t{3} << 20)) script += some;
  return script;
}

constexpr const char* kSome =
    "insert into t values (1, 'a;b -- c'); -- and ;\n"
    "/* ; */ create function f() returns int begin atomic select case when true then 1 end;"
    " select 2; end;;\n";

TEST(StatementSplitter, CutsALongScriptAsItCutsAShortOne) {
  const std::string script = Long(kSome);
  const auto few = Split(kSome).statements;
  const auto many = Split(script).statements;
  ASSERT_EQ(few.size(), 2U);
  ASSERT_EQ(many.size(), script.size() / std::string_view(kSome).size() * 2);
  for (std::size_t i = 0; i < many.size(); ++i) {
    ASSERT_EQ(many[i].TextIn(script), few[i % 2].TextIn(kSome)) << i;
    ASSERT_EQ(many[i].line, static_cast<int>(i) + 1);
    ASSERT_EQ(many[i].column, few[i % 2].column);
  }
  EXPECT_THAT(Codes(script), IsEmpty());
}

TEST(StatementSplitter, TellsTheFaultOfALongScriptAtItsPlace) {
  const std::string script = Long(kSome);
  const auto lines = static_cast<int>(std::ranges::count(script, '\n'));
  for (const auto& [fault, code] :
       {std::pair("select from from;", "newer-syntax"), std::pair("select 'a", "unterminated")}) {
    const Diagnostic diagnostic = OnlyDiagnostic(script + fault);
    EXPECT_EQ(diagnostic.code, code);
    EXPECT_EQ(diagnostic.line, lines + 1);
  }
}

TEST(StatementSplitter, DropsEmptyStatementsAndNeedsNoFinalSemicolon) {
  EXPECT_THAT(Texts(";; select 1 ;\n; -- x\n select 2 -- y"), ElementsAre("select 1", "select 2"));
  EXPECT_THAT(Texts("-- nothing"), IsEmpty());
}

TEST(StatementSplitter, PlacesAreOfTheFirstTokenInCharacters) {
  const std::string script =
      "select '\xC3\xA4'; /* \xE2\x82\xAC */ select 2;\r\n\r\n\t-- c\r\n\tselect 3";
  const std::vector<Statement> statements = Split(script).statements;
  ASSERT_EQ(statements.size(), 3U);
  EXPECT_EQ(statements[1].line, 1);
  EXPECT_EQ(statements[1].column, 21);
  EXPECT_EQ(statements[2].line, 4);
  EXPECT_EQ(statements[2].column, 2);
}

TEST(StatementSplitter, NamesPsqlCommandsAndWhatToWriteInstead) {
  const Diagnostic copy = OnlyDiagnostic("select 1;\n  \\copy t from 'it''s.csv'\nselect 2;");
  EXPECT_EQ(copy.code, "psql-command");
  EXPECT_EQ(copy.severity, Severity::kError);
  EXPECT_EQ(copy.file, "0001_a.up.sql");
  EXPECT_EQ(copy.line, 2);
  EXPECT_EQ(copy.column, 3);
  EXPECT_EQ(copy.message, "\"\\copy\" is a command of psql, not SQL");
  EXPECT_THAT(copy.hint, HasSubstr("INSERT"));
  EXPECT_EQ(copy.source_line, "  \\copy t from 'it''s.csv'");
  EXPECT_THAT(OnlyDiagnostic("\\set x 1").hint, HasSubstr("-- variables: on"));
  EXPECT_THAT(OnlyDiagnostic("select 1 as a \\gset").message, HasSubstr("\"\\gset\""));
  EXPECT_THAT(OnlyDiagnostic("\\unheard-of").hint, HasSubstr("remove it"));
}

TEST(StatementSplitter, AdviceExistsForEachKnownPsqlCommand) {
  for (const char* command :
       {"\\copy", "\\i", "\\ir", "\\include", "\\c", "\\connect", "\\set", "\\g", "\\gexec",
        "\\gset", "\\if", "\\else", "\\elif", "\\endif", "\\echo", "\\encoding", "\\!", "\\."}) {
    EXPECT_THAT(OnlyDiagnostic(command).hint, testing::Not(HasSubstr("only psql"))) << command;
  }
}

TEST(StatementSplitter, ReportsEachPsqlCommandAndKeepsTheStatementsAroundThem) {
  const std::string script = "\\set ON_ERROR_STOP\nselect 1 \\gexec\nselect 2;\n\\q";
  EXPECT_THAT(Codes(script), ElementsAre("psql-command", "psql-command", "psql-command"));
  EXPECT_THAT(Texts(script), ElementsAre("select 1", "select 2"));
}

TEST(StatementSplitter, ABackslashInAStringIsNoPsqlCommand) {
  EXPECT_THAT(Codes("select '\\copy', $$\\i$$, \"\\x\"; -- \\c\nunheard of"),
              ElementsAre("newer-syntax"));
}

TEST(StatementSplitter, RefusesCopyDataOnceAndGoesOnBehindThem) {
  const std::string script =
      "copy public.t (a, b) from stdin with (format csv);\n1\tit's; \\N\n\\.x\n\\.\nselect 2;";
  const Diagnostic copy = OnlyDiagnostic(script);
  EXPECT_EQ(copy.code, "copy-from-stdin");
  EXPECT_EQ(copy.line, 1);
  EXPECT_THAT(copy.hint, HasSubstr("INSERT"));
  EXPECT_THAT(Texts(script),
              ElementsAre("copy public.t (a, b) from stdin with (format csv)", "select 2"));
}

TEST(StatementSplitter, RefusesCopyWithoutDataInEitherDirectionAndAllowsFiles) {
  EXPECT_EQ(OnlyDiagnostic("COPY t FROM STDIN").code, "copy-from-stdin");
  EXPECT_THAT(OnlyDiagnostic("copy t to stdout").message, HasSubstr("COPY TO STDOUT"));
  EXPECT_THAT(Codes("copy t from '/x'; copy t to program 'cat'"), IsEmpty());
}

TEST(StatementSplitter, FindsCopyOfANewerServerByItsWords) {
  EXPECT_EQ(OnlyDiagnostic("copy t from stdin unheard of;\n1\n\\.\n").code, "copy-from-stdin");
}

TEST(StatementSplitter, SaysWhereAnUnterminatedTokenBegins) {
  const Diagnostic string = OnlyDiagnostic("select '\xC3\xA4';\nselect 'abc; select 2");
  EXPECT_EQ(string.code, "unterminated");
  EXPECT_EQ(string.line, 2);
  EXPECT_EQ(string.column, 8);
  EXPECT_EQ(string.source_line, "select 'abc; select 2");
  EXPECT_THAT(string.message, HasSubstr("quoted string"));
  EXPECT_THAT(OnlyDiagnostic("select /* /* */ 1").message, HasSubstr("comment"));
  EXPECT_THAT(OnlyDiagnostic("select \"a").message, HasSubstr("quoted identifier"));
  EXPECT_EQ(OnlyDiagnostic("select $a$ $$").hint, "close it with $a$");
  EXPECT_EQ(OnlyDiagnostic("select E'\\'").column, 8);
}

TEST(StatementSplitter, NewerSyntaxIsANoteWithTheParsersWordsAndPlace) {
  const std::string script = "select '\xC3\xA4\xC3\xA4'; selec x;\nselect 2";
  const Diagnostic note = OnlyDiagnostic(script);
  EXPECT_EQ(note.code, "newer-syntax");
  EXPECT_EQ(note.severity, Severity::kNote);
  EXPECT_EQ(note.line, 1);
  EXPECT_EQ(note.column, 14);
  EXPECT_THAT(note.message, HasSubstr("syntax error at or near \"selec\""));
  EXPECT_THAT(Texts(script), ElementsAre("select '\xC3\xA4\xC3\xA4'", "selec x", "select 2"));
}

TEST(StatementSplitter, KnowsTheKindsOfTheOtherStatementsBesideNewerSyntax) {
  const std::vector<Statement> statements = Split("unheard of; commit").statements;
  ASSERT_EQ(statements.size(), 2U);
  EXPECT_EQ(statements[0].kind.name, "UNKNOWN");
  EXPECT_EQ(statements[1].kind.trait, StatementTrait::kTransactionControl);
}

// The server accepts a comment between the parts of one literal, libpg_query does not.
TEST(StatementSplitter, KeepsALiteralWholeThatGoesOnBehindAComment) {
  EXPECT_THAT(Texts("select E'a' -- why;\n '\\'; b'; select 2"),
              ElementsAre("select E'a' -- why;\n '\\'; b'", "select 2"));
  EXPECT_THAT(Texts("select E'a' '\\'; select 2"), ElementsAre("select E'a' '\\'", "select 2"));
}

TEST(StatementSplitter, ANulHidesNothing) {
  const std::string script("select 1;\0 commit", 17);
  EXPECT_THAT(Codes(script), ElementsAre("newer-syntax"));
  EXPECT_EQ(Split(script).statements.size(), 2U);
}

TEST(StatementSplitter, DiagnosticsAreInTheOrderOfTheirPlaces) {
  const std::string script = "copy t from stdin;\n1\n\\.\n\\c x\ncopy u to stdout;\nselect 'a";
  EXPECT_THAT(Codes(script),
              ElementsAre("copy-from-stdin", "psql-command", "copy-from-stdin", "unterminated"));
}

TEST(LineAround, GivesTheLineWithoutItsEnd) {
  const std::string_view script = "a\r\nbc\n\nd";
  EXPECT_EQ(LineAround(script, 0), "a");
  EXPECT_EQ(LineAround(script, 2), "a");
  EXPECT_EQ(LineAround(script, 4), "bc");
  EXPECT_EQ(LineAround(script, 5), "bc");
  EXPECT_EQ(LineAround(script, 6), "");
  EXPECT_EQ(LineAround(script, 7), "d");
  EXPECT_EQ(LineAround(script, 99), "d");
}

TEST(LineAround, IsTheLineOfPositionAt) {
  for (const std::string& script : NastyScripts()) {
    for (std::size_t at = 0; at <= script.size(); ++at) {
      EXPECT_EQ(LineAround(script, at), PositionAt(script, at).source_line) << script << at;
    }
  }
}

TEST(LineAround, LeavesOutAnEndlessLine) {
  const std::string shorter(4096, 'x');
  const std::string longer(4097, 'x');
  EXPECT_EQ(LineAround("a\n" + shorter + "\nb", 3000), shorter);
  EXPECT_EQ(LineAround("a\n" + longer + "\nb", 3000), "");
  EXPECT_EQ(LineAround(longer, 0), "");
  EXPECT_EQ(LineAround(longer, longer.size()), "");
}

}  // namespace
}  // namespace lockstep
