#include "postgres/connection_url.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace lockstep {
namespace {

using Options = std::map<std::string, std::string>;

// What the user would read: message and hint.
std::string Refusal(std::string_view text) {
  try {
    ConnectionUrl::Parse(text);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kBadSettings);
    return std::string(error.what()) + "; " + error.hint();
  }
  return "accepted";
}

Options OptionsOf(std::string_view text) { return ConnectionUrl::Parse(text).options(); }

bool Contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

constexpr std::string_view kCanary = "s3cr3t-canary";

// The first piece of four or more signs of the canary in `text`; "" when there is none.
std::string PieceOfCanary(std::string_view text) {
  for (std::size_t i = 0; i + 4 <= kCanary.size(); ++i) {
    if (Contains(text, kCanary.substr(i, 4))) return std::string(kCanary.substr(i, 4));
  }
  return {};
}

TEST(ConnectionUrl, TakesAUrlApart) {
  EXPECT_EQ(OptionsOf("postgresql://app:pw@db.example:5433/shop?sslmode=verify-full"),
            (Options{{"user", "app"},
                     {"password", "pw"},
                     {"host", "db.example"},
                     {"port", "5433"},
                     {"dbname", "shop"},
                     {"sslmode", "verify-full"}}));
  EXPECT_EQ(OptionsOf("postgres://db/shop"), (Options{{"host", "db"}, {"dbname", "shop"}}));
  EXPECT_EQ(OptionsOf("postgresql://"), Options{});
}

TEST(ConnectionUrl, AcceptsTheDriversOfSqlAlchemy) {
  const Options plain = OptionsOf("postgresql://app:pw@db/shop");
  for (const std::string driver : {"asyncpg", "psycopg2", "psycopg", "pg8000"}) {
    EXPECT_EQ(OptionsOf("postgresql+" + driver + "://app:pw@db/shop"), plain);
    EXPECT_EQ(OptionsOf("postgres+" + driver + "://app:pw@db/shop"), plain);
  }
  EXPECT_TRUE(Contains(Refusal("postgresql+://db/shop"), "postgresql://"));
}

TEST(ConnectionUrl, ReadsSslOfAsyncpgAsSslMode) {
  const auto mode = [](const std::string& ssl) {
    return ConnectionUrl::Parse("postgresql+asyncpg://db/shop?ssl=" + ssl).Get("sslmode");
  };
  EXPECT_EQ(mode("require"), "require");
  EXPECT_EQ(mode("verify-full"), "verify-full");
  EXPECT_EQ(mode("true"), "require");
  EXPECT_EQ(mode("false"), "disable");
  EXPECT_TRUE(Contains(Refusal("postgresql+asyncpg://db/shop?ssl=s3cr3t"), "verify-full"));
}

TEST(ConnectionUrl, LeavesOutWhatConcernsADriverAlone) {
  EXPECT_EQ(OptionsOf("postgresql+asyncpg://db/shop?prepared_statement_cache_size=0&user=app"),
            (Options{{"host", "db"}, {"dbname", "shop"}, {"user", "app"}}));
  EXPECT_NE(Refusal("postgresql://db/shop?prepared_statement_cache_size=0"), "accepted");
}

TEST(ConnectionUrl, DecodesPercentSigns) {
  const auto url = ConnectionUrl::Parse("postgresql://a%40b:p%40%2F%3F%23%3A%25%26%3D@h/d%20b");
  EXPECT_EQ(url.Get("user"), "a@b");
  EXPECT_EQ(url.Get("password"), "p@/?#:%&=");
  EXPECT_EQ(url.Get("dbname"), "d b");
}

TEST(ConnectionUrl, KnowsSeveralHostsIpv6AndSockets) {
  EXPECT_EQ(OptionsOf("postgresql://a:1,b:2,c/d?target_session_attrs=read-write"),
            (Options{{"host", "a,b,c"},
                     {"port", "1,2,"},
                     {"dbname", "d"},
                     {"target_session_attrs", "read-write"}}));
  EXPECT_EQ(OptionsOf("postgresql://[2001:db8::1]:5433/d"),
            (Options{{"host", "2001:db8::1"}, {"port", "5433"}, {"dbname", "d"}}));
  EXPECT_EQ(OptionsOf("postgresql:///d?host=/run/postgresql"),
            (Options{{"host", "/run/postgresql"}, {"dbname", "d"}}));
  EXPECT_EQ(
      OptionsOf("postgresql://app@%2Frun%2Fpostgresql:5433/d"),
      (Options{{"user", "app"}, {"host", "/run/postgresql"}, {"port", "5433"}, {"dbname", "d"}}));
}

TEST(ConnectionUrl, ReadsKeywordStrings) {
  EXPECT_EQ(OptionsOf(R"( host=db port = 5433 password='it\'s a \\' user=a\ b passfile=/x )"),
            (Options{{"host", "db"},
                     {"port", "5433"},
                     {"password", "it's a \\"},
                     {"user", "a b"},
                     {"passfile", "/x"}}));
  EXPECT_EQ(OptionsOf("password=postgresql://x host=db"),
            (Options{{"host", "db"}, {"password", "postgresql://x"}}));
}

TEST(ConnectionUrl, SaysWhichSignOfAPasswordMustBeEscaped) {
  EXPECT_TRUE(Contains(Refusal("postgresql://u:a@b@h/d"),
                       R"(an "@" in the password must be written "%40")"));
  EXPECT_TRUE(Contains(Refusal("postgresql://u:a/b@h/d"),
                       R"(a "/" in the password must be written "%2F")"));
  EXPECT_TRUE(Contains(Refusal("postgresql://u:a?b@h/d"),
                       R"(a "?" in the password must be written "%3F")"));
  EXPECT_TRUE(Contains(Refusal("postgresql://u:a#b@h/d"), R"(must be written "%23")"));
  EXPECT_TRUE(Contains(Refusal("postgresql://u:a:b@h/d"),
                       R"(a ":" in the password must be written "%3A")"));
  EXPECT_TRUE(Contains(Refusal("postgresql://u:100%@h/d"), R"(must be written "%25")"));
  EXPECT_TRUE(Contains(Refusal("postgresql://u:a b@h/d"), R"(must be written "%20")"));
  EXPECT_TRUE(Contains(Refusal("postgresql://u:1/b@h/d"), R"("%2F")"));
  EXPECT_TRUE(Contains(Refusal("postgresql://h/d?application_name=a@b"), R"(written "%40")"));
}

// libpq's own message names the piece of the password that it takes for something else.
TEST(ConnectionUrl, NeverRepeatsAPieceOfAPassword) {
  const std::vector<std::string> broken = {
      "postgresql://u:s3cr3t-canary",
      "postgresql://u:s3cr3t-canary/db",
      "postgresql://u:x@s3cr3t-canary@h/db",
      "postgresql://u:s3cr3t@canary@h:1/db",
      "postgresql://u:s3cr3t/-canary@h/db",
      "postgresql://u:12/s3cr3t-canary@h/db",
      "postgresql://u:x/s3cr3t/canary@h/db",
      "postgresql://u:x?s3cr3t-canary@h/db",
      "postgresql://u:x?s3cr3t=canary@h/db",
      "postgresql://u:p@x?s3cr3t=canary@h/db",
      "postgresql://u:x#s3cr3t-canary@h/db",
      "postgresql://u:s3cr3t:canary@h/db",
      "postgresql://u:s3cr3t-canary%@h/db",
      "postgresql://u:s3cr3t-canary%zz@h/db",
      "postgresql://u:s3cr3t-canary%00@h/db",
      "postgresql://u:s3cr3t canary@h/db",
      "postgresql://u:s3cr3t-canary\n@h/db",
      "postgresql://u:s3cr3t-canary@h:s3cr3t-canary/db",
      "postgresql://u:s3cr3t-canary@h:123456/db",
      "postgresql://u:s3cr3t-canary@h/db/s3cr3t-canary",
      "postgresql://u:s3cr3t-canary@[h/db",
      "postgresql://u:s3cr3t-canary@[s3cr3t-canary]/db",
      "postgresql://u:s3cr3t-canary@h/db?sslmod=require",
      "postgresql://u:s3cr3t-canary@h/db?sslmode=s3cr3t-canary",
      "postgresql://u:s3cr3t-canary@h/db?sslmode",
      "postgresql://u:s3cr3t-canary@h/db?port=s3cr3t-canary",
      "postgresql://u:s3cr3t-canary@h/db?s3cr3t-canary",
      "postgresql://u@h/db?password=s3cr3t&canary=1",
      "postgresql://u@h/db?password=s3cr3t=canary",
      "postgresql://u@h/db?s3cr3t_canary=1",
      "postgresql://s3cr3t!canary@x!/db",
      "postgresql://h/postgresql%3A%2F%2Fu%3As3cr3t-canary%40h",
      "postgresql:/u:s3cr3t-canary@h/db",
      "postgresql:/u:s3cr3t-canary@h/db?sslmode=require",
      "s3cr3t-canary://u:p@h/db",
      "mysql://u:s3cr3t-canary@h/db",
      "jdbc:postgresql://h/db?user=u&password=s3cr3t-canary",
      "u:s3cr3t-canary@h/db",
      "s3cr3t-canary",
      "host=h password=it s3cr3t-canary",
      "host=h password=it s3cr3t=canary",
      "host=h password='s3cr3t-canary",
      "host=h password=s3cr3t-canary port=canary",
      "host=h dbname='host=x password=s3cr3t-canary'",
      "host=h dbname=postgresql://u:s3cr3t-canary@h",
      "host h=s3cr3t-canary",
      "host= password=s3cr3t-canary",
      "hots=h password=s3cr3t-canary",
      "= s3cr3t-canary",
      std::string("postgresql://u:s3cr3t-canary@h/\0db", 34),
      "postgresql://u:" + std::string(20'000, 'x') + "s3cr3t-canary@h/db",
  };
  for (const std::string& text : broken) {
    const std::string refusal = Refusal(text);
    EXPECT_NE(refusal, "accepted") << text;
    EXPECT_EQ(PieceOfCanary(refusal), "") << text << "\n" << refusal;
  }
}

TEST(ConnectionUrl, NamesTheKeywordThatAnUnknownOptionIsNearTo) {
  const std::string refusal = Refusal("postgresql://h/d?sslmod=x");
  EXPECT_FALSE(Contains(refusal, R"("sslmod")")) << refusal;
  EXPECT_TRUE(Contains(refusal, R"(did you mean "sslmode"?)")) << refusal;
  EXPECT_TRUE(Contains(Refusal("hots=h"), R"(did you mean "host")"));
  EXPECT_FALSE(Contains(Refusal("password=a hots=h"), "hots"));
}

TEST(ConnectionUrl, SaysPlainlyWhatIsWrong) {
  EXPECT_TRUE(Contains(Refusal(""), "empty"));
  EXPECT_TRUE(Contains(Refusal("  "), "empty"));
  EXPECT_TRUE(Contains(Refusal("postgresql://h/d\n"), "line break"));
  EXPECT_TRUE(Contains(Refusal("postgresql://h\t/d"), "control character"));
  EXPECT_TRUE(Contains(Refusal(std::string_view("host=h\0x", 8)), "NUL"));
  EXPECT_TRUE(Contains(Refusal("host=" + std::string(20'000, 'x')), "longer than 16 KiB"));
  EXPECT_TRUE(Contains(Refusal("mysql://h/d"), R"("mysql://" is not PostgreSQL)"));
  EXPECT_TRUE(Contains(Refusal("jdbc:postgresql://h/d"), "jdbc:"));
  EXPECT_TRUE(Contains(Refusal("shop"), "neither a URL nor a keyword string"));
  EXPECT_TRUE(Contains(Refusal("postgresql://h:0/d"), "port"));
  EXPECT_TRUE(Contains(Refusal("host=h\nport=1"), "line break"));
  EXPECT_TRUE(Contains(Refusal("host='h"), "closing quote"));
  EXPECT_TRUE(Contains(Refusal("postgresql://u%0Ax@h/d"), "control character"));
}

TEST(ConnectionUrl, PrintsItselfWithoutItsPasswordAndOtherOptions) {
  const auto redacted = [](std::string_view text) { return ConnectionUrl::Parse(text).Redacted(); };
  EXPECT_EQ(redacted("postgresql+asyncpg://app:s3cr3t-canary@db:5433/shop?sslmode=require"),
            "postgresql://app@db:5433/shop");
  EXPECT_EQ(redacted("host=db password=s3cr3t-canary sslpassword=s3cr3t-canary"),
            "postgresql://db");
  EXPECT_EQ(redacted("postgresql://a:1,[::1]:2/d"), "postgresql://a:1,[::1]:2/d");
  EXPECT_EQ(redacted("host=a,b port=5433"), "postgresql://a:5433,b:5433");
  EXPECT_EQ(redacted("hostaddr=10.0.0.7 user=a@b dbname='d b'"),
            "postgresql://a%40b@10.0.0.7/d%20b");
  EXPECT_EQ(redacted("hostaddr=fe80::1%eth0 dbname=d"), "postgresql://[fe80::1%25eth0]/d");
  EXPECT_EQ(redacted("postgresql://[fe80::1%25eth0]/d"), "postgresql://[fe80::1%25eth0]/d");
  EXPECT_EQ(redacted("postgresql://app@/d?host=/run/postgresql&port=5433"),
            "postgresql://app@/d?host=/run/postgresql&port=5433");
  EXPECT_EQ(redacted("postgresql://:5433/d"), "postgresql://:5433/d");
  EXPECT_EQ(redacted("port=,"), "postgresql://") << "no host, and a list of ports";
  // A "/" in a name would end it for the next reader.
  EXPECT_EQ(redacted("postgresql://u%2Fv@h/a%2Fb"), "postgresql://u%2Fv@h/a%2Fb");
}

TEST(ConnectionUrl, WithChangesACopy) {
  const auto url = ConnectionUrl::Parse("postgresql://h/a");
  EXPECT_EQ(url.With("dbname", "b").Get("dbname"), "b");
  EXPECT_EQ(url.Get("dbname"), "a");
  EXPECT_EQ(url.Get("password"), "");
}

TEST(RedactSecrets, LeavesNoPasswordOfAUrlOrKeywordString) {
  const std::vector<std::string> texts = {
      "could not connect to postgresql://u:s3cr3t-canary@h:5432/d: refused",
      "postgresql://:s3cr3t-canary@h",
      "postgresql://u:x@s3cr3t-canary@h/d",
      "postgresql://u:x/s3cr3t-canary@h/d",
      "postgresql://u:x?s3cr3t#canary@h/d",
      "postgresql://u:x s3cr3t-canary@h/d",
      "postgresql://u:s3cr3t-canary",
      "postgresql://u:%73s3cr3t-canary%40@h/d",
      "postgresql://u:a://s3cr3t-canary@h/d",
      "postgresql://a:1@h and postgresql://u:s3cr3t-canary@h",
      "postgresql://u@h/d?password=s3cr3t-canary&sslmode=require",
      "postgresql://u@h/d?password=x&s3cr3t-canary",
      "postgresql://u@h/d?p%61ssword=s3cr3t-canary",
      "postgresql://[::1]:s3cr3t-canary",
      "host=h password=s3cr3t-canary",
      "host=h PASSWORD = 's3cr3t \\' canary' port=1",
      "host=h password=x\\ s3cr3t-canary",
      "host=h sslpassword=s3cr3t-canary",
      "PGPASSWORD=\"s3cr3t canary\" psql",
      "password='s3cr3t canary",
      "password='s3cr3t'canary",
      "postgresql://h:1/d?password=s3cr3t@canary",
  };
  for (const std::string& text : texts) {
    EXPECT_EQ(PieceOfCanary(RedactSecrets(text)), "") << text << "\n" << RedactSecrets(text);
  }
}

TEST(RedactSecrets, KeepsTheRest) {
  EXPECT_EQ(RedactSecrets("to postgresql://u:pw@h:5432/d: refused"),
            "to postgresql://u:***@h:5432/d: refused");
  EXPECT_EQ(RedactSecrets("host=h password=pw port=1"), "host=h password=*** port=1");
  for (const std::string text : {
           "postgresql://u@h:5432/d, postgresql://h:5433 and http://[::1]:8080/x",
           "FATAL: password authentication failed for user \"app\"",
           "a = b, see https://example.org/page",
           "",
       }) {
    EXPECT_EQ(RedactSecrets(text), text);
  }
}

TEST(ConnectionUrl, NamesItsServersAsLibpqTakesThem) {
  const auto servers = [](std::string_view text) {
    std::string all;
    for (const ServerAddress& server : ConnectionUrl::Parse(text).servers()) {
      all += server.host + "|" + server.port + " ";
    }
    return all;
  };
  EXPECT_EQ(servers("postgresql://a:5433,b:5434/shop"), "a|5433 b|5434 ");
  EXPECT_EQ(servers("postgresql://a,b/shop"), "a| b| ");
  EXPECT_EQ(servers("host=a,b port=6000"), "a|6000 b|6000 ");
  EXPECT_EQ(servers("host=a,b hostaddr=10.0.0.1,10.0.0.2"), "");
  EXPECT_EQ(servers("postgresql:///shop"), "");
}

TEST(ConnectionUrl, GoesToOneOfItsServersInWhateverStateThatIs) {
  const ConnectionUrl url =
      ConnectionUrl::Parse("postgresql://app@a,b/shop?target_session_attrs=read-write");
  EXPECT_EQ(url.At({"b", "5433"}).options(), (Options{{"user", "app"},
                                                      {"host", "b"},
                                                      {"port", "5433"},
                                                      {"dbname", "shop"},
                                                      {"target_session_attrs", "any"}}));
}

}  // namespace
}  // namespace lockstep
