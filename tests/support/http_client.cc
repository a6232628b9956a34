#include "support/http_client.h"

#include <grp.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <system_error>

#include "base/text.h"
#include "support/patience.h"

namespace lockstep {
namespace {

[[noreturn]] void Throw(const std::string& what) {
  throw std::system_error(errno, std::generic_category(), "http client: " + what);
}

sockaddr_un AddressOf(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) throw std::runtime_error("too long: " + path);
  path.copy(address.sun_path, path.size());
  return address;
}

Descriptor ConnectTo(const sockaddr* address, socklen_t size) {
  Descriptor socket(::socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket.open()) Throw("socket");
  if (::connect(socket.get(), address, size) != 0) Throw("connect");
  return socket;
}

// A message with one descriptor in it.
struct Envelope {
  Envelope() {
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
  }
  char byte = 0;
  iovec part{&byte, 1};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
  msghdr message{};
};

bool SendDescriptor(int socket, int descriptor) {
  Envelope envelope;
  cmsghdr* const header = CMSG_FIRSTHDR(&envelope.message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof descriptor);
  std::memcpy(CMSG_DATA(header), &descriptor, sizeof descriptor);
  return ::sendmsg(socket, &envelope.message, MSG_NOSIGNAL) == 1;
}

Descriptor ReceiveDescriptor(int socket) {
  Envelope envelope;
  if (::recvmsg(socket, &envelope.message, MSG_CMSG_CLOEXEC) != 1) return {};
  const cmsghdr* const header = CMSG_FIRSTHDR(&envelope.message);
  if (header == nullptr || header->cmsg_type != SCM_RIGHTS) return {};
  int descriptor = -1;
  std::memcpy(&descriptor, CMSG_DATA(header), sizeof descriptor);
  return Descriptor(descriptor);
}

// The child's side: plain system calls only, since there may be other threads.
[[noreturn]] void ConnectInChild(const sockaddr_un& address, uid_t uid, gid_t gid,
                                 const std::vector<gid_t>& groups, int parent) {
  const bool changed = ::syscall(SYS_setgroups, groups.size(), groups.data()) == 0 &&
                       ::syscall(SYS_setresgid, gid, gid, gid) == 0 &&
                       ::syscall(SYS_setresuid, uid, uid, uid) == 0;
  const int socket = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const auto* const generic = reinterpret_cast<const sockaddr*>(&address);
  const bool sent =
      changed && ::connect(socket, generic, sizeof address) == 0 && SendDescriptor(parent, socket);
  ::_exit(sent ? 0 : 1);
}

}  // namespace

HttpClient HttpClient::ToSocket(const std::string& path) {
  const sockaddr_un address = AddressOf(path);
  return HttpClient(ConnectTo(reinterpret_cast<const sockaddr*>(&address), sizeof address));
}

HttpClient HttpClient::ToAddress(const std::string& host_port) {
  const std::size_t colon = host_port.rfind(':');
  std::string host = host_port.substr(0, colon);
  if (host.starts_with('[')) host = host.substr(1, host.size() - 2);
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const std::string port = host_port.substr(colon + 1);
  if (::getaddrinfo(host.c_str(), port.c_str(), &hints, &found) != 0) {
    throw std::runtime_error("http client: no address: " + host_port);
  }
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> addresses(found, &::freeaddrinfo);
  return HttpClient(ConnectTo(found->ai_addr, found->ai_addrlen));
}

HttpClient HttpClient::ToSocketAs(const std::string& path, uid_t uid, gid_t gid,
                                  const std::vector<gid_t>& groups) {
  const sockaddr_un address = AddressOf(path);
  std::array<int, 2> pair{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair.data()) != 0) Throw("socketpair");
  const Descriptor ours(pair[0]);
  Descriptor childs(pair[1]);
  const pid_t pid = ::fork();
  if (pid < 0) Throw("fork");
  if (pid == 0) ConnectInChild(address, uid, gid, groups, childs.get());
  childs.Close();
  Descriptor connected = ReceiveDescriptor(ours.get());
  int status = 0;
  ::waitpid(pid, &status, 0);
  if (!connected.open()) throw std::runtime_error("http client: not connected as another uid");
  return HttpClient(std::move(connected));
}

HttpAnswer HttpClient::Request(std::string_view method, std::string_view target,
                               std::string_view body, const HttpFields& fields) {
  Send(method, target, body, fields);
  return ReadAnswer();
}

void HttpClient::Send(std::string_view method, std::string_view target, std::string_view body,
                      const HttpFields& fields) {
  std::string text =
      std::string(method) + " " + std::string(target) + " HTTP/1.1\r\nHost: test\r\n";
  for (const auto& [name, value] : fields) text += name + ": " + value + "\r\n";
  if (!body.empty()) text += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  asked_by_ = method;
  SendRaw(text.append("\r\n").append(body));
}

HttpAnswer HttpClient::ReadAnswer() {
  HttpAnswer answer = ReadHead();
  while (ReadPiece()) answer.body += std::exchange(piece_, {});
  return answer;
}

HttpAnswer HttpClient::ReadHead() {
  HttpAnswer answer;
  const std::string status_line = TakeLine();
  if (!status_line.starts_with("HTTP/1.1 ")) throw std::runtime_error("no HTTP: " + status_line);
  answer.status = std::stoi(status_line.substr(9));
  for (std::string line = TakeLine(); !line.empty(); line = TakeLine()) {
    const std::size_t colon = line.find(':');
    const std::string name = ToLower(line.substr(0, colon));
    if (!answer.headers.emplace(name, Trim(line.substr(colon + 1))).second) {
      throw std::runtime_error("http client: twice in an answer: " + name);
    }
  }
  piece_.clear();
  left_ = 0;
  framing_ = Framing::kUntilClosed;
  if (asked_by_ == "HEAD" || answer.status < 200 || answer.status == 204) {
    framing_ = Framing::kNone;
  } else if (const auto length = answer.headers.find("content-length");
             length != answer.headers.end()) {
    framing_ = Framing::kLength;
    left_ = std::stoul(length->second);
  } else if (answer.headers.contains("transfer-encoding")) {
    framing_ = Framing::kChunked;
  }
  return answer;
}

std::optional<std::string> HttpClient::ReadLine() {
  std::size_t end = 0;
  while ((end = piece_.find('\n')) == std::string::npos) {
    if (ReadPiece()) continue;
    if (piece_.empty()) return {};
    return std::exchange(piece_, {});
  }
  std::string line = piece_.substr(0, end);
  piece_.erase(0, end + 1);
  return line;
}

bool HttpClient::ReadPiece() {
  if (framing_ == Framing::kNone) return false;
  if (framing_ == Framing::kUntilClosed) {
    if (in_.empty() && !Receive()) return false;
    piece_ += std::exchange(in_, {});
    return true;
  }
  std::size_t size = left_;
  if (framing_ == Framing::kChunked) size = std::stoul(TakeLine(), nullptr, 16);
  left_ = 0;
  piece_ += TakeBytes(size);
  if (framing_ == Framing::kChunked && !TakeLine().empty()) {
    throw std::runtime_error("http client: a chunk is longer than it says");
  }
  if (size == 0) framing_ = Framing::kNone;
  return size > 0;
}

bool HttpClient::SendRaw(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

void HttpClient::ShutDownSending() { ::shutdown(socket_.get(), SHUT_WR); }

std::string HttpClient::ReadUntilClosed() {
  while (Receive()) {
  }
  return std::exchange(in_, {});
}

bool HttpClient::IsReadable(std::chrono::milliseconds limit) {
  pollfd readable{socket_.get(), POLLIN, 0};
  return ::poll(&readable, 1, static_cast<int>(limit.count())) > 0;
}

bool HttpClient::Receive() {
  if (!IsReadable(kPatience)) throw std::runtime_error("http client: the server says nothing");
  std::array<char, 65536> bytes;
  const ssize_t count = ::recv(socket_.get(), bytes.data(), bytes.size(), 0);
  // A reset is an end too.
  if (count <= 0) return false;
  in_.append(bytes.data(), static_cast<std::size_t>(count));
  return true;
}

std::string HttpClient::TakeLine() {
  std::size_t end = 0;
  while ((end = in_.find("\r\n")) == std::string::npos) {
    if (!Receive())
      throw std::runtime_error("http client: the server closed within a line: " + in_);
  }
  std::string line = in_.substr(0, end);
  in_.erase(0, end + 2);
  return line;
}

std::string HttpClient::TakeBytes(std::size_t count) {
  while (in_.size() < count) {
    if (!Receive()) throw std::runtime_error("http client: the server closed within a body");
  }
  std::string bytes = in_.substr(0, count);
  in_.erase(0, count);
  return bytes;
}

}  // namespace lockstep
