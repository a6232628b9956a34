// Every fuzz target: one narrow parser, any bytes, and what must be true of whatever it answers.
//
// Each throws OracleBroken when its oracles do not hold. The first comment of targets/NAME.cc says
// how the bytes are read. Thread: one at a time.
#pragma once

#include <string_view>
#include <vector>

namespace lockstep {

void FuzzSplitter(std::string_view input);
void FuzzHeaders(std::string_view input);
void FuzzGoals(std::string_view input);
void FuzzFileNames(std::string_view input);
void FuzzSettings(std::string_view input);
void FuzzUrl(std::string_view input);
void FuzzRedactor(std::string_view input);
void FuzzHttpRequest(std::string_view input);
void FuzzApiOrder(std::string_view input);
void FuzzServerAnswers(std::string_view input);
void FuzzHookOutput(std::string_view input);
void FuzzReconciler(std::string_view input);

struct FuzzTarget {
  std::string_view name;  // of its corpus, its dictionary and its file
  void (*run)(std::string_view input);
};

inline const std::vector<FuzzTarget>& FuzzTargets() {
  static const std::vector<FuzzTarget> targets = {{"splitter", FuzzSplitter},
                                                  {"headers", FuzzHeaders},
                                                  {"goals", FuzzGoals},
                                                  {"file_names", FuzzFileNames},
                                                  {"settings", FuzzSettings},
                                                  {"url", FuzzUrl},
                                                  {"redactor", FuzzRedactor},
                                                  {"http_request", FuzzHttpRequest},
                                                  {"api_order", FuzzApiOrder},
                                                  {"server_answers", FuzzServerAnswers},
                                                  {"hook_output", FuzzHookOutput},
                                                  {"reconciler", FuzzReconciler}};
  return targets;
}

}  // namespace lockstep
