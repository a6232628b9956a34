#include "agent/http_head.h"

#include <string_view>

namespace lockstep {
namespace {

std::string_view ReasonOf(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 304:
      return "Not Modified";
    case 400:
      return "Bad Request";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 406:
      return "Not Acceptable";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 413:
      return "Content Too Large";
    case 415:
      return "Unsupported Media Type";
    case 417:
      return "Expectation Failed";
    case 422:
      return "Unprocessable Content";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    default:
      return "";  // the phrase may be empty, its blank may not
  }
}

void AddField(std::string& head, std::string_view name, std::string_view value) {
  head.append(name).append(": ");
  for (const char c : value) {
    if (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f) head += c;
  }
  head += "\r\n";
}

void AddFraming(std::string& head, int status, const HttpFraming& framing) {
  if (HasNoBody(status)) return;
  if (framing.length) {
    AddField(head, "Content-Length", std::to_string(*framing.length));
  } else if (framing.chunked) {
    AddField(head, "Transfer-Encoding", "chunked");
  }
}

}  // namespace

bool HasNoBody(int status) { return status < 200 || status == 204 || status == 304; }

std::string MakeHttpHead(const HttpResponse& response, const HttpFraming& framing) {
  std::string head = "HTTP/1.1 " + std::to_string(response.status) + " ";
  head.reserve(512);
  head.append(ReasonOf(response.status)).append("\r\n");
  if (!response.content_type.empty() && !HasNoBody(response.status)) {
    AddField(head, "Content-Type", response.content_type);
  }
  AddFraming(head, response.status, framing);
  AddField(head, "Cache-Control", "no-store");
  AddField(head, "X-Content-Type-Options", "nosniff");
  for (const auto& [name, value] : response.headers) AddField(head, name, value);
  if (!framing.keep_alive) {
    AddField(head, "Connection", "close");
  } else if (framing.old_client) {
    AddField(head, "Connection", "keep-alive");
  }
  return head += "\r\n";
}

}  // namespace lockstep
