// What the printers of the commands write on. One function for each command, by docs/json.md.
#pragma once

#include <string>

#include "base/json.h"
#include "cli/paint.h"
#include "cli/text_table.h"

namespace lockstep {

struct Page {
  Paint paint = Paint(false);
  bool verbose = false;
  bool raw_scripts = false;  // byte for byte, since nobody looks at them on a terminal
  std::string data = {};
};

void PrintCurrent(const json::object& document, Page& page);
void PrintHistory(const json::object& document, Page& page);
void PrintHeads(const json::object& document, Page& page);
void PrintBranches(const json::object& document, Page& page);
void PrintShow(const json::object& document, Page& page);
void PrintPlan(const json::object& document, Page& page);
void PrintRun(const json::object& document, Page& page);  // upgrade and downgrade
void PrintStamp(const json::object& document, Page& page);
void PrintVerify(const json::object& document, Page& page);
void PrintStatus(const json::object& document, Page& page);
void PrintWait(const json::object& document, Page& page);
void PrintNew(const json::object& document, Page& page);
void PrintRepair(const json::object& document, Page& page);
void PrintResolve(const json::object& document, Page& page);
void PrintBlockers(const json::object& document, Page& page);
void PrintLockShow(const json::object& document, Page& page);
void PrintAdoptAlembic(const json::object& document, Page& page);
void PrintInit(const json::object& document, Page& page);
void PrintSandbox(const json::object& document, Page& page);
void PrintCompletion(const json::object& document, Page& page);

}  // namespace lockstep
