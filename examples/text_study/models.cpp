// Training models, and what they say.
// SPDX-License-Identifier: MIT
#include "models.hpp"

#include <algorithm>
#include <limits>

#include "poft/model/parameters.hpp"
#include "poft/text/learn_byte_pairs.hpp"
#include "study/journal.hpp"
#include "trainer_on_cpu.hpp"

namespace text_study {
namespace {

std::int32_t special(poft::tokenizer const& tokens, char const* name) { return tokens.special(name).value(); }

/// Seeds of what is made once for all runs.
constexpr std::uint64_t shared_seed = 7;

std::vector<std::string> texts_of(std::span<sample const> samples) {
  std::vector<std::string> out;
  for (sample const& one : samples) {
    out.push_back(one.prompt);
    out.push_back(one.response);
  }
  return out;
}

}  // namespace

std::string model_plan::text() const {
  std::string out = name;
  for (double const number : {double(kind == family::llama), double(from), double(layers), double(channels),
                              double(merges), double(samples), double(steps), learning_rate, data.definitions,
                              double(data.careful), data.pairing, data.characters, data.slips}) {
    out += " " + study::number_text(number);
  }
  for (double const share : data.mix) out += " " + study::number_text(share);
  return out;
}

language_model language_model::clone() const {
  language_model out{plan, tokens, std::make_unique<network>(net->backend(), net->config())};
  auto const from = std::as_const(*net).parameters();
  std::copy(from.begin(), from.end(), out.net->parameters().begin());
  return out;
}

poft::transformer_config config_of(model_plan const& plan, std::int32_t vocab) {
  auto config = poft::gpt(plan.layers, plan.channels / 16, plan.channels, vocab, longest_sequence);
  if (plan.kind == family::llama) {
    config.kv_heads = config.heads / 2;
    config.hidden   = plan.channels * 8 / 3;
    config.norm     = poft::norm_kind::rms;
    config.position = poft::position_kind::rotary;
    config.mlp      = poft::mlp_kind::swiglu;
    config.bias     = false;
  }
  return config;
}

language_model train_model(model_plan const& plan, library const& books, fs::path const& folder) {
  auto const samples = draw_samples(plan.data, plan.from, plan.samples, books, study::fingerprint(plan.name));
  language_model out{plan, {}, {}};
  if (plan.merges > 0) {
    auto const texts = texts_of(std::span(samples).first(std::min<std::size_t>(samples.size(), 500)));
    out.tokens       = std::make_shared<poft::byte_pair_encoding>(poft::learn_byte_pairs(texts, plan.merges));
  } else {
    out.tokens = std::make_shared<poft::byte_tokenizer>();
  }
  auto const config = config_of(plan, out.tokens->vocab());
  out.net           = std::make_unique<network>(backend{.threads = 1}, config);
  poft::initialise(config, out.net->slices(), shared_seed);
  poft::training_settings settings{.steps = plan.steps, .batch = 32, .learning_rate = plan.learning_rate};
  settings.schedule = poft::cosine_schedule{.warmup = plan.steps / 20, .total = plan.steps};
  settings.clip     = {.max_norm = 1};
  settings.seed     = shared_seed;
  settings.folder =
      folder / (plan.name + "-" + std::to_string(study::fingerprint(plan.text() + books.fingerprint())));
  settings.checkpoint_every = 500;
  settings.keep_checkpoints = 1;
  settings.show_progress    = false;
  poft::trainer<backend, float>(*out.net, {{poft::make_objective("nll")}}, settings)
      .run(encoded(*out.tokens, samples));
  return out;
}

std::vector<std::int32_t> prompt_tokens(poft::tokenizer const& tokens, std::string_view prompt) {
  std::vector<std::int32_t> ids{special(tokens, "<|user|>")};
  tokens.encode(prompt, ids);
  ids.push_back(special(tokens, "<|assistant|>"));
  return ids;
}

std::vector<std::int32_t> response_tokens(poft::tokenizer const& tokens, std::string_view response) {
  std::vector<std::int32_t> ids;
  tokens.encode(response, ids);
  ids.push_back(special(tokens, "<|end|>"));
  return ids;
}

poft::dataset encoded(poft::tokenizer const& tokens, std::span<sample const> samples) {
  poft::dataset data;
  for (sample const& one : samples)
    data.add(prompt_tokens(tokens, one.prompt), {response_tokens(tokens, one.response)});
  return data;
}

poft::dataset encoded_alone(poft::tokenizer const& tokens, std::span<sample const> samples) {
  std::vector<std::int32_t> const start{special(tokens, "<|assistant|>")};
  poft::dataset data;
  for (sample const& one : samples) data.add(start, {response_tokens(tokens, one.response)});
  return data;
}

std::vector<double> mean_log_probs(language_model& model, poft::dataset const& data) {
  network* const nets[]             = {model.net.get()};
  poft::dataset const* const each[] = {&data};
  return poft::aligned_scores<backend, float>(nets, each);
}

std::vector<double> preference_scores(std::span<language_model> aligned, std::span<sample const> samples) {
  std::vector<network*> nets;
  std::vector<poft::dataset> data;
  std::vector<poft::dataset const*> each;
  for (language_model& one : aligned) {
    nets.push_back(one.net.get());
    data.push_back(encoded(*one.tokens, samples));
  }
  for (poft::dataset const& one : data) each.push_back(&one);
  return poft::aligned_scores<backend, float>(nets, each);
}

std::vector<answer> answers(language_model const& model, std::span<std::string const> prompts,
                            std::size_t longest, double temperature, std::uint64_t seed) {
  std::vector<std::int32_t> tokens;
  std::vector<std::int64_t> offsets{0};
  for (std::string const& prompt : prompts) {
    auto const ids = prompt_tokens(*model.tokens, prompt);
    tokens.insert(tokens.end(), ids.begin(), ids.end());
    offsets.push_back(static_cast<std::int64_t>(tokens.size()));
  }
  poft::generation_options options{.new_tokens = static_cast<std::ptrdiff_t>(longest) + 1, .seed = seed};
  options.sampling.temperature = temperature;
  options.stop_token           = special(*model.tokens, "<|end|>");
  auto const drawn             = poft::generate(*model.net, tokens, offsets, options);
  std::vector<answer> out;
  for (std::size_t s = 0; s + 1 < drawn.offsets.size(); ++s) {
    auto const first = static_cast<std::size_t>(drawn.offsets[s]),
               last  = static_cast<std::size_t>(drawn.offsets[s + 1]);
    std::span<std::int32_t const> const ids(drawn.tokens.data() + first, last - first);
    out.push_back({model.tokens->decode(ids), !ids.empty() && ids.back() == options.stop_token});
  }
  return out;
}

held_out_set::held_out_set(int test_prompts, int validation_prompts, library const& books,
                           std::uint64_t seed) {
  recipe only_tasks{.name = "held out", .definitions = 0};
  for (int k = 0; k < task_count; ++k) {
    only_tasks.mix.fill(0);
    only_tasks.mix[static_cast<std::size_t>(k)] = 1;
    int const wanted = test_prompts / task_count, all = wanted + validation_prompts / task_count;
    auto const samples = draw_samples(only_tasks, pool::held_out, all, books,
                                      seed * task_count + static_cast<std::uint64_t>(k));
    for (int i = 0; i < all; ++i) {
      sample const& one = samples[static_cast<std::size_t>(i)];
      (i < wanted ? test : validation).push_back(one.prompt);
      if (i < wanted) right_answers.push_back(one);
    }
  }
  if (books.empty()) return;
  recipe const only_definitions{.name = "held out", .definitions = 1};
  definitions = draw_samples(only_definitions, pool::held_out, test_prompts / 4, books, seed);
}

measurement measure(language_model& model, held_out_set const& held_out) {
  auto const accuracies = [&](std::vector<std::string> const& prompts) {
    std::array<double, task_count> right{}, all{};
    auto const said = answers(model, prompts, longest_answer);
    for (std::size_t k = 0; k < prompts.size(); ++k) {
      auto const kind = static_cast<std::size_t>(*task_of(prompts[k]));
      right[kind] += said[k] == answer_to(prompts[k]);
      all[kind] += 1;
    }
    for (std::size_t k = 0; k < right.size(); ++k) right[k] /= all[k];
    return right;
  };
  auto const mean = [](std::array<double, task_count> const& of) {
    double sum = 0;
    for (double const one : of) sum += one / task_count;
    return sum;
  };
  auto const nats = [&](std::vector<sample> const& samples) {
    if (samples.empty()) return std::numeric_limits<double>::quiet_NaN();
    auto const data = encoded(*model.tokens, samples);
    double sum      = 0;
    for (double const one : poft::response_log_probs(*model.net, data)) sum -= one;
    return sum / static_cast<double>(data.response_tokens());
  };
  auto const test = accuracies(held_out.test);
  return {.accuracy        = mean(test),
          .validation      = mean(accuracies(held_out.validation)),
          .copy            = test[0],
          .reverse         = test[1],
          .sort            = test[2],
          .add             = test[3],
          .count           = test[4],
          .substitute      = test[5],
          .nats            = nats(held_out.right_answers),
          .definition_nats = nats(held_out.definitions)};
}

}  // namespace text_study
