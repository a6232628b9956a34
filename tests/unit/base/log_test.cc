#include "base/log.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <future>
#include <sstream>
#include <thread>

#include "base/descriptor.h"
#include "base/error.h"
#include "base/json.h"

namespace lockstep {
namespace {

using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::StartsWith;

constexpr EventKind kNews{"news", LogLevel::kInfo, "nothing to do"};
constexpr EventKind kDetail{"detail", LogLevel::kDebug, "nothing to do"};
constexpr EventKind kTrouble{"trouble", LogLevel::kError, "do something"};

class SavedVariable {
 public:
  explicit SavedVariable(const char* name) : name_(name) {
    if (const char* value = std::getenv(name)) before_ = value;
    ::unsetenv(name);
  }
  ~SavedVariable() {
    if (before_)
      ::setenv(name_, before_->c_str(), 1);
    else
      ::unsetenv(name_);
  }
  void Set(const std::string& value) { ::setenv(name_, value.c_str(), 1); }

 private:
  const char* name_;
  std::optional<std::string> before_;
};

struct Pipe {
  Pipe() {
    std::array<int, 2> ends{};
    EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
    reading = Descriptor(ends[0]);
    writing = Descriptor(ends[1]);
  }
  Descriptor reading, writing;
};

// So that nothing more goes in until somebody reads. Gives the number of lines, all empty.
std::size_t Fill(const Pipe& pipe) {
  const std::string path = "/proc/self/fd/" + std::to_string(pipe.writing.get());
  const Descriptor writing(::open(path.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC));
  std::size_t filled = 0;
  while (::write(writing.get(), "\n", 1) == 1) ++filled;
  return filled;
}

// Until whoever writes has gone.
std::string ReadAll(int descriptor) {
  std::string all;
  std::array<char, 4096> piece{};
  for (;;) {
    const ssize_t count = ::read(descriptor, piece.data(), piece.size());
    if (count <= 0) return all;
    all.append(piece.data(), static_cast<std::size_t>(count));
  }
}

std::vector<std::string> LinesOf(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

std::size_t CountWith(const std::vector<std::string>& lines, const std::string& part) {
  return static_cast<std::size_t>(
      std::count_if(lines.begin(), lines.end(),
                    [&](const std::string& line) { return line.find(part) != std::string::npos; }));
}

LogCounts operator-(LogCounts now, const LogCounts& before) {
  for (std::size_t i = 0; i < 4; ++i) now.lines[i] -= before.lines[i];
  now.dropped -= before.dropped;
  now.failed -= before.failed;
  return now;
}

// Whoever has no other event to wait for: the counter itself.
void WaitUntilFailed(const LogCounts& before, std::uint64_t lines) {
  while ((CountLogLines() - before).failed < lines) std::this_thread::yield();
}

class LogTest : public testing::Test {
 protected:
  LogTest() {
    std::string folder = (std::filesystem::temp_directory_path() / "log-XXXXXX").string();
    folder_ = ::mkdtemp(folder.data());
  }
  ~LogTest() override {
    StopLog();
    std::filesystem::remove_all(folder_);
  }

  LogOptions To(const Descriptor& descriptor, LogFormat format = LogFormat::kText) const {
    LogOptions options;
    options.descriptor = descriptor.get();
    options.format = format;
    options.journal_socket = PathOf("journal");
    // What has to arrive does so on the slowest machine.
    options.time_to_stop = std::chrono::minutes(1);
    return options;
  }
  std::string PathOf(const std::string& name) const { return folder_ + "/" + name; }
  LogCounts Counted() const { return CountLogLines() - before_; }
  // What came through the pipe once the log and the test let go of it.
  std::vector<std::string> Finish(Pipe& pipe) {
    StopLog();
    pipe.writing.Close();
    return LinesOf(ReadAll(pipe.reading.get()));
  }

  const LogCounts before_ = CountLogLines();
  SavedVariable journal_stream_{"JOURNAL_STREAM"};
  SavedVariable no_color_{"NO_COLOR"};
  SavedVariable term_{"TERM"};

 private:
  std::string folder_;
};

TEST(LogNames, AreReadAsTheyAreWritten) {
  for (const LogLevel level :
       {LogLevel::kDebug, LogLevel::kInfo, LogLevel::kWarning, LogLevel::kError}) {
    EXPECT_EQ(LogLevelNamed(NameOf(level)), level);
  }
  EXPECT_EQ(NameOf(LogLevel::kWarning), "warning");
  EXPECT_EQ(LogLevelNamed("loud"), std::nullopt);
  EXPECT_EQ(LogFormatNamed("auto"), LogFormat::kAuto);
  EXPECT_EQ(LogFormatNamed("text"), LogFormat::kText);
  EXPECT_EQ(LogFormatNamed("json"), LogFormat::kJson);
  EXPECT_EQ(LogFormatNamed("journal"), LogFormat::kJournal);
  EXPECT_EQ(LogFormatNamed("xml"), std::nullopt);
}

TEST_F(LogTest, WritesNothingBeforeItIsStartedAndAfterItWasStopped) {
  Pipe pipe;
  LogEvent(kTrouble, "too early");
  StartLog(To(pipe.writing));
  LogEvent(kTrouble, "in time");
  StopLog();
  LogEvent(kTrouble, "too late");
  EXPECT_THAT(Finish(pipe), ElementsAre(HasSubstr("in time")));
  EXPECT_EQ(Counted().lines[3], 1U);
}

TEST_F(LogTest, WritesWhatWasQueuedBeforeItStops) {
  Pipe pipe;
  StartLog(To(pipe.writing));
  for (int i = 0; i < 500; ++i) LogEvent(kNews, "line", {{"number", std::int64_t{i}}});
  const auto lines = Finish(pipe);
  ASSERT_THAT(lines, SizeIs(500));
  for (int i = 0; i < 500; ++i) {
    EXPECT_THAT(lines[static_cast<std::size_t>(i)],
                EndsWith(" info news line number=" + std::to_string(i)));
  }
}

TEST_F(LogTest, CannotBeStartedTwice) {
  Pipe pipe;
  StartLog(To(pipe.writing));
  EXPECT_THROW(StartLog(To(pipe.writing)), Error);
}

TEST_F(LogTest, WritesOnlyFromTheLevelOnWhichMayChange) {
  Pipe pipe;
  StartLog(To(pipe.writing));
  LogEvent(kDetail, "one");
  SetLogLevel(LogLevel::kDebug);
  EXPECT_EQ(CurrentLogLevel(), LogLevel::kDebug);
  LogEvent(kDetail, "two");
  SetLogLevel(LogLevel::kError);
  LogEvent(kNews, "three");
  LogEvent(kTrouble, "four");
  EXPECT_THAT(Finish(pipe), ElementsAre(HasSubstr("two"), HasSubstr("four")));
  EXPECT_THAT(Counted().lines, ElementsAre(1, 0, 0, 1));
}

TEST_F(LogTest, WritesJsonWhereNobodyLooks) {
  Pipe pipe;
  StartLog(To(pipe.writing, LogFormat::kAuto));
  LogEvent(kNews, "hello", {{"target", "shop"}});
  const auto lines = Finish(pipe);
  ASSERT_THAT(lines, SizeIs(1));
  const json::object line = json::parse(lines[0]).as_object();
  EXPECT_EQ(line.at("msg").as_string(), "hello");
  EXPECT_EQ(line.at("target").as_string(), "shop");
}

// A terminal of the test's own.
struct Terminal {
  Terminal() : screen(::posix_openpt(O_RDWR | O_NOCTTY)) {
    EXPECT_EQ(::grantpt(screen.get()), 0);
    EXPECT_EQ(::unlockpt(screen.get()), 0);
    program = Descriptor(::open(::ptsname(screen.get()), O_RDWR | O_NOCTTY));
  }
  Descriptor screen, program;
};

std::string ShownOnATerminal(LogOptions options) {
  Terminal terminal;
  options.descriptor = terminal.program.get();
  StartLog(options);
  LogEvent(kNews, "hello");
  StopLog();
  terminal.program.Close();
  return ReadAll(terminal.screen.get());
}

TEST_F(LogTest, WritesColoredTextOnATerminal) {
  EXPECT_THAT(ShownOnATerminal(LogOptions{}), HasSubstr(" \x1b[32minfo\x1b[0m news hello"));
}

TEST_F(LogTest, WritesPlainTextOnATerminalThatWantsNoColors) {
  no_color_.Set("1");
  EXPECT_THAT(ShownOnATerminal(LogOptions{}), HasSubstr(" info news hello"));
  no_color_.Set("");
  term_.Set("dumb");
  EXPECT_THAT(ShownOnATerminal(LogOptions{}), HasSubstr(" info news hello"));
}

// Whoever logs goes on, StopLog ends, and every line is accounted for.
void ExpectThatAStalledReaderHoldsNobodyUp(LogOptions options, const LogCounts& before) {
  options.queue_lines = 16;
  options.time_to_stop = std::chrono::milliseconds(0);
  StartLog(options);
  for (int i = 0; i < 2000; ++i) LogEvent(kNews, std::string(300, 'x'));
  StopLog();
  const LogCounts counted = CountLogLines() - before;
  EXPECT_EQ(counted.lines[1], 2000U);
  EXPECT_GT(counted.dropped, 0U);
  EXPECT_GT(counted.failed, 0U) << "those that waited when it was stopped";
}

TEST_F(LogTest, IsNotHeldUpByAPipeThatNobodyReads) {
  Pipe pipe;
  ExpectThatAStalledReaderHoldsNobodyUp(To(pipe.writing), before_);
  pipe.writing.Close();
  std::string written = ReadAll(pipe.reading.get());
  const std::size_t whole = CountWith(LinesOf(written), std::string(300, 'x'));
  EXPECT_EQ(whole + Counted().dropped + Counted().failed, 2000U);
}

TEST_F(LogTest, IsNotHeldUpByASocketThatNobodyReads) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
  const Descriptor reading(ends[0]), writing(ends[1]);
  ExpectThatAStalledReaderHoldsNobodyUp(To(writing), before_);
}

// A FIFO in the folder of the test, with both ends.
struct Fifo {
  explicit Fifo(std::string fifo) : path(std::move(fifo)) {
    EXPECT_EQ(::mkfifo(path.c_str(), 0600), 0);
    Read();
    writing = Descriptor(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  }
  void Read() { reading = Descriptor(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC)); }
  std::string path;
  Descriptor reading, writing;
};

// Such as a pipe of somebody else's, which may not be opened again; here because nobody reads it
// yet.
TEST_F(LogTest, IsNotHeldUpByAPipeThatItCannotMakeNonBlocking) {
  Fifo fifo(PathOf("fifo"));
  fifo.reading.Close();
  LogOptions options = To(fifo.writing);
  options.queue_lines = 16;
  options.time_to_stop = std::chrono::milliseconds(0);
  StartLog(options);
  fifo.Read();
  // Longer than what such a pipe takes at once.
  for (int i = 0; i < 100; ++i) LogEvent(kNews, std::string(6000, 'x'));
  StopLog();
  EXPECT_GT(Counted().failed, 0U);
}

TEST_F(LogTest, LeavesTheDescriptorBlockingForThoseWhoShareIt) {
  Pipe pipe;
  StartLog(To(pipe.writing));
  LogEvent(kNews, "hello");
  StopLog();
  EXPECT_EQ(::fcntl(pipe.writing.get(), F_GETFL) & O_NONBLOCK, 0);
}

// Faults: P15.
TEST_F(LogTest, SaysOnceHowManyLinesAStalledReaderCost) {
  Pipe pipe;
  const std::size_t filled = Fill(pipe);
  LogOptions options = To(pipe.writing);
  options.queue_lines = 16;
  StartLog(options);
  for (int i = 0; i < 2000; ++i) LogEvent(kNews, "hello");
  auto all = std::async(std::launch::async, ReadAll, pipe.reading.get());
  StopLog();
  pipe.writing.Close();
  const auto lines = LinesOf(all.get());
  const std::string dropped = std::to_string(Counted().dropped);
  EXPECT_EQ(CountWith(lines, "log_lines_dropped"), 1U);
  EXPECT_EQ(CountWith(lines, "warning log_lines_dropped " + dropped +
                                 " log lines were dropped lines=" + dropped),
            1U);
  EXPECT_EQ(lines.size() - filled - 1 + Counted().dropped, 2000U);
  EXPECT_EQ(Counted().failed, 0U);
}

TEST_F(LogTest, SurvivesAFullDisk) {
  const Descriptor full(::open("/dev/full", O_WRONLY | O_CLOEXEC));
  StartLog(To(full));
  for (int i = 0; i < 10; ++i) LogEvent(kNews, "hello");
  StopLog();
  EXPECT_EQ(Counted().failed, 10U);
  EXPECT_EQ(Counted().lines[1], 10U);
}

// A limit on the size of files acts as a full disk does: a write is cut short, the next one is
// refused.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit{bytes, before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() { ::setrlimit(RLIMIT_FSIZE, &before_); }

 private:
  rlimit before_{};
};

std::string Contents(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

// Faults: P14.
TEST_F(LogTest, SaysHowManyLinesAFullDiskCostOnceThereIsRoomAgain) {
  const std::string path = PathOf("log");
  const Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  {
    const FileSizeLimit limit(150);
    StartLog(To(file));
    LogEvent(kNews, std::string(70, 'a'));
    LogEvent(kNews, std::string(70, 'b'));
    LogEvent(kNews, std::string(70, 'c'));
    WaitUntilFailed(before_, 2);
  }
  LogEvent(kNews, "room");
  LogEvent(kNews, "more");
  StopLog();
  EXPECT_THAT(LinesOf(Contents(path)),
              ElementsAre(EndsWith("news " + std::string(70, 'a')), EndsWith("b"),
                          EndsWith(" log_lines_dropped 2 log lines were dropped lines=2"),
                          EndsWith(" news room"), EndsWith(" news more")))
      << "the line that was cut short must not run into the next one";
}

TEST_F(LogTest, WritesIntoAFileWhereOthersWhoShareItStopped) {
  const std::string path = PathOf("log");
  const Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  ASSERT_EQ(::write(file.get(), "before\n", 7), 7);
  StartLog(To(file));
  LogEvent(kNews, "hello");
  StopLog();
  ASSERT_EQ(::write(file.get(), "after\n", 6), 6);
  EXPECT_THAT(LinesOf(Contents(path)), ElementsAre("before", EndsWith(" hello"), "after"));
}

TEST_F(LogTest, SurvivesAPipeThatIsClosedAndUsesTheNextReader) {
  Fifo fifo(PathOf("fifo"));
  StartLog(To(fifo.writing));
  fifo.reading.Close();
  for (int i = 0; i < 3; ++i) LogEvent(kNews, "unheard");
  WaitUntilFailed(before_, 3);
  fifo.Read();
  LogEvent(kNews, "heard");
  StopLog();
  fifo.writing.Close();
  EXPECT_THAT(LinesOf(ReadAll(fifo.reading.get())),
              ElementsAre(HasSubstr("3 log lines were dropped"), EndsWith(" heard")));
}

// A journald of the test's own: a datagram socket.
class FakeJournal {
 public:
  explicit FakeJournal(std::string path) : path_(std::move(path)) { Start(); }
  ~FakeJournal() { Stop(); }

  void Start() {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path_.copy(address.sun_path, sizeof address.sun_path - 1);
    socket_ = Descriptor(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    EXPECT_EQ(::bind(socket_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  }
  void Stop() {
    socket_.Close();
    ::unlink(path_.c_str());
  }
  // Waits for it.
  std::string Entry() {
    std::string entry(1 << 20, '\0');
    entry.resize(static_cast<std::size_t>(
        std::max<ssize_t>(0, ::recv(socket_.get(), entry.data(), entry.size(), 0))));
    return entry;
  }

 private:
  std::string path_;
  Descriptor socket_;
};

TEST_F(LogTest, WritesToTheJournalWhenItIsAskedTo) {
  FakeJournal journal(PathOf("journal"));
  StartLog(To(Descriptor(), LogFormat::kJournal));
  LogEvent(kNews, "hello", {{"target", "shop"}});
  const std::string entry = journal.Entry();
  EXPECT_THAT(entry, StartsWith(std::string("MESSAGE\n\x05\0\0\0\0\0\0\0hello\n", 22)));
  EXPECT_THAT(entry, HasSubstr(std::string("LOCKSTEP_TARGET\n\x04\0\0\0\0\0\0\0shop\n", 29)));
}

TEST_F(LogTest, SendsTheJournalTheLongestEntryToo) {
  FakeJournal journal(PathOf("journal"));
  StartLog(To(Descriptor(), LogFormat::kJournal));
  const std::string huge(1 << 20, 'x');
  LogEvent(kNews, huge, {{"a", huge}, {"b", huge}, {"c", huge}});
  EXPECT_THAT(journal.Entry(), HasSubstr("LOCKSTEP_C\n"));
}

TEST_F(LogTest, FindsAJournalThatWasStartedAnew) {
  FakeJournal journal(PathOf("journal"));
  StartLog(To(Descriptor(), LogFormat::kJournal));
  LogEvent(kNews, "one");
  EXPECT_THAT(journal.Entry(), HasSubstr("one"));
  journal.Stop();
  LogEvent(kNews, "two");
  WaitUntilFailed(before_, 1);
  journal.Start();
  LogEvent(kNews, "three");
  EXPECT_THAT(journal.Entry(), HasSubstr("1 log line was dropped"));
  EXPECT_THAT(journal.Entry(), HasSubstr("three"));
}

TEST_F(LogTest, IsNotHeldUpByAJournalThatNobodyReads) {
  const FakeJournal journal(PathOf("journal"));
  ExpectThatAStalledReaderHoldsNobodyUp(To(Descriptor(), LogFormat::kJournal), before_);
}

TEST_F(LogTest, RefusesAJournalThatIsNotThere) {
  try {
    StartLog(To(Descriptor(), LogFormat::kJournal));
    FAIL() << "it was started";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kBadSettings);
    EXPECT_THAT(error.what(), HasSubstr(PathOf("journal") + "': No such file"));
  }
  Pipe pipe;
  EXPECT_NO_THROW(StartLog(To(pipe.writing))) << "the log is not half started";
}

std::string JournalStreamOf(int descriptor) {
  struct stat about {};
  EXPECT_EQ(::fstat(descriptor, &about), 0);
  return std::to_string(about.st_dev) + ":" + std::to_string(about.st_ino);
}

TEST_F(LogTest, ChoosesTheJournalWhereItsDescriptorLeadsThere) {
  FakeJournal journal(PathOf("journal"));
  Pipe pipe;
  journal_stream_.Set(JournalStreamOf(pipe.writing.get()));
  StartLog(To(pipe.writing, LogFormat::kAuto));
  LogEvent(kNews, "hello");
  EXPECT_THAT(journal.Entry(), HasSubstr("hello"));
  EXPECT_THAT(Finish(pipe), IsEmpty());
}

TEST_F(LogTest, ChoosesJsonWhereItsDescriptorWasTurnedElsewhere) {
  const FakeJournal journal(PathOf("journal"));
  Pipe pipe, other;
  journal_stream_.Set(JournalStreamOf(other.writing.get()));
  StartLog(To(pipe.writing, LogFormat::kAuto));
  LogEvent(kNews, "hello");
  EXPECT_THAT(Finish(pipe), ElementsAre(StartsWith("{")));
}

TEST_F(LogTest, ChoosesJsonWhereTheJournalCannotBeReached) {
  Pipe pipe;
  journal_stream_.Set(JournalStreamOf(pipe.writing.get()));
  StartLog(To(pipe.writing, LogFormat::kAuto));
  LogEvent(kNews, "hello");
  EXPECT_THAT(Finish(pipe), ElementsAre(StartsWith("{")));
}

TEST_F(LogTest, AccountsForEachLineOfManyThreadsWhileItIsStoppedAndStarted) {
  Pipe pipe;
  auto all = std::async(std::launch::async, ReadAll, pipe.reading.get());
  LogOptions options = To(pipe.writing);
  options.queue_lines = 64;
  StartLog(options);
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([] {
      for (int line = 0; line < 2000; ++line) LogEvent(kNews, "hello");
    });
  }
  for (int i = 0; i < 5; ++i) {
    SetLogLevel(LogLevel::kDebug);
    StopLog();
    StartLog(options);
  }
  for (std::thread& thread : threads) thread.join();
  StopLog();
  pipe.writing.Close();
  const std::size_t written = CountWith(LinesOf(all.get()), "news hello");
  EXPECT_EQ(written + Counted().dropped + Counted().failed, Counted().lines[1]);
}

// What /proc says of a thread's blocked signals, the first one in the lowest bit.
std::uint64_t BlockedSignals(const std::filesystem::path& thread) {
  const std::string status = Contents(thread.string() + "/status");
  const std::string name = "SigBlk:";
  return std::stoull(status.substr(status.find(name) + name.size()), nullptr, 16);
}

// SIGTERM and its like are for the program's own threads.
TEST_F(LogTest, LetsNoSignalBeTakenByItsThread) {
  Pipe pipe;
  StartLog(To(pipe.writing));
  const std::string self = std::to_string(::gettid());
  int threads = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/task")) {
    if (entry.path().filename() == self) continue;
    ++threads;
    for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGPIPE, SIGXFSZ}) {
      EXPECT_TRUE(BlockedSignals(entry.path()) >> (signal - 1) & 1) << signal;
    }
  }
  EXPECT_GE(threads, 1);
}

}  // namespace
}  // namespace lockstep
