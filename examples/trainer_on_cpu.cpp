// What trainer_on_cpu.hpp promises.
// SPDX-License-Identifier: MIT
#include "trainer_on_cpu.hpp"

template class poft::transformer<poft::eigen::backend, float>;
template class poft::hidden_head<poft::eigen::backend, float>;
template class poft::optimiser<poft::eigen::backend, float>;
template class poft::response_pass<poft::eigen::backend, float>;
template class poft::trainer<poft::eigen::backend, float>;
template void poft::load_parameters(std::filesystem::path const&,
                                    poft::transformer<poft::eigen::backend, float>&,
                                    poft::load_parameters_options);
template void poft::save_model(std::filesystem::path const&,
                               poft::transformer<poft::eigen::backend, float> const&,
                               poft::save_model_options const&);
template poft::generation<float> poft::generate(poft::transformer<poft::eigen::backend, float> const&,
                                                poft::view<std::int32_t const>,
                                                poft::view<std::int64_t const>,
                                                poft::generation_options const&);
template poft::batch_statistics poft::read_responses(poft::transformer<poft::eigen::backend, float>&,
                                                     poft::dataset const&, poft::wanted_outputs,
                                                     std::int64_t);
