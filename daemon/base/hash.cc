#include "base/hash.h"

// OpenSSL would rather have its EVP functions called. Those read openssl.cnf and set up all
// providers before the first digest, a millisecond that a program which only hashes some files
// would pay at each start.
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>

#include <array>

#include "base/error.h"

namespace lockstep {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

// Takes the text in pieces, so that nobody has to copy it.
class Sha256Stream {
 public:
  Sha256Stream() { Check(SHA256_Init(&state_)); }

  void Add(std::string_view bytes) { Check(SHA256_Update(&state_, bytes.data(), bytes.size())); }

  std::string Finish() {
    std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
    Check(SHA256_Final(digest.data(), &state_));
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string hex;
    hex.reserve(2 * digest.size());
    for (const unsigned char byte : digest) {
      hex += kDigits[byte >> 4];
      hex += kDigits[byte & 0xF];
    }
    return hex;
  }

 private:
  static void Check(int result) {
    if (result != 1) throw Error(ErrorCode::kInternal, "OpenSSL cannot compute a SHA-256");
  }

  SHA256_CTX state_{};
};

}  // namespace

std::string Sha256(std::string_view bytes) {
  Sha256Stream stream;
  stream.Add(bytes);
  return stream.Finish();
}

std::string Sha256OfText(std::string_view text) {
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  Sha256Stream stream;
  for (;;) {
    const std::size_t cr = text.find('\r');
    stream.Add(text.substr(0, cr));
    if (cr == std::string_view::npos) return stream.Finish();
    stream.Add("\n");
    text.remove_prefix(cr + 1);
    if (text.starts_with('\n')) text.remove_prefix(1);
  }
}

}  // namespace lockstep
