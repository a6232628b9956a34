// Work that takes long under a strong lock, on a relation that is there and has rows.
#pragma once

#include <string>

#include "core/long_work.h"

namespace lockstep {

struct FoundWork {
  LongWork work;
  std::string relation;  // as SQL writes it, qualified: "public.orders"; of an index, its table
  std::string parent;    // the partitioned table, when the relation is a partition
  long long bytes = 0;   // with its partitions, without its indexes
  bool operator==(const FoundWork&) const = default;
};

}  // namespace lockstep
