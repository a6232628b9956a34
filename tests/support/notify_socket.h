// The end of the notifications' way at which systemd would sit, for a program that runs.
#pragma once

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <string>
#include <string_view>

#include "base/descriptor.h"
#include "support/patience.h"
#include "support/temporary_folder.h"

namespace lockstep {

// Thread: the test's.
class NotifySocket {
 public:
  NotifySocket() : socket_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path().copy(address.sun_path, sizeof address.sun_path - 1);
    if (::bind(socket_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
      throw std::runtime_error("no notification socket");
    }
  }

  std::string path() const { return folder_.Path("notify"); }

  // The next notification; "" when none comes in kPatience, so that a silent program fails the
  // test.
  std::string Next() {
    pollfd watched{socket_.get(), POLLIN, 0};
    if (::poll(&watched, 1, static_cast<int>(kPatience.count())) != 1) return "";
    std::array<char, 4096> text{};
    const ssize_t size = ::recv(socket_.get(), text.data(), text.size(), 0);
    return {text.data(), size > 0 ? static_cast<std::size_t>(size) : 0};
  }

  // Takes them until one begins with `start`; says false when none comes. `passed` is told of the
  // others.
  bool WaitFor(std::string_view start, std::string* passed = nullptr) {
    for (std::string one = Next(); !one.empty(); one = Next()) {
      if (one.starts_with(start)) return true;
      if (passed != nullptr) *passed += one + "\n";
    }
    return false;
  }

 private:
  TemporaryFolder folder_;
  Descriptor socket_;
};

}  // namespace lockstep
