// Model, files, generation and trainer on the CPU in float, compiled once for the programs of this folder
// (trainer_on_cpu.cpp): the trainer alone would cost each file that uses it ten seconds.
// SPDX-License-Identifier: MIT
#pragma once

#include "poft/backend/eigen/backend.hpp"
#include "poft/model/generate.hpp"
#include "poft/model/hugging_face_io.hpp"
#include "poft/train/score.hpp"
#include "poft/train/trainer.hpp"

extern template class poft::transformer<poft::eigen::backend, float>;
extern template class poft::hidden_head<poft::eigen::backend, float>;
extern template class poft::optimiser<poft::eigen::backend, float>;
extern template class poft::response_pass<poft::eigen::backend, float>;
extern template class poft::trainer<poft::eigen::backend, float>;
extern template void poft::load_parameters(std::filesystem::path const&,
                                           poft::transformer<poft::eigen::backend, float>&,
                                           poft::load_parameters_options);
extern template void poft::save_model(std::filesystem::path const&,
                                      poft::transformer<poft::eigen::backend, float> const&,
                                      poft::save_model_options const&);
extern template poft::generation<float> poft::generate(poft::transformer<poft::eigen::backend, float> const&,
                                                       poft::view<std::int32_t const>,
                                                       poft::view<std::int64_t const>,
                                                       poft::generation_options const&);
extern template poft::batch_statistics poft::read_responses(poft::transformer<poft::eigen::backend, float>&,
                                                            poft::dataset const&, poft::wanted_outputs,
                                                            std::int64_t);
