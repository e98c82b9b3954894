// What trainer_on_cpu.hpp promises.
// SPDX-License-Identifier: MIT
#define TRAINER_ON_CPU_IS template
#include "trainer_on_cpu.hpp"
