// A PostgreSQL server that says what it is told, whatever it is asked.
#pragma once

#include <semaphore>
#include <string>
#include <string_view>
#include <thread>

#include "base/descriptor.h"
#include "support/temporary_folder.h"

namespace lockstep {

// Serves one connection after the other, on a socket of its own. Thread: one.
class HostileServer {
 public:
  HostileServer();
  ~HostileServer();
  HostileServer(const HostileServer&) = delete;
  HostileServer& operator=(const HostileServer&) = delete;

  class Exchange {
   public:
    explicit Exchange(HostileServer& server) : server_(server) {}
    ~Exchange() { server_.Finish(); }
    Exchange(const Exchange&) = delete;
    Exchange& operator=(const Exchange&) = delete;

   private:
    HostileServer& server_;
  };

  const std::string& folder() const { return folder_name_; }  // libpq's host
  // Says this to the next client; the form of it: targets/server_answers.cc.
  // It ends with what is returned, whether the client has come or not.
  Exchange Expect(std::string_view script);

 private:
  void Finish();
  void Serve();
  void ServeOne();
  void ServeNone();
  void Answer(int client);

  TemporaryFolder folder_;
  std::string folder_name_;
  Descriptor listening_;
  Descriptor over_;     // an eventfd: the exchange is
  std::string script_;  // handed over by the semaphores
  bool ending_ = false;
  std::binary_semaphore expected_{0}, served_{0};
  std::thread thread_;
};

}  // namespace lockstep
