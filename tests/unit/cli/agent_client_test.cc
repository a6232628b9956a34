#include "cli/agent_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>

#include "base/descriptor.h"
#include "base/error.h"
#include "support/scripted_server.h"

namespace lockstep {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr AgentLimits kShort = {.answer = std::chrono::milliseconds(50),
                                .silence = std::chrono::milliseconds(50)};

ScriptedServer::Answer Sending(std::string text) {
  return [text = std::move(text)](const ScriptedRequest&, ScriptedConnection& connection) {
    connection.Send(text);
  };
}

// Sends, and then says nothing more while the client stays.
ScriptedServer::Answer Hanging(std::string text) {
  return [text = std::move(text)](const ScriptedRequest&, ScriptedConnection& connection) {
    connection.Send(text);
    connection.WaitForHangup();
  };
}

const AgentRequest kQuestion{.path = "/api/v1/status"};

Error FailureOf(const std::function<void()>& ask) {
  try {
    ask();
  } catch (const Error& error) {
    return error;
  }
  ADD_FAILURE() << "nothing was thrown";
  return Error(ErrorCode::kInternal, "");
}

Error FailureAt(const std::string& socket, const std::stop_token& stop = {}) {
  return FailureOf([&] { AgentClient(socket).Ask(kQuestion, stop); });
}

Error FailureWith(const ScriptedServer::Answer& answer, AgentLimits limits = {}) {
  const ScriptedServer server(answer);
  return FailureOf([&] { AgentClient(server.path(), limits).Ask(kQuestion); });
}

Error StreamFailureWith(const ScriptedServer::Answer& answer, AgentLimits limits = {}) {
  const ScriptedServer server(answer);
  return FailureOf([&] {
    AgentClient(server.path(), limits).Follow(kQuestion, [](const auto&) { return true; });
  });
}

// What a stream handed on; "-" for an empty line.
std::vector<std::string> Followed(const ScriptedServer::Answer& answer, std::size_t most = 99) {
  const ScriptedServer server(answer);
  std::vector<std::string> lines;
  AgentClient(server.path()).Follow(kQuestion, [&](const std::optional<json::object>& event) {
    lines.push_back(event ? json::serialize(*event) : "-");
    return lines.size() < most;
  });
  return lines;
}

TEST(AgentClient, AQuestionIsOneRequestAndItsAnswerAnObject) {
  ScriptedServer server(Sending(HttpAnswer(200, R"({"a": 1})")));
  const auto answer =
      AgentClient(server.path())
          .Ask({.path = "/api/v1/wait", .query = {{"goal", "a b&c"}, {"timeout", "30s"}}});
  EXPECT_TRUE(answer.ok());
  EXPECT_EQ(answer.body.at("a"), 1);
  ASSERT_EQ(server.requests().size(), 1U);
  EXPECT_EQ(server.requests()[0].line, "GET /api/v1/wait?goal=a%20b%26c&timeout=30s");
  EXPECT_THAT(server.requests()[0].head, HasSubstr("\r\nHost: lockstep\r\n"));
  EXPECT_THAT(server.requests()[0].head, Not(HasSubstr("Content-Length")));
}

TEST(AgentClient, AChangeCarriesItsBodyAndItsKey) {
  ScriptedServer server(Sending(HttpAnswer(202, "{}")));
  AgentClient(server.path())
      .Ask({.method = "POST",
            .path = "/api/v1/runs",
            .body = json::object{{"goal", "head"}},
            .idempotency_key = "k1"});
  const auto request = server.requests().at(0);
  EXPECT_EQ(request.line, "POST /api/v1/runs");
  EXPECT_EQ(request.body, R"({"goal":"head"})");
  EXPECT_THAT(request.head, HasSubstr("\r\nIdempotency-Key: k1\r\n"));
  EXPECT_THAT(request.head, HasSubstr("\r\nContent-Type: application/json\r\n"));
}

TEST(AgentClient, AnAnswerMayComeInAnyPieces) {
  const std::string body = R"({"a": "bcd"})";
  std::string chunked = StreamHead();
  for (const char c : body) chunked += StreamPiece(std::string(1, c));
  for (const auto& text : {HttpAnswer(200, body), chunked + StreamEnd(),
                           "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + body}) {
    ScriptedServer server([&](const ScriptedRequest&, ScriptedConnection& connection) {
      for (const char c : text) connection.Send(std::string(1, c));
    });
    EXPECT_EQ(AgentClient(server.path()).Ask(kQuestion).body.at("a"), "bcd");
  }
}

TEST(AgentClient, ARefusalIsAnAnswer) {
  const ScriptedServer server(Sending(HttpProblemAnswer(409, "a run is active")));
  const auto answer = AgentClient(server.path()).Ask(kQuestion);
  EXPECT_EQ(answer.status, 409);
  EXPECT_FALSE(answer.ok());
  EXPECT_EQ(answer.body.at("detail"), "a run is active");
}

TEST(AgentClient, AnAnswerMayBeEmpty) {
  const ScriptedServer server(Sending(HttpAnswer(202, "")));
  const auto answer = AgentClient(server.path()).Ask(kQuestion);
  EXPECT_EQ(answer.status, 202);
  EXPECT_TRUE(answer.body.empty());
}

TEST(AgentClient, WhereNobodyListensTheErrorSaysSo) {
  const auto none = FailureAt("/nowhere/at/all");
  EXPECT_EQ(none.code(), ErrorCode::kUnreachable);
  EXPECT_STREQ(none.what(), "no agent listens at \"/nowhere/at/all\"");
  EXPECT_THAT(none.hint(), HasSubstr("systemctl status lockstepd"));
  EXPECT_EQ(FailureAt("/dev/null").code(), ErrorCode::kUnreachable);
}

TEST(AgentClient, ASocketThatWasLeftBehindHasNobody) {
  std::string path;
  const std::string kept = testing::TempDir() + "left_behind_socket";
  {
    const ScriptedServer server(Sending(""));
    path = server.path();
    unlink(kept.c_str());
    ASSERT_EQ(link(path.c_str(), kept.c_str()), 0);
  }
  EXPECT_EQ(FailureAt(kept).code(), ErrorCode::kUnreachable);
  unlink(kept.c_str());
}

TEST(AgentClient, APathThatNoSocketCanHaveIsTheUsersMistake) {
  const auto error = FailureAt("/" + std::string(200, 'x'));
  EXPECT_EQ(error.code(), ErrorCode::kUsage);
  EXPECT_THAT(error.hint(), HasSubstr("107"));
}

// Root may connect to anything: the test gives that up for the moment.
TEST(AgentClient, ASocketOfAnotherGroupNamesTheGroup) {
  const ScriptedServer server(Sending(HttpAnswer(200, "{}")));
  ASSERT_EQ(chmod(server.path().c_str(), 0), 0);
  const bool root = geteuid() == 0;
  if (root) {
    const auto folder = server.path().substr(0, server.path().rfind('/'));
    ASSERT_EQ(chmod(folder.c_str(), 0755), 0);
    ASSERT_EQ(seteuid(65534), 0);
  }
  const auto error = FailureAt(server.path());
  if (root && seteuid(0) != 0) FAIL() << "root has lost itself";
  EXPECT_EQ(error.code(), ErrorCode::kPermission);
  EXPECT_THAT(error.hint(), HasSubstr("group"));
}

TEST(AgentClient, WhatIsNoAgentIsNamedSo) {
  for (const auto& text :
       {std::string("SSH-2.0-OpenSSH_9.2\r\n"), std::string(100, '\0'),
        HttpAnswer(200, "<html>hello</html>"), HttpAnswer(200, "[1, 2]"), HttpAnswer(200, "{\"a\""),
        HttpAnswer(200, "{\"a\": \"\xff\"}"), HttpAnswer(404, R"({"message": "page not found"})"),
        HttpAnswer(500, ""), std::string("HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n"),
        StreamHead() + "zz\r\n"}) {
    const auto error = FailureWith(Sending(text));
    EXPECT_EQ(error.code(), ErrorCode::kBadSettings) << text << ": " << error.what();
    EXPECT_THAT(error.what(), HasSubstr("is no Lockstep agent")) << text;
  }
}

TEST(AgentClient, HalfAnAnswerIsALostConnection) {
  const std::string whole = HttpAnswer(200, R"({"a": 1})");
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const auto error = FailureWith(Sending(whole.substr(0, size)));
    EXPECT_EQ(error.code(), ErrorCode::kConnectionLost) << size << ": " << error.what();
  }
}

TEST(AgentClient, ASilentServerIsGivenUp) {
  for (const auto& text :
       {std::string(), std::string("HTTP/1.1 200"), HttpAnswer(200, "{}").substr(0, 60)}) {
    const auto error = FailureWith(Hanging(text), kShort);
    EXPECT_EQ(error.code(), ErrorCode::kUnreachable) << text;
    EXPECT_THAT(error.what(), HasSubstr("did not answer in time"));
  }
}

// The limit is on the whole answer: a byte now and then does not move it.
TEST(AgentClient, ADrippingServerIsGivenUp) {
  const auto error = FailureWith(
      [](const ScriptedRequest&, ScriptedConnection& connection) {
        connection.Send("HTTP/1.1 200 OK\r\nX: ");
        while (!connection.HasHungUpWithin(1)) connection.Send("x");
      },
      kShort);
  EXPECT_EQ(error.code(), ErrorCode::kUnreachable);
}

TEST(AgentClient, PatienceIsAddedToTheLimit) {
  const ScriptedServer server([](const ScriptedRequest& request, ScriptedConnection& connection) {
    if (request.line == "GET /hang") return connection.WaitForHangup();
    connection.Send(HttpAnswer(200, "{}"));
  });
  const AgentClient client(server.path(), {.answer = {}});
  EXPECT_TRUE(client.Ask({.path = "/", .patience = std::chrono::minutes(5)}).ok());
  EXPECT_EQ(FailureOf([&] { client.Ask({.path = "/hang"}); }).code(), ErrorCode::kUnreachable);
}

TEST(AgentClient, AHugeAnswerIsRefusedBeforeItIsHeld) {
  const AgentLimits limits{.size = 1000};
  std::string endless = StreamHead();
  for (int i = 0; i < 100; ++i) endless += StreamPiece(std::string(100, 'x'));
  for (const auto& text : {HttpAnswer(200, std::string(2000, ' ')), endless}) {
    const auto error = FailureWith(Hanging(text), limits);
    EXPECT_EQ(error.code(), ErrorCode::kBadSettings);
    EXPECT_THAT(error.what(), HasSubstr("too large"));
  }
}

TEST(AgentClient, ALengthThatIsALieReservesNothing) {
  const auto text = "HTTP/1.1 200 OK\r\nContent-Length: 9000000000000000000\r\n\r\n{}";
  EXPECT_EQ(FailureWith(Sending(text)).code(), ErrorCode::kConnectionLost);
  EXPECT_EQ(StreamFailureWith(Sending(text)).code(), ErrorCode::kConnectionLost);
}

TEST(AgentClient, AStopRequestEndsEachWait) {
  std::stop_source stop;
  ScriptedServer server([&](const ScriptedRequest&, ScriptedConnection& connection) {
    stop.request_stop();
    connection.WaitForHangup();
  });
  EXPECT_EQ(FailureAt(server.path(), stop.get_token()).code(), ErrorCode::kStopped);
  EXPECT_EQ(FailureAt(server.path(), stop.get_token()).code(), ErrorCode::kStopped);
}

// A socket on which nobody accepts, and whose queue of connections is full.
class FullQueue {
 public:
  FullQueue() : listening_(NewSocket()) {
    address_.sun_family = AF_UNIX;
    std::copy(path_.begin(), path_.end(), std::begin(address_.sun_path));
    unlink(path_.c_str());
    EXPECT_EQ(bind(listening_.get(), Generic(), sizeof address_), 0);
    EXPECT_EQ(listen(listening_.get(), 0), 0);
    while (connect(waiting_.emplace_back(NewSocket()).get(), Generic(), sizeof address_) == 0) {
    }
  }
  ~FullQueue() { unlink(path_.c_str()); }
  FullQueue(const FullQueue&) = delete;
  FullQueue& operator=(const FullQueue&) = delete;
  const std::string& path() const { return path_; }

 private:
  static Descriptor NewSocket() {
    return Descriptor(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0));
  }
  const sockaddr* Generic() const { return reinterpret_cast<const sockaddr*>(&address_); }

  const std::string path_ = testing::TempDir() + "full_queue_socket";
  sockaddr_un address_{};
  Descriptor listening_;
  std::vector<Descriptor> waiting_;
};

// The kernel says "again" there, and poll() has nothing to wait for.
TEST(AgentClient, AFullQueueIsWaitedForWithinTheLimit) {
  const FullQueue queue;
  const AgentClient client(queue.path(), kShort);
  const auto error = FailureOf([&] { client.Ask(kQuestion); });
  EXPECT_EQ(error.code(), ErrorCode::kUnreachable);
  EXPECT_THAT(error.what(), HasSubstr("did not answer in time"));
  std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(FailureAt(queue.path(), stop.get_token()).code(), ErrorCode::kStopped);
}

TEST(AgentClient, AnAnswerThatCameBeforeTheQuestionWasReadCounts) {
  // An agent with too many connections says so at once and closes.
  const ScriptedServer server(Sending(HttpProblemAnswer(503, "too many connections")));
  EXPECT_EQ(AgentClient(server.path()).Ask(kQuestion).status, 503);
}

TEST(AgentClient, AStreamIsHandedOnLineByLine) {
  const std::string text = StreamHead() + StreamPiece("{\"seq\": 1}\n{\"se") +
                           StreamPiece("q\": 2}\n\r\n") + StreamPiece("\n{\"seq\": 3}\n") +
                           StreamEnd();
  EXPECT_THAT(Followed(Sending(text)),
              ElementsAre(R"({"seq":1})", R"({"seq":2})", "-", "-", R"({"seq":3})"));
}

TEST(AgentClient, AStreamWithoutALengthEndsWithTheConnection) {
  const std::string head = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n";
  EXPECT_THAT(Followed(Sending(head + "{\"seq\": 1}\n{\"seq\": 2")), ElementsAre(R"({"seq":1})"));
}

TEST(AgentClient, AStreamIsLeftWhenNoMoreIsWanted) {
  const auto text = StreamHead() + StreamPiece("{\"seq\": 1}\n{\"seq\": 2}\n");
  EXPECT_THAT(Followed(Hanging(text), 1), ElementsAre(R"({"seq":1})"));
}

TEST(AgentClient, AStreamIsNotLimitedInAll) {
  const AgentLimits limits{.size = 128 << 10};
  const std::string line = "{\"seq\": \"" + std::string(10'000, 'x') + "\"}\n";
  std::string text = StreamHead();
  for (int i = 0; i < 200; ++i) text += StreamPiece(line);
  const ScriptedServer server(Sending(text + StreamEnd()));
  int lines = 0;
  AgentClient(server.path(), limits).Follow(kQuestion, [&](const auto&) { return ++lines > 0; });
  EXPECT_EQ(lines, 200);
}

TEST(AgentClient, ABrokenStreamIsALostConnection) {
  for (const auto& text : {StreamHead(), StreamHead() + StreamPiece("{\"seq\": 1}\n"),
                           StreamHead() + "b\r\n{\"seq\""}) {
    EXPECT_EQ(StreamFailureWith(Sending(text)).code(), ErrorCode::kConnectionLost) << text;
  }
}

TEST(AgentClient, AStreamOfSomethingElseIsNoAgents) {
  for (const auto& piece : {std::string("hello\n"), std::string("[1]\n"), std::string(2000, 'x')}) {
    const auto error =
        StreamFailureWith(Hanging(StreamHead() + StreamPiece(piece)), {.size = 1000});
    EXPECT_EQ(error.code(), ErrorCode::kBadSettings) << piece;
  }
}

TEST(AgentClient, ASilentStreamIsLost) {
  const auto error = StreamFailureWith(Hanging(StreamHead() + StreamPiece("\n")), kShort);
  EXPECT_EQ(error.code(), ErrorCode::kUnreachable);
}

TEST(AgentClient, ARefusedStreamIsAnAnswer) {
  const ScriptedServer server(Sending(HttpProblemAnswer(404, "no such run")));
  const auto answer = AgentClient(server.path()).Follow(kQuestion, [](const auto&) {
    ADD_FAILURE() << "no line was sent";
    return true;
  });
  EXPECT_EQ(answer.status, 404);
  EXPECT_EQ(answer.body.at("detail"), "no such run");
}

TEST(AgentClient, AStopRequestEndsAStream) {
  const ScriptedServer server(Hanging(StreamHead() + StreamPiece("{\"seq\": 1}\n")));
  std::stop_source stop;
  const auto error = FailureOf([&] {
    AgentClient(server.path())
        .Follow(
            kQuestion, [&](const auto&) { return stop.request_stop(); }, stop.get_token());
  });
  EXPECT_EQ(error.code(), ErrorCode::kStopped);
}

TEST(PercentEncoded, KeepsWhatMayStandInAPath) {
  EXPECT_EQ(PercentEncoded("aZ09-._~"), "aZ09-._~");
  EXPECT_EQ(PercentEncoded("a/b?c=d&e+f \xc3\xa9"), "a%2Fb%3Fc%3Dd%26e%2Bf%20%C3%A9");
}

}  // namespace
}  // namespace lockstep
