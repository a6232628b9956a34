#include "agent/http_server.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <condition_variable>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <future>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <thread>

#include "base/error.h"
#include "support/http_client.h"
#include "support/patience.h"

namespace lockstep {
namespace {

using std::chrono::milliseconds;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Pair;
using ::testing::StartsWith;

constexpr milliseconds kShort{50};  // a limit that a test waits for

// What the server told, waited for. Thread: any.
class Record {
 public:
  HttpEvents Events() {
    return {[this](int status, double seconds, const HttpRequest& request) {
              Add(std::to_string(status) + " " + request.path + (seconds < 0 ? " negative" : ""));
            },
            [this](std::string_view why) { Add("refused " + std::string(why)); },
            [this](std::string_view what, const HttpRequest& request) {
              Add("error " + request.path + ": " + std::string(what));
            }};
  }
  void Add(const std::string& entry) {
    const std::lock_guard guard(mutex_);
    entries_.push_back(entry);
    came_.notify_all();
  }
  // Says false when it has not come `times` times.
  bool WaitFor(const std::string& entry, int times = 1) {
    std::unique_lock lock(mutex_);
    return came_.wait_for(lock, kPatience, [&] {
      return std::count(entries_.begin(), entries_.end(), entry) >= times;
    });
  }
  std::vector<std::string> entries() {
    const std::lock_guard guard(mutex_);
    return entries_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable came_;
  std::vector<std::string> entries_;
};

HttpResponse Problem(int status, std::string_view detail) {
  return {status, "application/problem+json", std::string(detail), {}};
}

// What was asked, as text.
void Echo(const HttpRequest& request, const std::shared_ptr<HttpReply>& reply) {
  std::string text = request.method + " " + request.path;
  for (const auto& [name, value] : request.query) text += " " + name + "=" + value;
  reply->Send({200, "text/plain", text + " [" + request.body + "]", {}});
}

Descriptor ListenAt(const std::string& path) {
  Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  if (::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(socket.get(), 512) != 0) {
    throw std::runtime_error("cannot listen at " + path);
  }
  ::chmod(path.c_str(), 0777);
  return socket;
}

class HttpServerTest : public ::testing::Test {
 protected:
  HttpServerTest() {
    std::string name = std::filesystem::temp_directory_path() / "http_server_test.XXXXXX";
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no folder");
    folder_ = name;
    std::filesystem::permissions(folder_, std::filesystem::perms::all);
  }
  ~HttpServerTest() override {
    End();
    std::filesystem::remove_all(folder_);
  }

  void Start(HttpHandler handler = Echo) {
    server_.emplace(io_, limits_, std::move(handler), Problem, record_.Events());
    server_->Accept(ListenAt(path()), Door::kSocket);
    server_->Listen("127.0.0.1:0");
    address_ = server_->addresses().at(0);
    thread_ = std::jthread([this] {
      io_.run();
      record_.Add("nothing left to run");
    });
  }
  void End() {
    if (!thread_.joinable()) return;
    OnIo([this] {
      server_.reset();
      kept_.clear();
    });
    work_.reset();
    thread_.join();
  }

  // Runs it on the io thread, to its end.
  template <typename Action>
  void OnIo(Action action) {
    std::promise<void> done;
    boost::asio::post(io_, [&] {
      action();
      done.set_value();
    });
    done.get_future().get();
  }

  std::string path() const { return folder_ + "/socket"; }
  HttpClient Connect(Door door = Door::kSocket) const {
    return door == Door::kSocket ? HttpClient::ToSocket(path()) : HttpClient::ToAddress(address_);
  }
  // What the server says to these bytes until it closes.
  std::string Exchange(std::string_view bytes, Door door = Door::kSocket) const {
    HttpClient client = Connect(door);
    client.SendRaw(bytes);
    return client.ReadUntilClosed();
  }

  HttpHandler Keep() {
    return [this](const HttpRequest& request, const std::shared_ptr<HttpReply>& reply) {
      kept_.push_back(reply);
      record_.Add("asked " + request.path);
    };
  }

  HttpLimits limits_;
  Record record_;
  std::string folder_, address_;
  boost::asio::io_context io_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{
      io_.get_executor()};
  std::vector<std::shared_ptr<HttpReply>> kept_;  // used by the io thread
  std::optional<HttpServer> server_;
  std::jthread thread_;
};

constexpr Door kDoors[] = {Door::kSocket, Door::kTcp};

// Requests and answers.

TEST_F(HttpServerTest, AnswersOverBothDoors) {
  Start();
  for (const Door door : kDoors) {
    HttpClient client = Connect(door);
    const HttpAnswer answer = client.Request("POST", "/a%20b?x=%31&y=+1", "body");
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body, "POST /a b x=1 y=+1 [body]");
    EXPECT_THAT(
        answer.headers,
        ElementsAre(Pair("cache-control", "no-store"), Pair("content-length", "25"),
                    Pair("content-type", "text/plain"), Pair("x-content-type-options", "nosniff")));
    EXPECT_EQ(client.Get("/again").body, "GET /again []") << "the connection goes on";
    EXPECT_EQ(client.Request("BREW", "/pot").body, "BREW /pot []");
  }
}

TEST_F(HttpServerTest, HandsTheHeadersOnThatHandlersNeed) {
  Start([](const HttpRequest& request, const std::shared_ptr<HttpReply>& reply) {
    reply->Send({200, "text/plain", request.idempotency_key + "," + request.accept, {}});
  });
  HttpClient client = Connect();
  EXPECT_EQ(
      client.Request("POST", "/", "", {{"idempotency-KEY", "k1"}, {"Accept", "text/html"}}).body,
      "k1,text/html");
  EXPECT_EQ(client.Get("/").body, ",") << "nothing is left of the request before";
}

TEST_F(HttpServerTest, AnswersHeadAsGetWithoutTheBody) {
  Start();
  HttpClient client = Connect();
  const HttpAnswer answer = client.Request("HEAD", "/x");
  EXPECT_EQ(answer.headers.at("content-length"), "9") << "that of 'GET /x []'";
  EXPECT_EQ(client.Get("/y").body, "GET /y []") << "no body stood between them";
}

TEST_F(HttpServerTest, ClosesWhenAskedTo) {
  Start();
  for (const Door door : kDoors) {
    const std::string closed =
        Exchange("GET /a HTTP/1.1\r\nConnection: close\r\n\r\nGET /b HTTP/1.1\r\n\r\n", door);
    EXPECT_THAT(closed, HasSubstr("Connection: close\r\n"));
    EXPECT_THAT(closed, HasSubstr("GET /a []"));
    EXPECT_THAT(closed, Not(HasSubstr("/b")));
  }
}

TEST_F(HttpServerTest, SpeaksWithOldClients) {
  Start();
  EXPECT_THAT(Exchange("GET /a HTTP/1.0\r\n\r\n"), HasSubstr("Connection: close\r\n"));
  const std::string kept =
      Exchange("GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET /b HTTP/1.0\r\n\r\n");
  EXPECT_THAT(kept, HasSubstr("Connection: keep-alive\r\n"));
  EXPECT_THAT(kept, HasSubstr("GET /b []"));
}

TEST_F(HttpServerTest, TakesTheAbsoluteForm) {
  Start();
  EXPECT_EQ(Connect().Get("http://localhost/metrics?a=b").body, "GET /metrics a=b []");
}

// Faults: C4.
TEST_F(HttpServerTest, ServesWhatIsPipelinedInOrder) {
  Start([this](const HttpRequest& request, const std::shared_ptr<HttpReply>& reply) {
    if (request.path != "/late") return Echo(request, reply);
    Keep()(request, reply);
  });
  HttpClient client = Connect();
  client.SendRaw("GET /late HTTP/1.1\r\n\r\nPOST /2 HTTP/1.1\r\nContent-Length: 3\r\n\r\na");
  ASSERT_TRUE(record_.WaitFor("asked /late"));
  client.SendRaw("bcGET /3 HTTP/1.1\r\n\r\n");
  EXPECT_EQ(Connect().Get("/other").status, 200) << "by now the server has read it";
  OnIo([&] { kept_.at(0)->Send({200, "text/plain", "late", {}}); });
  EXPECT_EQ(client.ReadAnswer().body, "late");
  EXPECT_EQ(client.ReadAnswer().body, "POST /2 [abc]");
  EXPECT_EQ(client.ReadAnswer().body, "GET /3 []");
}

TEST_F(HttpServerTest, TakesARequestByteByByte) {
  Start();
  HttpClient client = Connect(Door::kTcp);
  for (const char c : std::string_view("POST /x?a=b HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
                                       "2;x=y\r\nab\r\n1\r\nc\r\n0\r\nTrailer: z\r\n\r\n")) {
    ASSERT_TRUE(client.SendRaw({&c, 1}));
  }
  EXPECT_EQ(client.ReadAnswer().body, "POST /x a=b [abc]");
}

TEST_F(HttpServerTest, WritesALargeBodyWhole) {
  std::string body;
  for (int i = 0; body.size() < 3'000'000; ++i) body += std::to_string(i) + "\n";
  Start([&](const HttpRequest&, const std::shared_ptr<HttpReply>& reply) {
    reply->Send({200, "text/plain", body, {}});
  });
  for (const Door door : kDoors) EXPECT_EQ(Connect(door).Get("/").body, body);
}

TEST_F(HttpServerTest, TellsOfEachAnswer) {
  Start([](const HttpRequest&, const std::shared_ptr<HttpReply>& reply) { reply->Send({404}); });
  HttpClient client = Connect();
  client.Get("/a");
  client.Get("/b");
  client.Request("GET", "/c", "", {{"Connection", "close"}});
  EXPECT_TRUE(record_.WaitFor("404 /c"));
  End();
  EXPECT_THAT(record_.entries(), ElementsAre("404 /a", "404 /b", "404 /c", "nothing left to run"));
}

// Who asks.

TEST_F(HttpServerTest, KnowsTheCallerOfTheSocketOnly) {
  std::optional<Caller> caller;
  Start([&](const HttpRequest& request, const std::shared_ptr<HttpReply>& reply) {
    caller = request.caller;
    reply->Send({});
  });
  Connect().Get("/");
  std::vector<gid_t> groups(static_cast<std::size_t>(::getgroups(0, nullptr)));
  groups.resize(
      static_cast<std::size_t>(::getgroups(static_cast<int>(groups.size()), groups.data())));
  OnIo([&] {
    EXPECT_EQ(caller->uid, ::geteuid());
    EXPECT_EQ(caller->gid, ::getegid());
    EXPECT_EQ(caller->pid, ::getpid());
    EXPECT_THAT(caller->groups, ElementsAreArray(groups));
  });
  Connect(Door::kTcp).Get("/");
  OnIo([&] {
    EXPECT_EQ(caller->uid, -1);
    EXPECT_EQ(caller->pid, -1);
    EXPECT_THAT(caller->groups, IsEmpty());
    EXPECT_EQ(ToText(*caller), "tcp");
  });
}

TEST_F(HttpServerTest, KnowsAllGroupsOfACaller) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can be somebody else";
  std::optional<Caller> caller;
  Start([&](const HttpRequest& request, const std::shared_ptr<HttpReply>& reply) {
    caller = request.caller;
    reply->Send({});
  });
  std::vector<gid_t> groups;
  for (gid_t group = 2000; group < 2100; ++group) groups.push_back(group);
  HttpClient::ToSocketAs(path(), 1234, 1235, groups).Get("/");
  OnIo([&] {
    EXPECT_THAT(ToText(*caller), StartsWith("uid 1234, gid 1235, pid "));
    EXPECT_THAT(caller->groups, ElementsAreArray(groups));
  });
}

// Limits on what a request may be.

std::string RequestOf(std::size_t size) {
  std::string text = "GET / HTTP/1.1\r\nX: ";
  return text.append(size - text.size() - 4, 'x') + "\r\n\r\n";
}

// Faults: C3.
TEST_F(HttpServerTest, LimitsTheHeaderAsAWhole) {
  limits_.header = 1000;
  Start();
  HttpClient client = Connect();
  client.SendRaw(RequestOf(1000) + RequestOf(1000));
  EXPECT_EQ(client.ReadAnswer().status, 200);
  EXPECT_EQ(client.ReadAnswer().status, 200) << "each request has a limit of its own";
  EXPECT_THAT(Exchange(RequestOf(1001)), StartsWith("HTTP/1.1 431 "));
  // Neither the request line nor the fields are too large alone.
  const std::string path(600, 'p'), value(600, 'v');
  EXPECT_THAT(Exchange("GET /" + path + " HTTP/1.1\r\nX: " + value + "\r\n\r\n"),
              StartsWith("HTTP/1.1 431 "));
  EXPECT_TRUE(record_.WaitFor("refused too_large", 2));
}

TEST_F(HttpServerTest, EndsAHeaderThatDoesNotEnd) {
  Start();
  for (const Door door : kDoors) {
    for (const std::string_view start : {"GET /", "GET / HTTP/1.1\r\nX: ", "GET / HTTP/1.1\r\n"}) {
      HttpClient client = Connect(door);
      client.SendRaw(start);
      const std::string more = start.ends_with("\n") ? "X: y\r\n" : "xxxxxx";
      // Until the server's buffers and its patience are full; it may stop reading before.
      for (int i = 0; i < 2000; ++i) client.SendRaw(more);
      EXPECT_THAT(client.ReadUntilClosed(), StartsWith("HTTP/1.1 431 ")) << start;
    }
  }
}

// Faults: C3.
TEST_F(HttpServerTest, RefusesALongBodyBeforeItComes) {
  limits_.body = 100;
  Start();
  EXPECT_EQ(Connect().Request("POST", "/", std::string(100, 'x')).status, 200);
  HttpClient client = Connect();
  client.SendRaw("POST / HTTP/1.1\r\nContent-Length: 101\r\n\r\n");
  EXPECT_THAT(client.ReadUntilClosed(), StartsWith("HTTP/1.1 413 "));
  EXPECT_THAT(Exchange("POST / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n"),
              StartsWith("HTTP/1.1 400 "));
}

// Faults: C3.
TEST_F(HttpServerTest, CountsABodyInChunks) {
  limits_.body = 100;
  Start();
  const std::string head = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
  std::string chunks;
  for (int i = 0; i < 10; ++i) chunks += "a\r\n0123456789\r\n";
  HttpClient client = Connect();
  client.SendRaw(head + chunks + "0\r\n\r\n");
  EXPECT_EQ(client.ReadAnswer().status, 200);
  EXPECT_THAT(Exchange(head + chunks + "1\r\n"), StartsWith("HTTP/1.1 413 "));
  EXPECT_THAT(Exchange(head + "fffffffffffffff\r\n"), StartsWith("HTTP/1.1 413 "));
  EXPECT_THAT(Exchange(head + "1;" + std::string(20'000, 'x')), StartsWith("HTTP/1.1 431 "));
}

// A server that closed at once would reset the connection, and a client that is still sending would
// fail before it reads the answer.
TEST_F(HttpServerTest, LetsAClientReadWhyItsBodyIsRefused) {
  Start();
  for (const Door door : kDoors) {
    HttpClient client = Connect(door);
    client.SendRaw("POST / HTTP/1.1\r\nContent-Length: 2000000\r\n\r\n");
    EXPECT_TRUE(client.SendRaw(std::string(2'000'000, 'x'))) << "taken, and thrown away";
    EXPECT_THAT(client.ReadUntilClosed(), StartsWith("HTTP/1.1 413 "));
  }
}

// Faults: C4.
TEST_F(HttpServerTest, RefusesGarbageAndCloses) {
  Start();
  const std::string nul("GET /\0 HTTP/1.1\r\n\r\n", 19);
  for (const std::string& bytes : std::vector<std::string>{
           "\x16\x03\x01\x02\x01\x01", "hello\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "GET /\r\n\r\n",
           "GET / HTTP/1.1\r\nno colon\r\n\r\n", "GET / HTTP/1.1\r\nX : y\r\n\r\n",
           "GET / HTTP/1.1\nX: y\n\n", nul, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
           "POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n",
           "POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
           "POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
           "POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
           "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n"}) {
    for (const Door door : kDoors) {
      EXPECT_THAT(Exchange(bytes + "GET /smuggled HTTP/1.1\r\n\r\n", door),
                  StartsWith("HTTP/1.1 400 "))
          << ::testing::PrintToString(bytes);
    }
  }
  EXPECT_TRUE(record_.WaitFor("refused bad_request", 28));
  EXPECT_THAT(record_.entries(), Not(Contains(HasSubstr("smuggled"))));
  EXPECT_EQ(Connect().Get("/").status, 200) << "others are served as before";
}

// Beast takes such a request for one without a body, and the body for the next request.
TEST_F(HttpServerTest, RefusesATransferEncodingThatItDoesNotKnow) {
  Start();
  for (const std::string coding : {"gzip", "gzip, chunked", "chunked, gzip", "xchunked"}) {
    const std::string said = Exchange("POST / HTTP/1.1\r\nTransfer-Encoding: " + coding +
                                      "\r\n\r\nGET /smuggled HTTP/1.1\r\n\r\n");
    EXPECT_THAT(said, StartsWith("HTTP/1.1 501 ")) << coding;
    EXPECT_THAT(said, Not(HasSubstr("/smuggled"))) << coding;
  }
}

TEST_F(HttpServerTest, AnswersABadPathAndGoesOn) {
  Start();
  HttpClient client = Connect();
  for (const std::string_view target : {"/%zz", "/%00", "/?a=%", "nowhere", "/?a=1&a=2"}) {
    const HttpAnswer answer = client.Get(target);
    EXPECT_EQ(answer.status, 400) << target;
    EXPECT_EQ(answer.headers.at("content-type"), "application/problem+json");
  }
  EXPECT_EQ(client.Request("HEAD", "/%zz").body, "");
  EXPECT_EQ(client.Get("/fine").body, "GET /fine []");
}

TEST_F(HttpServerTest, SaysContinueToThoseWhoWaitForIt) {
  Start();
  HttpClient client = Connect();
  client.SendRaw("POST /x HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n");
  EXPECT_EQ(client.ReadHead().status, 100);
  client.SendRaw("abc");
  EXPECT_EQ(client.ReadAnswer().body, "POST /x [abc]");
  client.SendRaw("POST /y HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc");
  EXPECT_EQ(client.ReadAnswer().body, "POST /y [abc]") << "the body was there already";
  EXPECT_THAT(
      Exchange("POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 9999999\r\n\r\n"),
      StartsWith("HTTP/1.1 413 "));
  EXPECT_THAT(Exchange("POST / HTTP/1.1\r\nExpect: tea\r\nContent-Length: 3\r\n\r\n"),
              StartsWith("HTTP/1.1 417 "));
}

// Limits in time.

// Faults: C2.
TEST_F(HttpServerTest, EndsARequestThatDoesNotArriveInTime) {
  limits_.request_time = kShort;
  Start();
  for (const Door door : kDoors) {
    EXPECT_THAT(Exchange("GET / HT", door), StartsWith("HTTP/1.1 408 "));
    EXPECT_THAT(Exchange("POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nab", door),
                StartsWith("HTTP/1.1 408 "));
    EXPECT_EQ(Exchange("", door), "") << "who says nothing is told nothing";
  }
}

// One byte now and then must not buy more time. With a time-out for each byte it would end by the
// header's limit.
// Faults: C2.
TEST_F(HttpServerTest, GivesTheWholeRequestOneTime) {
  limits_.request_time = kShort;
  limits_.header = 1000;
  Start();
  HttpClient client = Connect();
  client.SendRaw("GET /");
  while (client.SendRaw("x") && !client.IsReadable(milliseconds(5))) {
  }
  EXPECT_THAT(client.ReadUntilClosed(), StartsWith("HTTP/1.1 408 "));
}

TEST_F(HttpServerTest, ClosesAConnectionThatIsIdle) {
  limits_.idle_time = kShort;
  Start();
  HttpClient client = Connect();
  EXPECT_EQ(client.Get("/").status, 200);
  EXPECT_EQ(client.ReadUntilClosed(), "");
}

TEST_F(HttpServerTest, DoesNotTakeAHandlerThatTakesItsTimeForAnIdleClient) {
  limits_.idle_time = limits_.request_time = limits_.write_time = kShort;
  Start([this](const HttpRequest& request, const std::shared_ptr<HttpReply>& reply) {
    if (request.path == "/idle") return Echo(request, reply);
    Keep()(request, reply);
  });
  HttpClient waiting = Connect();
  waiting.Send("GET", "/wait");
  ASSERT_TRUE(record_.WaitFor("asked /wait"));
  // By the time that these two have been closed, each limit has passed for the first one.
  EXPECT_EQ(Exchange("", Door::kTcp), "");
  HttpClient idle = Connect();
  idle.Get("/idle");
  EXPECT_EQ(idle.ReadUntilClosed(), "");
  OnIo([&] { kept_.at(0)->Send({200, "text/plain", "at last", {}}); });
  EXPECT_EQ(waiting.ReadAnswer().body, "at last");
}

// Faults: C2.
TEST_F(HttpServerTest, CutsAClientThatDoesNotTakeItsAnswer) {
  limits_.write_time = kShort;
  Start([](const HttpRequest&, const std::shared_ptr<HttpReply>& reply) {
    reply->Send({200, "text/plain", std::string(20'000'000, 'x'), {}});
  });
  for (const Door door : kDoors) {
    HttpClient client = Connect(door);
    client.Send("GET", "/");
    EXPECT_TRUE(record_.WaitFor("refused slow_reader", door == Door::kSocket ? 1 : 2));
    EXPECT_THROW(client.ReadAnswer(), std::runtime_error) << "it is not whole";
  }
}

// Clients that leave.

TEST_F(HttpServerTest, AnswersAClientThatHasSaidAllItWanted) {
  Start();
  for (const Door door : kDoors) {
    HttpClient client = Connect(door);
    client.SendRaw("GET /a HTTP/1.1\r\n\r\nGET /b HTTP/1.1\r\n\r\n");
    client.ShutDownSending();
    const std::string said = client.ReadUntilClosed();
    EXPECT_THAT(said, HasSubstr("GET /a []"));
    EXPECT_THAT(said, HasSubstr("GET /b []"));
  }
}

TEST_F(HttpServerTest, WritesOnForAClientThatEndsItsSideInMidAnswer) {
  Start(Keep());
  for (const Door door : kDoors) {
    HttpClient client = Connect(door);
    client.Send("GET", "/late");
    ASSERT_TRUE(record_.WaitFor("asked /late", door == Door::kSocket ? 1 : 2));
    OnIo([&] { kept_.back()->Send({200, "text/plain", std::string(20'000'000, 'x'), {}}); });
    client.ShutDownSending();
    EXPECT_EQ(client.ReadAnswer().body.size(), 20'000'000U);
    EXPECT_EQ(client.ReadUntilClosed(), "") << "nothing more can come";
  }
}

// Faults: C4.
TEST_F(HttpServerTest, SaysWhenARequestEndsInItsMiddle) {
  Start();
  HttpClient client = Connect();
  client.SendRaw("POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nab");
  client.ShutDownSending();
  EXPECT_THAT(client.ReadUntilClosed(), StartsWith("HTTP/1.1 400 "));
}

TEST_F(HttpServerTest, NoticesAClientThatLeavesWhileItsAnswerIsMade) {
  Start(Keep());
  for (const Door door : kDoors) {
    const int times = door == Door::kSocket ? 1 : 2;
    {
      HttpClient client = Connect(door);
      client.Send("GET", "/wait");
      ASSERT_TRUE(record_.WaitFor("asked /wait", times));
      client.Send("GET", "/never");
    }
    ASSERT_TRUE(record_.WaitFor("refused gone", times));
    OnIo([&] {
      EXPECT_TRUE(kept_.back()->gone());
      kept_.back()->Send({});
    });
  }
}

// The default of SIGPIPE ends the process.
// Faults: C5.
TEST_F(HttpServerTest, OutlivesAClientThatLeavesInMidAnswer) {
  ASSERT_NE(std::signal(SIGPIPE, SIG_DFL), SIG_ERR);
  Start([](const HttpRequest&, const std::shared_ptr<HttpReply>& reply) {
    reply->Send({200, "text/plain", std::string(20'000'000, 'x'), {}});
  });
  for (const Door door : kDoors) {
    {
      HttpClient client = Connect(door);
      client.Send("GET", "/");
      EXPECT_EQ(client.ReadHead().status, 200);
    }
    EXPECT_TRUE(record_.WaitFor("refused gone", door == Door::kSocket ? 1 : 2));
  }
  EXPECT_TRUE(record_.WaitFor("200 /", 2));
}

std::size_t CountDescriptors() {
  const std::filesystem::directory_iterator all("/proc/self/fd");
  return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

// Faults: C11.
TEST_F(HttpServerTest, TakesNoDescriptorsThatAreSentToIt) {
  Start();
  HttpClient client = Connect();
  client.Get("/");
  const std::size_t before = CountDescriptors();
  std::array<int, 2> pipe{};
  ASSERT_EQ(::pipe2(pipe.data(), O_CLOEXEC), 0);
  const Descriptor reading(pipe[0]);
  Descriptor writing(pipe[1]);
  std::string text = "GET /x HTTP/1.1\r\n\r\n";
  iovec part{text.data(), text.size()};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
  msghdr message{nullptr, 0, &part, 1, control.data(), control.size(), 0};
  cmsghdr* const header = CMSG_FIRSTHDR(&message);
  *header = {CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS};
  std::memcpy(CMSG_DATA(header), &pipe[1], sizeof(int));
  ASSERT_GT(::sendmsg(client.descriptor(), &message, MSG_NOSIGNAL), 0);
  writing.Close();
  EXPECT_EQ(client.ReadAnswer().body, "GET /x []");
  // Nobody holds the writing end any more, the server's process included.
  pollfd ended{reading.get(), POLLIN, 0};
  ASSERT_EQ(::poll(&ended, 1, static_cast<int>(kPatience.count())), 1);
  EXPECT_NE(ended.revents & POLLHUP, 0);
  EXPECT_EQ(CountDescriptors(), before + 1);
}

// Limits on connections.

// One that was told it is one too many, by an answer and the end.
void ExpectTooMany(HttpClient client) {
  const std::string said = client.ReadUntilClosed();
  EXPECT_THAT(said, StartsWith("HTTP/1.1 503 "));
  EXPECT_THAT(said, HasSubstr("too many connections"));
}

// Faults: C1.
TEST_F(HttpServerTest, LimitsAllConnectionsTogether) {
  limits_.connections = 3;
  limits_.connections_tcp = 3;
  Start();
  std::vector<HttpClient> clients;
  for (const Door door : {Door::kSocket, Door::kTcp, Door::kSocket}) {
    EXPECT_EQ(clients.emplace_back(Connect(door)).Get("/").status, 200);
  }
  for (const Door door : kDoors) ExpectTooMany(Connect(door));
  EXPECT_EQ(clients[2].Get("/").status, 200) << "those that are in are served";
  EXPECT_TRUE(record_.WaitFor("refused limit", 2));
  clients.pop_back();
  // The server may hear of the new one first.
  int status = 0;
  while (status != 200) status = Connect().Get("/").status;
}

// Faults: M2.
TEST_F(HttpServerTest, KeepsPlaceForTheSocketWhenTcpIsFlooded) {
  limits_.connections = 3;
  limits_.connections_tcp = 2;
  Start();
  HttpClient first = Connect(Door::kTcp), second = Connect(Door::kTcp);
  first.Get("/"), second.Get("/");
  ExpectTooMany(Connect(Door::kTcp));
  EXPECT_EQ(Connect().Get("/").status, 200);
}

// Faults: C1.
TEST_F(HttpServerTest, LimitsTheConnectionsOfEachUidButRootAndOurs) {
  limits_.connections_per_uid = 2;
  Start();
  std::vector<HttpClient> ours;
  for (int i = 0; i < 5; ++i) EXPECT_EQ(ours.emplace_back(Connect()).Get("/").status, 200);
  if (::geteuid() != 0) GTEST_SKIP() << "only root can be somebody else";
  std::vector<HttpClient> theirs;
  for (const uid_t uid : {1234U, 1235U}) {
    for (int i = 0; i < 2; ++i) {
      EXPECT_EQ(theirs.emplace_back(HttpClient::ToSocketAs(path(), uid, 1)).Get("/").status, 200);
    }
    ExpectTooMany(HttpClient::ToSocketAs(path(), uid, 1));
  }
  EXPECT_EQ(Connect().Get("/").status, 200);
}

// So many that the last ones are not even waited for when they are refused.
class HttpServerFloodTest : public HttpServerTest, public ::testing::WithParamInterface<Door> {};

TEST_P(HttpServerFloodTest, ServesTheFirstAndRefusesTheOthers) {
  limits_.connections = limits_.connections_tcp = 8;
  Start();
  std::vector<HttpClient> clients;
  for (int i = 0; i < 150; ++i) clients.push_back(Connect(GetParam()));
  for (std::size_t i = 8; i < clients.size(); ++i) ExpectTooMany(std::move(clients[i]));
  for (std::size_t i = 0; i < 8; ++i) EXPECT_EQ(clients[i].Get("/").status, 200);
  EXPECT_TRUE(record_.WaitFor("refused limit", 142));
}

INSTANTIATE_TEST_SUITE_P(Doors, HttpServerFloodTest, ::testing::ValuesIn(kDoors));

// Faults: P16.
TEST_F(HttpServerTest, StandsAProcessWithoutFreeDescriptors) {
  Start();
  HttpClient served = Connect();
  served.Get("/");
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  // The lowest number that is free becomes one that is too high.
  const int lowest = ::dup(0);
  ::close(lowest);
  const rlimit none{static_cast<rlim_t>(lowest), before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path().copy(address.sun_path, sizeof address.sun_path - 1);
  const int connected =
      ::connect(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address);
  HttpClient refused(std::move(socket));
  const std::string said = connected == 0 ? refused.ReadUntilClosed() : "not connected";
  const int status = served.Get("/").status;
  const bool told = record_.WaitFor("refused descriptors");
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_THAT(said, StartsWith("HTTP/1.1 503 "));
  EXPECT_EQ(status, 200) << "those that are in are served";
  EXPECT_TRUE(told);
  EXPECT_EQ(Connect().Get("/").status, 200) << "it goes on later";
}

TEST_F(HttpServerTest, RefusesADescriptorThatDoesNotListen) {
  Start();
  OnIo([&] {
    EXPECT_THROW(server_->Accept(Descriptor(::socket(AF_UNIX, SOCK_STREAM, 0)), Door::kSocket),
                 Error);
    EXPECT_THROW(server_->Listen(address_), Error) << "in use";
  });
}

// Streamed answers.

TEST_F(HttpServerTest, StreamsLineByLine) {
  Start(Keep());
  for (const Door door : kDoors) {
    OnIo([&] { kept_.clear(); });
    HttpClient client = Connect(door);
    client.Send("GET", "/stream");
    ASSERT_TRUE(record_.WaitFor("asked /stream", door == Door::kSocket ? 1 : 2));
    OnIo([&] { kept_.at(0)->Begin({200, "application/x-ndjson", "first\n", {}}); });
    const HttpAnswer head = client.ReadHead();
    EXPECT_EQ(head.headers.at("transfer-encoding"), "chunked");
    EXPECT_EQ(head.headers.at("content-type"), "application/x-ndjson");
    EXPECT_EQ(client.ReadLine(), "first") << "before the rest is made";
    OnIo([&] {
      kept_.at(0)->Write("sec");
      kept_.at(0)->Write("");
      kept_.at(0)->Write("ond\nthird\n");
      EXPECT_FALSE(kept_.at(0)->gone());
      kept_.at(0)->End();
      kept_.at(0)->Write("too late");
    });
    EXPECT_EQ(client.ReadLine(), "second");
    EXPECT_EQ(client.ReadLine(), "third");
    EXPECT_EQ(client.ReadLine(), std::nullopt);
    client.Send("GET", "/next");
    EXPECT_TRUE(record_.WaitFor("asked /next", door == Door::kSocket ? 1 : 2));
  }
}

void ThreeLines(const HttpRequest&, const std::shared_ptr<HttpReply>& reply) {
  reply->Begin({200, "text/plain", "1\n", {}});
  for (const char* line : {"2\n", "3\n"}) reply->Write(line);
  reply->End();
}

TEST_F(HttpServerTest, StreamsToOldClientsUntilItCloses) {
  Start(ThreeLines);
  const std::string said = Exchange("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_THAT(said, HasSubstr("Connection: close\r\n"));
  EXPECT_THAT(said, Not(HasSubstr("chunked")));
  EXPECT_TRUE(said.ends_with("\r\n\r\n1\n2\n3\n")) << said;
}

TEST_F(HttpServerTest, StreamsNothingToHead) {
  Start(ThreeLines);
  HttpClient client = Connect();
  EXPECT_EQ(client.Request("HEAD", "/").headers.at("transfer-encoding"), "chunked");
  EXPECT_EQ(client.Get("/").body, "1\n2\n3\n");
}

// A client that never reads, and a handler that goes on until it is told not to.
TEST_F(HttpServerTest, CutsAClientThatLetsTooMuchPileUp) {
  limits_.unsent = 100'000;
  int pieces = 0;
  Start([&](const HttpRequest&, const std::shared_ptr<HttpReply>& reply) {
    reply->Begin({200, "text/plain", "", {}});
    for (; !reply->gone() && pieces < 1000; ++pieces) reply->Write(std::string(10'000, 'x'));
  });
  HttpClient client = Connect();
  client.Send("GET", "/");
  EXPECT_TRUE(record_.WaitFor("refused slow_reader"));
  EXPECT_THROW(client.ReadAnswer(), std::runtime_error) << "it is not whole";
  OnIo([&] { EXPECT_LT(pieces, 20); });
}

TEST_F(HttpServerTest, CutsAStreamThatIsNotReadInTime) {
  limits_.write_time = kShort;
  limits_.unsent = 50'000'000;
  Start([&](const HttpRequest& request, const std::shared_ptr<HttpReply>& reply) {
    reply->Begin({200, "text/plain", "", {}});
    reply->Write(std::string(20'000'000, 'x'));
    Keep()(request, reply);
  });
  HttpClient client = Connect();
  client.Send("GET", "/");
  EXPECT_TRUE(record_.WaitFor("refused slow_reader"));
  OnIo([&] { EXPECT_TRUE(kept_.at(0)->gone()); });
}

TEST_F(HttpServerTest, TellsTheHandlerThatAReaderHasGone) {
  Start([&](const HttpRequest& request, const std::shared_ptr<HttpReply>& reply) {
    reply->Begin({200, "text/plain", "line\n", {}});
    Keep()(request, reply);
  });
  {
    HttpClient client = Connect();
    client.Send("GET", "/");
    client.ReadHead();
    EXPECT_EQ(client.ReadLine(), "line");
  }
  EXPECT_TRUE(record_.WaitFor("refused gone"));
  OnIo([&] { EXPECT_TRUE(kept_.at(0)->gone()); });
}

// Handlers that fail.

TEST_F(HttpServerTest, AnswersForAHandlerThatThrows) {
  Start([](const HttpRequest& request, const std::shared_ptr<HttpReply>& reply) {
    if (request.path == "/throw") throw std::runtime_error("a secret");
    if (request.path == "/odd") throw 7;
    if (request.path == "/after") {
      Echo(request, reply);
      throw std::runtime_error("late");
    }
    if (request.path != "/forget") Echo(request, reply);
  });
  HttpClient client = Connect();
  for (const std::string path : {"/throw", "/odd", "/forget"}) {
    const HttpAnswer answer = client.Get(path);
    EXPECT_EQ(answer.status, 500) << path;
    EXPECT_EQ(answer.headers.at("content-type"), "application/problem+json");
    EXPECT_THAT(answer.body, Not(HasSubstr("secret")));
  }
  EXPECT_EQ(client.Get("/after").status, 200);
  EXPECT_EQ(client.Get("/fine").status, 200) << "the connection goes on";
  EXPECT_TRUE(record_.WaitFor("error /throw: a secret"));
  EXPECT_TRUE(record_.WaitFor("error /after: late"));
  EXPECT_TRUE(record_.WaitFor("500 /forget"));
}

TEST_F(HttpServerTest, BreaksOffAStreamWhoseHandlerFails) {
  Start([](const HttpRequest& request, const std::shared_ptr<HttpReply>& reply) {
    reply->Begin({200, "text/plain", "line\n", {}});
    if (request.path == "/throw") throw std::runtime_error("oops");
  });
  for (const std::string path : {"/throw", "/forget"}) {
    HttpClient client = Connect();
    client.Send("GET", path);
    EXPECT_THROW(client.ReadAnswer(), std::runtime_error) << "nobody may take it for whole";
  }
}

TEST_F(HttpServerTest, SendsOneAnswerOnly) {
  Start([](const HttpRequest& request, const std::shared_ptr<HttpReply>& reply) {
    Echo(request, reply);
    reply->Send({404});
    reply->Begin({404});
    reply->Write("x");
    reply->End();
  });
  HttpClient client = Connect();
  EXPECT_EQ(client.Get("/a").body, "GET /a []");
  EXPECT_EQ(client.Get("/b").body, "GET /b []");
}

// The end.

TEST_F(HttpServerTest, EndsIdleConnectionsAndTakesNoMore) {
  Start();
  HttpClient idle = Connect(), fresh = Connect(Door::kTcp);
  idle.Get("/"), fresh.Get("/");
  OnIo([&] { server_->Stop(std::chrono::hours(1)); });
  EXPECT_EQ(idle.ReadUntilClosed(), "");
  EXPECT_EQ(fresh.ReadUntilClosed(), "");
  for (const Door door : kDoors) EXPECT_THROW(Connect(door), std::system_error);
  // A program that runs until there is nothing left to do has not to wait for the grace.
  work_.reset();
  EXPECT_TRUE(record_.WaitFor("nothing left to run"));
  io_.stop();
  thread_.join();
}

TEST_F(HttpServerTest, LetsAnswersUnderWayEndBeforeItStops) {
  Start(Keep());
  HttpClient whole = Connect(), stream = Connect();
  whole.Send("GET", "/whole");
  ASSERT_TRUE(record_.WaitFor("asked /whole"));
  stream.Send("GET", "/stream");
  ASSERT_TRUE(record_.WaitFor("asked /stream"));
  OnIo([&] {
    kept_.at(1)->Begin({200, "text/plain", "first\n", {}});
    server_->Stop(kPatience);
    kept_.at(0)->Send({200, "text/plain", "done", {}});
    kept_.at(1)->End();
  });
  const HttpAnswer answer = whole.ReadAnswer();
  EXPECT_EQ(answer.body, "done");
  EXPECT_EQ(answer.headers.at("connection"), "close");
  EXPECT_EQ(whole.ReadUntilClosed(), "");
  EXPECT_EQ(stream.ReadAnswer().body, "first\n");
  EXPECT_EQ(stream.ReadUntilClosed(), "");
}

TEST_F(HttpServerTest, CutsWhatGoesOnAfterTheGrace) {
  Start(Keep());
  HttpClient client = Connect();
  client.Send("GET", "/");
  ASSERT_TRUE(record_.WaitFor("asked /"));
  OnIo([&] {
    kept_.at(0)->Begin({200, "text/plain", "line\n", {}});
    server_->Stop(kShort);
  });
  EXPECT_THROW(client.ReadAnswer(), std::runtime_error);
  OnIo([&] { EXPECT_TRUE(kept_.at(0)->gone()); });
}

TEST_F(HttpServerTest, LeavesRepliesThatOutliveItHarmless) {
  Start(Keep());
  HttpClient client = Connect();
  client.Send("GET", "/");
  ASSERT_TRUE(record_.WaitFor("asked /"));
  OnIo([&] {
    server_.reset();
    EXPECT_TRUE(kept_.at(0)->gone());
    kept_.at(0)->Send({});
    kept_.clear();
  });
  EXPECT_EQ(client.ReadUntilClosed(), "");
}

}  // namespace
}  // namespace lockstep
