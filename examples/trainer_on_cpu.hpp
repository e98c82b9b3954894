// Model, files, generation and trainer on the CPU in float, compiled once for the programs of this folder (trainer_on_cpu.cpp):
// the trainer alone would cost each file that uses it ten seconds.
// SPDX-License-Identifier: MIT
#pragma once

#include "poft/backend/eigen/backend.hpp"
#include "poft/model/generate.hpp"
#include "poft/model/hugging_face_io.hpp"
#include "poft/train/score.hpp"
#include "poft/train/trainer.hpp"

#ifndef TRAINER_ON_CPU_IS  // of trainer_on_cpu.cpp: template
#define TRAINER_ON_CPU_IS extern template
#endif

TRAINER_ON_CPU_IS class poft::transformer<poft::eigen::backend, float>;
TRAINER_ON_CPU_IS class poft::hidden_head<poft::eigen::backend, float>;
TRAINER_ON_CPU_IS class poft::optimiser<poft::eigen::backend, float>;
TRAINER_ON_CPU_IS class poft::response_pass<poft::eigen::backend, float>;
TRAINER_ON_CPU_IS class poft::trainer<poft::eigen::backend, float>;
TRAINER_ON_CPU_IS void poft::load_parameters(std::filesystem::path const&,
                                             poft::transformer<poft::eigen::backend, float>&,
                                             poft::load_parameters_options);
TRAINER_ON_CPU_IS void poft::save_model(std::filesystem::path const&,
                                        poft::transformer<poft::eigen::backend, float> const&,
                                        poft::save_model_options const&);
TRAINER_ON_CPU_IS poft::generation<float> poft::generate(
    poft::transformer<poft::eigen::backend, float> const&, poft::view<std::int32_t const>,
    poft::view<std::int64_t const>, poft::generation_options const&);
TRAINER_ON_CPU_IS poft::batch_statistics poft::read_responses(poft::transformer<poft::eigen::backend, float>&,
                                                              poft::dataset const&, poft::wanted_outputs,
                                                              std::int64_t);
