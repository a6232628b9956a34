// Puts PostgreSQL as far away as wanted, and counts what that costs.
//
//   bench_latency_proxy --to HOST:PORT|FOLDER:PORT --round-trip-ms MS --report FILE
//                       [--listen 127.0.0.1:PORT]
//
// It says on which port of 127.0.0.1 it listens, in a line, and delays every byte by half a round
// trip in each direction, and a connection's first ones by a whole one more, which is what making
// the connection takes. What crossed is written as JSON: on SIGUSR1 what crossed since the last
// time, followed by a line "reported" when the file is there; at the end of its input or on SIGTERM
// the same, and it leaves. A connection whose client has gone may take a moment to be seen to end:
// each report waits for that, for a second at most.
//
// RoundTrips (support/round_trips.h) says what a round trip is; WireOptions what the delay does.
#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <exception>
#include <fstream>
#include <iostream>
#include <map>
#include <stdexcept>
#include <string>

#include "base/json.h"
#include "support/wire_proxy.h"

namespace lockstep {
namespace {

constexpr std::chrono::seconds kPatience{1};

class Usage : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

using Flags = std::map<std::string, std::string>;

Flags FlagsOf(int count, char** arguments) {
  Flags flags{{"--listen", "127.0.0.1:0"}};
  for (int i = 1; i < count; i += 2) {
    if (i + 1 == count) throw Usage(std::string(arguments[i]) + " needs a value");
    flags[arguments[i]] = arguments[i + 1];
  }
  for (const char* needed : {"--to", "--round-trip-ms", "--report"}) {
    if (!flags.contains(needed)) throw Usage(std::string(needed) + " is missing");
  }
  if (flags.size() != 4) throw Usage("there is an unknown option");
  return flags;
}

template <typename Number>
Number NumberOf(const std::string& text) {
  Number number{};
  const char* end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, number);
  if (read.ec != std::errc() || read.ptr != end || number < 0) {
    throw Usage("'" + text + "' is no number here");
  }
  return number;
}

// What stands before the last colon, and after.
std::pair<std::string, std::string> PlaceOf(const std::string& text) {
  const auto colon = text.rfind(':');
  if (colon == text.npos) throw Usage("'" + text + "' has no port");
  return {text.substr(0, colon), text.substr(colon + 1)};
}

ConnectionUrl ServerOf(const std::string& text) {
  const auto [host, port] = PlaceOf(text);
  return ConnectionUrl().With("host", host).With("port", port);
}

WireOptions OptionsOf(const Flags& flags) {
  const auto [host, port] = PlaceOf(flags.at("--listen"));
  if (host != "127.0.0.1") throw Usage("it listens on 127.0.0.1 only");
  const std::chrono::duration<double, std::milli> round_trip(
      NumberOf<double>(flags.at("--round-trip-ms")));
  return {std::chrono::duration_cast<Duration>(round_trip), NumberOf<int>(port)};
}

json::object DocumentOf(const WireCount& count) {
  return {{"application_name", count.application_name},
          {"startup_round_trips", count.startup_round_trips},
          {"round_trips", count.round_trips},
          {"bytes_to_server", count.bytes_to_server},
          {"bytes_to_client", count.bytes_to_client},
          {"opaque", count.opaque},
          {"open", count.open}};
}

// In place, whatever kind of file it is: who reads it waits for our word, or our end.
void Write(const std::string& file, const WireTraffic& traffic) {
  json::array connections;
  for (const WireCount& count : traffic.connections) connections.push_back(DocumentOf(count));
  std::ofstream out(file);
  out << Pretty(json::object{{"most_open", traffic.most_open}, {"connections", connections}});
  out.close();
  if (!out) throw std::runtime_error("'" + file + "' cannot be written");
}

// What the program is told while it runs.
class Orders {
 public:
  // Blocks their signals, for the threads that are made later too.
  Orders() {
    sigset_t ours;
    ::sigemptyset(&ours);
    for (const int number : {SIGUSR1, SIGTERM, SIGINT}) ::sigaddset(&ours, number);
    ::sigprocmask(SIG_BLOCK, &ours, nullptr);
    signals_ = Descriptor(::signalfd(-1, &ours, SFD_CLOEXEC));
  }

  // Waits for one; says whether it is to report and go on, rather than to end.
  bool Next() const {
    std::array<pollfd, 2> watched{{{signals_.get(), POLLIN, 0}, {STDIN_FILENO, POLLIN, 0}}};
    for (;;) {
      if (::poll(watched.data(), watched.size(), -1) < 0) continue;
      std::array<char, 256> ignored{};
      if (watched[1].revents != 0 && ::read(STDIN_FILENO, ignored.data(), ignored.size()) <= 0)
        return false;
      signalfd_siginfo signal{};
      if (watched[0].revents != 0 && ::read(signals_.get(), &signal, sizeof signal) > 0) {
        return signal.ssi_signo == SIGUSR1;
      }
    }
  }

 private:
  Descriptor signals_;
};

void Serve(const Flags& flags) {
  const Orders orders;
  WireProxy proxy(ServerOf(flags.at("--to")), {}, OptionsOf(flags));
  std::cout << proxy.url().Get("port") << std::endl;
  for (bool more = true; more;) {
    more = orders.Next();
    proxy.WaitUntilClosed(kPatience);
    Write(flags.at("--report"), proxy.TakeTraffic());
    if (more) std::cout << "reported" << std::endl;
  }
}

}  // namespace
}  // namespace lockstep

int main(int count, char** arguments) {
  try {
    lockstep::Serve(lockstep::FlagsOf(count, arguments));
    return 0;
  } catch (const lockstep::Usage& error) {
    std::fprintf(
        stderr,
        "bench_latency_proxy: %s\n"
        "usage: bench_latency_proxy --to HOST:PORT|FOLDER:PORT --round-trip-ms MS --report FILE "
        "[--listen 127.0.0.1:PORT]\n",
        error.what());
    return 2;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bench_latency_proxy: %s\n", error.what());
    return 1;
  }
}
