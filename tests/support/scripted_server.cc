#include "support/scripted_server.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>

namespace lockstep {
namespace {

std::string NewFolder() {
  std::string name = "/tmp/lockstep_scripted_XXXXXX";
  if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("cannot make a folder");
  return name;
}

int Listen(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::copy(path.begin(), path.end(), std::begin(address.sun_path));
  const int listening = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (bind(listening, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      listen(listening, 16) != 0) {
    throw std::runtime_error("cannot listen at " + path);
  }
  return listening;
}

std::size_t LengthIn(const std::string& head) {
  const auto at = head.find("Content-Length: ");
  return at == std::string::npos ? 0 : std::stoul(head.substr(at + 16));
}

bool IsWhole(const std::string& text) {
  const auto end = text.find("\r\n\r\n");
  return end != std::string::npos && text.size() >= end + 4 + LengthIn(text.substr(0, end));
}

ScriptedRequest RequestIn(const std::string& text) {
  const auto end = text.find("\r\n\r\n");
  return {text.substr(0, text.find(" HTTP/1.1")), text.substr(0, end), text.substr(end + 4)};
}

}  // namespace

bool ScriptedConnection::Send(std::string_view text) {
  while (!text.empty()) {
    const auto sent = send(descriptor_, text.data(), text.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

void ScriptedConnection::WaitForHangup() {
  while (!HasHungUpWithin(-1)) {
  }
}

bool ScriptedConnection::HasHungUpWithin(int milliseconds) {
  pollfd watched{descriptor_, POLLRDHUP, 0};
  return poll(&watched, 1, milliseconds) > 0;
}

ScriptedServer::ScriptedServer(Answer answer)
    : answer_(std::move(answer)),
      folder_(NewFolder()),
      path_(folder_ + "/socket"),
      listening_(Listen(path_)),
      accepting_([this] { Accept(); }) {}

ScriptedServer::~ScriptedServer() {
  shutdown(listening_.get(), SHUT_RDWR);
  accepting_.join();
  {
    const std::lock_guard guard(mutex_);
    for (const auto& connection : connections_) shutdown(connection.get(), SHUT_RDWR);
  }
  threads_.clear();
  std::filesystem::remove_all(folder_);
}

std::vector<ScriptedRequest> ScriptedServer::requests() {
  const std::lock_guard guard(mutex_);
  return requests_;
}

std::vector<std::string> ScriptedServer::lines() {
  std::vector<std::string> lines;
  for (const auto& request : requests()) lines.push_back(request.line);
  return lines;
}

void ScriptedServer::Accept() {
  for (;;) {
    const int accepted = accept(listening_.get(), nullptr, nullptr);
    if (accepted < 0) return;
    const std::lock_guard guard(mutex_);
    connections_.emplace_back(accepted);
    threads_.emplace_back([this, accepted] { Serve(accepted); });
  }
}

void ScriptedServer::Serve(int descriptor) {
  std::string text;
  std::array<char, 4096> buffer{};
  while (!IsWhole(text)) {
    const auto got = recv(descriptor, buffer.data(), buffer.size(), 0);
    if (got <= 0) return;
    text.append(buffer.data(), static_cast<std::size_t>(got));
  }
  const ScriptedRequest request = RequestIn(text);
  {
    const std::lock_guard guard(mutex_);
    requests_.push_back(request);
  }
  ScriptedConnection connection(descriptor);
  answer_(request, connection);
  shutdown(descriptor, SHUT_RDWR);
}

std::string HttpAnswer(int status, std::string_view body, std::string_view type) {
  return fmt::format("HTTP/1.1 {} X\r\nContent-Type: {}\r\nContent-Length: {}\r\n\r\n{}", status,
                     type, body.size(), body);
}

std::string HttpProblemAnswer(int status, std::string_view detail, std::string_view more) {
  const std::string body = fmt::format(
      R"({{"type": "urn:lockstep:problem:x", "title": "a title", "status": {}, "detail": "{}"{}}})",
      status, detail, more);
  return HttpAnswer(status, body, "application/problem+json");
}

std::string StreamHead() {
  return "HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\n"
         "Transfer-Encoding: chunked\r\n\r\n";
}

std::string StreamPiece(std::string_view text) {
  return fmt::format("{:x}\r\n{}\r\n", text.size(), text);
}

std::string StreamEnd() { return "0\r\n\r\n"; }

}  // namespace lockstep
