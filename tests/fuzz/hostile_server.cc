#include "fuzz/hostile_server.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <stdexcept>

namespace lockstep {
namespace {

int ListenIn(const std::string& folder) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = folder + "/.s.PGSQL.5432";
  std::copy(path.begin(), path.end(), std::begin(address.sun_path));
  const int listening = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (bind(listening, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      listen(listening, 4) != 0) {
    throw std::runtime_error("cannot listen in " + folder);
  }
  return listening;
}

// False once the client has gone, and for one that waits for our next words as we do for its: no
// verdict hangs on how long that takes.
bool Hear(int client) {
  pollfd heard{client, POLLIN, 0};
  if (poll(&heard, 1, 200) != 1) return false;
  std::array<char, 16384> buffer{};
  return recv(client, buffer.data(), buffer.size(), 0) > 0;
}

void Say(int client, const std::string& text) {
  [[maybe_unused]] const auto sent = send(client, text.data(), text.size(), MSG_NOSIGNAL);
}

std::string Message(char type, std::string_view body) {
  const auto length = static_cast<std::uint32_t>(body.size() + 4);
  std::string message(1, type);
  for (const int shift : {24, 16, 8, 0}) message += static_cast<char>(length >> shift & 0xff);
  return message.append(body);
}

}  // namespace

HostileServer::HostileServer()
    : folder_name_(folder_.path()),
      listening_(ListenIn(folder_name_)),
      over_(eventfd(0, EFD_CLOEXEC)),
      thread_([this] { Serve(); }) {}

HostileServer::~HostileServer() {
  ending_ = true;
  expected_.release();
  thread_.join();
}

HostileServer::Exchange HostileServer::Expect(std::string_view script) {
  script_ = script;
  expected_.release();
  return Exchange(*this);
}

void HostileServer::Finish() {
  eventfd_write(over_.get(), 1);
  served_.acquire();
}

void HostileServer::Serve() {
  for (;;) {
    expected_.acquire();
    if (ending_) return;
    std::array<pollfd, 2> events = {{{listening_.get(), POLLIN, 0}, {over_.get(), POLLIN, 0}}};
    poll(events.data(), events.size(), -1);
    if (events[0].revents != 0) ServeOne();
    eventfd_t count = 0;
    eventfd_read(over_.get(), &count);
    // Whoever is in the queue by now is of the exchange that is over.
    while (poll(events.data(), 1, 0) > 0) ServeNone();
    served_.release();
  }
}

void HostileServer::ServeOne() {
  const Descriptor client(accept(listening_.get(), nullptr, nullptr));
  if (Hear(client.get())) Answer(client.get());
}

void HostileServer::ServeNone() { Descriptor(accept(listening_.get(), nullptr, nullptr)).Close(); }

void HostileServer::Answer(int client) {
  std::string_view script = script_;
  std::string words;
  while (script.size() >= 3) {
    const char type = script[0];
    const auto size = static_cast<std::size_t>(static_cast<unsigned char>(script[1]) << 8 |
                                               static_cast<unsigned char>(script[2]));
    const std::string_view body = script.substr(3, size);
    script.remove_prefix(3 + body.size());
    if (type == 0) {
      Say(client, words);
      words.clear();
      if (!Hear(client)) return;
    } else {
      words += type == 1 ? std::string(body) : Message(type, body);
    }
  }
  Say(client, words);
}

}  // namespace lockstep
