#include "base/document.h"

namespace lockstep {
namespace {

const json::value& At(const json::object& document, std::string_view key) {
  static const json::value none;
  const auto* value = document.if_contains(key);
  return value == nullptr ? none : *value;
}

}  // namespace

std::string TextAt(const json::object& document, std::string_view key) {
  const auto* text = At(document, key).if_string();
  return text == nullptr ? "" : std::string(text->data(), text->size());
}

double NumberAt(const json::object& document, std::string_view key) {
  const auto& value = At(document, key);
  return value.is_number() ? value.to_number<double>() : 0;
}

long long WholeAt(const json::object& document, std::string_view key) {
  const auto* whole = At(document, key).if_int64();
  if (whole != nullptr) return *whole;
  const auto* unsigned_whole = At(document, key).if_uint64();
  return unsigned_whole == nullptr ? 0 : static_cast<long long>(*unsigned_whole);
}

bool TrueAt(const json::object& document, std::string_view key) {
  const auto* truth = At(document, key).if_bool();
  return truth != nullptr && *truth;
}

bool IsNullAt(const json::object& document, std::string_view key) {
  return At(document, key).is_null();
}

const json::array& ListAt(const json::object& document, std::string_view key) {
  static const json::array none;
  const auto* list = At(document, key).if_array();
  return list == nullptr ? none : *list;
}

const json::object& ObjectAt(const json::object& document, std::string_view key) {
  static const json::object none;
  const auto* object = At(document, key).if_object();
  return object == nullptr ? none : *object;
}

std::vector<json::object> ObjectsAt(const json::object& document, std::string_view key) {
  std::vector<json::object> objects;
  for (const auto& value : ListAt(document, key)) {
    if (value.is_object()) objects.push_back(value.get_object());
  }
  return objects;
}

std::vector<std::string> TextsAt(const json::object& document, std::string_view key) {
  std::vector<std::string> texts;
  for (const auto& value : ListAt(document, key)) {
    if (value.is_string()) texts.emplace_back(value.get_string().data(), value.get_string().size());
  }
  return texts;
}

}  // namespace lockstep
