// Training pi_ref, and drawing from it.
// SPDX-License-Identifier: MIT
#include "models.hpp"

#include "poft/model/parameters.hpp"
#include "trainer_on_cpu.hpp"

namespace length_study {

poft::transformer_config config_of() {
  auto config        = poft::gpt(/*layers*/ 2, /*heads*/ 3, /*channels*/ 48, std::ssize(characters),
                          static_cast<std::ptrdiff_t>(longest_prompt) + longest_response);
  config.scalar_head = true;
  return config;
}

std::unique_ptr<network> clone(network const& from) {
  auto out          = std::make_unique<network>(from.backend(), from.config());
  auto const source = from.parameters();
  std::copy(source.begin(), source.end(), out->parameters().begin());
  return out;
}

std::unique_ptr<network> train_reference(std::vector<sample> const& corpus, pretraining const& how,
                                         fs::path const& folder) {
  poft::dataset data;
  for (sample const& one : corpus) data.add(one.prompt, {one.response});
  // Of whole responses: a mean per token would weigh short ones more, and pi_ref would end too early.
  data.set("weight", std::vector<double>(corpus.size(), 1.0));
  auto out = std::make_unique<network>(backend{.threads = 1}, config_of());
  poft::initialise(*out, shared_seed);
  poft::training_settings settings{
      .steps = how.steps, .batch = how.batch, .learning_rate = how.learning_rate};
  settings.schedule         = poft::cosine_schedule{.warmup = how.steps / 20, .total = how.steps};
  settings.clip             = {.max_norm = 1};
  settings.seed             = shared_seed;
  settings.folder           = folder;
  settings.checkpoint_every = 500;
  settings.keep_checkpoints = 1;
  settings.show_progress    = false;
  poft::trainer<backend, float>(*out, {{poft::make_objective("weighted_nll")}}, settings).run(data);
  return out;
}

poft::generation_options sampling_options(std::uint64_t seed) {
  poft::generation_options options{.new_tokens = longest_response, .seed = seed};
  options.stop_token = end_token;
  return options;
}

std::vector<poft::dataset::tokens> views_of(std::vector<tokens> const& prompts) {
  return {prompts.begin(), prompts.end()};
}

std::vector<poft::dataset::tokens> cycled(std::vector<tokens> const& prompts, std::size_t count) {
  std::vector<poft::dataset::tokens> out;
  for (std::size_t k = 0; k < count; ++k) out.emplace_back(prompts[k % prompts.size()]);
  return out;
}

std::vector<double> lengths_of(poft::dataset const& samples) {
  std::vector<double> out;
  for (std::int64_t r = 0; r < samples.responses(); ++r)
    out.push_back(static_cast<double>(samples.response(r).size()));
  return out;
}

}  // namespace length_study
