#include "postgres/server_verification.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

namespace lockstep {
namespace {

namespace fs = std::filesystem;

constexpr char kSystem[] = "/etc/ssl/certs/ca-certificates.crt";

TEST(ServerVerification, KnowsWhoIsOnThisMachine) {
  for (const std::string host : {"localhost", "LocalHost", "127.0.0.1", "127.255.0.9", "::1",
                                 "0:0:0:0:0:0:0:1", "/run/postgresql", "@lockstep"}) {
    EXPECT_TRUE(IsOnThisMachine(host)) << host;
  }
  for (const std::string host :
       {"db", "db.example", "localhost.example", "127.0.0.1.example", "127.1", "128.0.0.1",
        "10.0.0.7", "0.0.0.0", "::", "2001:db8::1", "fe80::1%eth0", "::ffff:10.0.0.7"}) {
    EXPECT_FALSE(IsOnThisMachine(host)) << host;
  }
}

using Environment = std::map<std::string, std::string>;

struct Case {
  std::string url;
  Environment environment;
  std::string sslmode;  // that the URL has in the end; "" none, since libpq is left alone
  bool verified = false;
};

// What the caller has configured does not count, nor does his home folder.
class ServerVerificationTest : public testing::Test {
 protected:
  ServerVerificationTest() {
    for (const char* name : kNames) {
      if (const char* value = std::getenv(name)) before_[name] = value;
      unsetenv(name);
    }
    folder_ = fs::temp_directory_path() / ("lockstep-verification-" + std::to_string(getpid()));
    fs::create_directory(folder_);
    setenv("HOME", folder_.c_str(), 1);
  }
  ~ServerVerificationTest() override {
    for (const char* name : kNames) unsetenv(name);
    for (const auto& [name, value] : before_) setenv(name.c_str(), value.c_str(), 1);
    fs::remove_all(folder_);
  }

  void Write(const std::string& name, const std::string& text) const {
    fs::create_directories((folder_ / name).parent_path());
    std::ofstream(folder_ / name) << text;
  }

  static ResolvedUrl Resolve(const std::string& url, const Environment& environment = {}) {
    for (const auto& [name, value] : environment) setenv(name.c_str(), value.c_str(), 1);
    ResolvedUrl resolved = ResolveVerification(ConnectionUrl::Parse(url));
    for (const auto& [name, value] : environment) unsetenv(name.c_str());
    return resolved;
  }

  static void Expect(const std::vector<Case>& cases) {
    for (const Case& each : cases) {
      std::string words = each.url;
      for (const auto& [name, value] : each.environment) words += " " + name + "=" + value;
      const ResolvedUrl resolved = Resolve(each.url, each.environment);
      EXPECT_EQ(resolved.url.Get("sslmode"), each.sslmode) << words;
      EXPECT_EQ(resolved.verification.verified(), each.verified) << words;
    }
  }

  fs::path folder_;

 private:
  static constexpr const char* kNames[] = {"HOME",      "PGHOST",       "PGHOSTADDR",
                                           "PGSSLMODE", "PGREQUIRESSL", "PGSSLROOTCERT",
                                           "PGSERVICE", "PGSERVICEFILE"};
  Environment before_;
};

TEST_F(ServerVerificationTest, VerifiesServersOfOtherMachinesWhereNothingIsSaid) {
  Expect({
      {"postgresql://app@db.example/shop", {}, "verify-full", true},
      {"host=db.example dbname=shop", {}, "verify-full", true},
      {"postgresql+asyncpg://app@db.example/shop", {}, "verify-full", true},
      {"postgresql://10.0.0.7/shop", {}, "verify-full", true},
      {"postgresql://[2001:db8::1]/shop", {}, "verify-full", true},
      {"hostaddr=10.0.0.7", {}, "verify-full", true},
      {"postgresql:///shop", {{"PGHOST", "db.example"}}, "verify-full", true},
      {"postgresql:///shop", {{"PGHOSTADDR", "10.0.0.7"}}, "verify-full", true},
  });
}

TEST_F(ServerVerificationTest, LeavesServersOfThisMachineAlone) {
  Expect({
      {"postgresql://localhost/shop", {}, "", true},
      {"postgresql://127.0.0.1:5433/shop", {}, "", true},
      {"postgresql://[::1]/shop", {}, "", true},
      {"postgresql:///shop", {}, "", true},
      {"postgresql:///shop?host=/run/postgresql", {}, "", true},
      {"host=@lockstep", {}, "", true},
      {"host=localhost hostaddr=127.0.0.1", {}, "", true},
      {"postgresql://localhost/shop?sslmode=disable", {}, "disable", true},
      {"postgresql://localhost/shop", {{"PGHOST", "db.example"}}, "", true},
  });
}

TEST_F(ServerVerificationTest, OneServerOfAnotherMachineIsEnough) {
  Expect({
      {"postgresql://localhost,db.example/shop", {}, "verify-full", true},
      {"postgresql://localhost,127.0.0.1/shop", {}, "", true},
      {"host=/run/postgresql,db.example", {}, "verify-full", true},
      {"host=db.example hostaddr=127.0.0.1", {}, "verify-full", true},
      {"host=localhost hostaddr=10.0.0.7", {}, "verify-full", true},
      {"host=localhost", {{"PGHOSTADDR", "10.0.0.7"}}, "verify-full", true},
  });
}

TEST_F(ServerVerificationTest, WhatIsSaidCounts) {
  for (const std::string mode : {"disable", "allow", "prefer", "require", "verify-ca"}) {
    Expect({{"postgresql://db.example/shop?sslmode=" + mode, {}, mode, false},
            {"postgresql://db.example/shop", {{"PGSSLMODE", mode}}, mode, false}});
  }
  Expect({
      {"postgresql://db.example/shop?sslmode=verify-full", {}, "verify-full", true},
      {"postgresql+asyncpg://db.example/shop?ssl=prefer", {}, "prefer", false},
      {"postgresql+asyncpg://db.example/shop?ssl=false", {}, "disable", false},
      {"postgresql://db.example/shop", {{"PGREQUIRESSL", "1"}}, "require", false},
      {"postgresql://db.example/shop?sslmode=prefer", {{"PGSSLMODE", "verify-full"}}, "prefer"},
  });
}

TEST_F(ServerVerificationTest, AServiceIsLookedAt) {
  Write("services",
        "[bare]\nhost=db.example\n[weak]\nhost=db.example\nsslmode=require\n"
        "[near]\nhost=localhost\n[prefers]\nhost=db.example\nsslmode=prefer\n");
  setenv("PGSERVICEFILE", (folder_ / "services").c_str(), 1);
  Expect({
      {"service=bare", {}, "verify-full", true},
      {"service=weak", {}, "require", false},
      {"service=near", {}, "", true},
      {"postgresql:///?service=bare", {}, "verify-full", true},
      {"dbname=shop", {{"PGSERVICE", "weak"}}, "require", false},
      {"service=bare", {{"PGSSLMODE", "disable"}}, "disable", false},
      // libpq does not tell it from its own default.
      {"service=prefers", {}, "verify-full", true},
      {"service=missing", {}, "verify-full", true},
  });
}

TEST_F(ServerVerificationTest, TakesTheSystemsAuthoritiesWhereNoneAreNamed) {
  const auto authorities = [](const std::string& url, const Environment& environment = {}) {
    return Resolve(url, environment).url.Get("sslrootcert");
  };
  const std::string of_the_system = fs::exists(kSystem) ? kSystem : "";
  EXPECT_EQ(authorities("postgresql://db.example/shop"), of_the_system);
  EXPECT_EQ(authorities("postgresql://localhost/shop?sslmode=verify-full"), of_the_system);
  EXPECT_EQ(authorities("postgresql://db.example/shop?sslrootcert=/ours"), "/ours");
  EXPECT_EQ(authorities("postgresql://db.example/shop", {{"PGSSLROOTCERT", "/ours"}}), "");
  // With any of the public ones everybody could be this server: libpq 16 refuses that too.
  EXPECT_EQ(authorities("postgresql://db.example/shop?sslmode=verify-ca"), "");
  EXPECT_EQ(authorities("postgresql://db.example/shop?sslmode=require"), "");
  EXPECT_EQ(authorities("postgresql://localhost/shop"), "");
  Write(".postgresql/root.crt", "");
  EXPECT_EQ(authorities("postgresql://db.example/shop"), "");
}

TEST_F(ServerVerificationTest, TellsWhetherSomebodyHasSaidIt) {
  EXPECT_TRUE(Resolve("host=db.example").verification.by_default);
  EXPECT_FALSE(Resolve("host=db.example sslmode=verify-full").verification.by_default);
  EXPECT_FALSE(Resolve("host=db.example", {{"PGSSLMODE", "verify-full"}}).verification.by_default);
}

TEST_F(ServerVerificationTest, KeepsWhatTheUrlHas) {
  const ResolvedUrl resolved = Resolve("postgresql://app:p%27w%5C@db.example:5433/shop");
  EXPECT_EQ(resolved.url.Get("password"), "p'w\\");
  EXPECT_EQ(resolved.url.Get("channel_binding"), "");
  EXPECT_EQ(resolved.url.Redacted(), "postgresql://app@db.example:5433/shop");
}

}  // namespace
}  // namespace lockstep
