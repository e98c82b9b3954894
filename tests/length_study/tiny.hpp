// A study that takes seconds.
// SPDX-License-Identifier: MIT
#pragma once

#include "length_study/arms.hpp"

inline length_study::scale tiny_scale() {
  length_study::scale of;
  of.name   = "tiny";
  of.corpus = 2000, of.training_prompts = 40, of.held_out_prompts = 40;
  of.reference = {.steps = 60};
  of.judge     = {.prompts = 128, .held_out_prompts = 128, .steps = 20, .learning_rate = 2e-3};
  of.queries = 256, of.measurements = 2, of.measured = 32, of.measured_last = 64, of.pairs = 16;
  return of;
}
