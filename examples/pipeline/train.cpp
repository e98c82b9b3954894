// train: a model folder, or a new model, with any objective, to a model folder.
// SPDX-License-Identifier: MIT
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <memory>

#include "commands.hpp"
#include "poft/core/error.hpp"
#include "poft/core/json_io.hpp"
#include "poft/core/whole_file.hpp"
#include "trainer_on_cpu.hpp"
#include "training_data.hpp"
#include "training_run.hpp"

namespace pipeline {
namespace {

using poft::message;

struct train_options {
  model_options model;
  new_model_options fresh;
  sample_options samples;
  std::string objective, out, scores, reference, held_out, held_out_scores, missing = "refuse", member;
  std::string schedule = "cosine", optimiser = "adamw", device = "cpu", dtype = "float32";
  std::vector<std::string> columns;
  double epochs = 1, learning_rate = 1e-3, warmup = 0.1, weight_decay = 0, clip = 1, dropout = 0;
  std::int64_t steps = 0, batch = 16, micro_batch = 0, chunk = 1 << 17, checkpoint_every = 100,
               evaluation_every = 0;
  std::uint64_t seed            = 0;
  bool restart                  = false;
};

/// All that the trained weights depend on. Numbers are texts: what differs is shown as it was given.
nlohmann::json run_of(train_options const& o, language_model const& model,
                      training_stream::survey const& data) {
  nlohmann::json run{{"objective", o.objective},
                     {"member", o.member},
                     {"data", o.samples.data},
                     {"too_long", o.samples.too_long},
                     {"end_token", o.samples.end_token},
                     {"schedule", o.schedule},
                     {"optimiser", o.optimiser},
                     {"device", o.device},
                     {"dtype", o.dtype},
                     {"reference", o.reference},
                     {"held_out", o.held_out}};
  auto const add = [&](char const* name, auto number) { run[name] = message(number); };
  add("model", poft::fingerprint(*model.weights));
  add("content", data.hash);
  add("samples", data.samples);
  add("epochs", o.epochs);
  add("steps", o.steps);
  add("batch", o.batch);
  add("micro_batch", o.micro_batch);
  add("chunk", o.chunk);
  add("learning_rate", o.learning_rate);
  add("warmup", o.warmup);
  add("weight_decay", o.weight_decay);
  add("clip", o.clip);
  add("dropout", o.dropout);
  add("seed", o.seed);
  return run;
}

/// Whether something would be lost with the folder: checkpoints, or scores of a reference.
bool holds_work(fs::path const& folder) {
  return std::any_of(fs::directory_iterator(folder), fs::directory_iterator(), [](auto const& file) {
    std::string const name = file.path().filename().string();
    return name.starts_with("checkpoint-") || name.find("reference.jsonl") != name.npos;
  });
}

/// Makes the folder of a run, or finds one of the same run there.
void claim(fs::path const& folder, nlohmann::json const& run, bool restart) {
  fs::path const file = folder / "run.json";
  if (restart || (fs::exists(folder) && !holds_work(folder))) fs::remove_all(folder);
  if (fs::exists(file)) {
    auto const earlier = poft::parse_json(poft::read_whole(file), message("run: \"", file.string(), "\""));
    for (auto const& [name, now] : run.items()) {
      auto const then = earlier.is_object() && earlier.contains(name) ? earlier[name] : nlohmann::json();
      if (then == now) continue;
      throw poft::value_error(message("out: \"", folder.string(), "\" is of another run, whose ", name,
                                      " was ", then.dump(), " and is ", now.dump(),
                                      "; expected the same data and options, or --restart"));
    }
    return;
  }
  std::error_code failed;
  fs::create_directories(folder, failed);
  if (failed) throw poft::io_error(message("out: cannot make \"", folder.string(), "\": ", failed.message()));
  poft::write_whole(file, run.dump(1) + "\n");
}

poft::training_settings settings_of(train_options const& o, std::int64_t samples) {
  auto const require = [](bool holds, char const* name, auto value, char const* expected) {
    if (!holds) throw poft::value_error(message("train: ", name, " is ", value, ", expected ", expected));
  };
  require(o.epochs > 0 && std::isfinite(o.epochs), "epochs", o.epochs, "> 0");
  require(o.batch >= 1, "batch", o.batch, ">= 1");
  require(o.steps >= 0, "steps", o.steps, ">= 1, or 0 for --epochs");
  require(o.warmup >= 0 && o.warmup <= 1, "warmup", o.warmup, "a share 0 .. 1 of the steps");
  require(o.chunk >= o.batch, "chunk", o.chunk, "at least one batch");
  poft::training_settings s;
  s.steps = o.steps > 0 ? o.steps
                        : static_cast<std::int64_t>(std::ceil(o.epochs * static_cast<double>(samples) /
                                                              static_cast<double>(o.batch)));
  s.batch = o.batch, s.micro_batch = o.micro_batch, s.learning_rate = o.learning_rate, s.seed = o.seed;
  if (o.optimiser == "adamw") {
    s.optimiser = poft::adamw{.weight_decay = o.weight_decay};
  } else {
    s.optimiser = poft::sgd{.weight_decay = o.weight_decay};
  }
  auto const warmup = std::llround(o.warmup * static_cast<double>(s.steps));
  if (o.schedule == "constant") s.schedule = poft::constant_schedule{warmup};
  if (o.schedule == "linear") s.schedule = poft::linear_schedule{warmup, s.steps};
  if (o.schedule == "cosine") s.schedule = poft::cosine_schedule{.warmup = warmup, .total = s.steps};
  if (o.clip > 0) s.clip = {.max_norm = o.clip};
  s.folder           = fs::path(o.out) / "run";
  s.checkpoint_every = o.checkpoint_every, s.evaluation_every = o.evaluation_every;
  return s;
}

/// The reference model's log-probs of a file, computed once and kept in the run's folder.
std::string reference_scores(train_options const& o, language_model const& start,
                             sample_options const& samples, char const* name) {
  fs::path const file = fs::path(o.out) / "run" / name;
  if (fs::exists(file)) return file.string();
  std::unique_ptr<language_model> other;
  if (!o.reference.empty()) other = open_model({o.reference, o.model.threads});
  language_model const& model = other ? *other : start;
  sample_stream stream(model, samples);
  write_scores(model, stream, file, /*ifd*/ false, /*restart*/ false, "reference");
  return file.string();
}

void train(train_options const& o) {
  auto const objective = objective_of(o.objective);
  bool const is_new    = !o.fresh.preset.empty();
  if (is_new == !o.model.folder.empty())
    throw poft::value_error("train: expected one of --model and --preset");
  std::error_code unknown;
  if (!is_new && fs::equivalent(o.model.folder, o.out, unknown)) {
    throw poft::value_error(
        message("train: --out is the model's own folder \"", o.out, "\", expected another one"));
  }
  if (o.device == "cuda") require_cuda();
  auto model = is_new ? new_model(o.fresh, o.model.threads, o.dropout) : open_model(o.model, o.dropout);

  column_sources sources(objective, o.columns);
  sources.scores       = o.scores;
  sources.drop_missing = o.missing == "drop";
  training_stream stream(*model, o.samples, sources);
  auto const data = stream.look_through();
  std::printf("%s: %s\n", o.samples.data.c_str(), stream.counts().text().c_str());
  if (data.samples == 0)
    throw poft::value_error(message("train: \"", o.samples.data, "\" has no sample to train on"));
  auto const settings = settings_of(o, data.samples);
  claim(settings.folder, run_of(o, *model, data), o.restart);

  auto of_held_out   = sources;
  of_held_out.scores = o.held_out_scores;
  auto held_out_data = o.samples;
  held_out_data.data = o.held_out;
  if (sources.wants_reference) {
    sources.reference = reference_scores(o, *model, o.samples, "reference.jsonl");
    if (!o.held_out.empty()) {
      of_held_out.reference = reference_scores(o, *model, held_out_data, "held_out_reference.jsonl");
    }
  }
  std::optional<poft::dataset> held_out;
  if (!o.held_out.empty()) {
    std::vector<double> state;
    training_stream judging(*model, held_out_data, of_held_out);
    auto const samples = judging.look_through().samples;
    if (samples == 0)
      throw poft::value_error(message("train: \"", o.held_out, "\" has no sample to judge by"));
    held_out = judging.take(samples, state);
  }

  poft::training_term term{objective};
  term.member = o.member;
  training_stream again(*model, o.samples, sources);
  poft::dataset all;
  poft::data_source chunks;
  training_run run{term, settings, nullptr, nullptr, held_out ? &*held_out : nullptr};
  if (data.samples <= o.chunk) {
    std::vector<double> state;
    all      = again.take(data.samples, state);
    run.data = &all;
  } else {  // more than shall be in memory: chunk after chunk, each shuffled
    chunks.steps   = o.chunk / o.batch;
    chunks.collect = [&](std::int64_t, auto& state) { return again.take(chunks.steps * o.batch, state); };
    run.source     = &chunks;
  }
  auto& weights          = *model->weights;
  bool const in_bfloat16 = o.dtype == "bfloat16";
  std::int64_t steps     = 0;
  if (o.device == "cuda") {
    steps = run_on_cuda(weights.config(), weights.parameters(), in_bfloat16, run);
  } else if (in_bfloat16) {
    steps = run_in_bfloat16(weights.backend().threads, weights.config(), weights.parameters(), run);
  } else {
    poft::trainer<poft::eigen::backend, float> trainer(weights, {term}, settings);
    steps = run_all_steps(trainer, run);
  }
  save_model(*model, o.out);
  std::printf("%s: %lld steps of %s\n", o.out.c_str(), static_cast<long long>(steps), o.objective.c_str());
}

}  // namespace

void add_train(CLI::App& program) {
  auto const o      = std::make_shared<train_options>();
  auto* const train = program.add_subcommand("train",
                                             "Trains all parameters of a model folder, or of a new model, "
                                             "with any objective of the library. A run that was killed\n"
                                             "goes on from its last checkpoint, bit for bit.");
  std::string names, presets;
  for (auto const& one : poft::every_objective()) names.append(names.empty() ? "" : ", ").append(one.name());
  for (auto const& one : preset_names()) presets.append(presets.empty() ? "" : ", ").append(one);
  train->footer("Objectives: sft (= nll), " + names + "\nPresets: " + presets);

  o->model.add_to(*train, /*required*/ false);
  train->add_option("--preset", o->fresh.preset, "a new model of this size instead")->group("New model");
  train
      ->add_option("--tokenizer", o->fresh.tokenizer,
                   "the folder that its tokenizer and template are taken from; bytes: built in")
      ->capture_default_str()
      ->group("New model");
  train->add_option("--positions", o->fresh.positions, "its longest sequence")
      ->capture_default_str()
      ->group("New model");
  train->add_option("--model-seed", o->fresh.seed, "of its first weights")
      ->capture_default_str()
      ->group("New model");

  o->samples.add_to(*train);
  train
      ->add_option("--objective", o->objective,
                   "NAME or NAME=parameter:value,..., such as poft=beta:2 or dpo=beta:0.1")
      ->required();
  train->add_option("--out", o->out, "the new model folder; run/ in it has metrics and checkpoints")
      ->required();
  train->add_option("--scores", o->scores,
                    "aligned scores, what merge or score wrote (default: logp of each line)");
  train->add_option("--missing", o->missing, "samples without aligned score")
      ->check(CLI::IsMember({"refuse", "drop"}))
      ->capture_default_str();
  train->add_option(
      "--column", o->columns,
      "COLUMN=FIELD: an input of the objective, or example_weight, from another field of the lines, such as "
      "desirable=label");
  train->add_option("--member", o->member,
                    "chosen or rejected: what an objective of single responses looks at in pairs");
  train->add_option("--reference", o->reference,
                    "the reference model's folder (default: the model that training starts from)");
  train->add_option("--held-out", o->held_out, "data for the loss that is reported beside that of training");
  train->add_option("--held-out-scores", o->held_out_scores, "aligned scores of these");

  train->add_option("--epochs", o->epochs, "times that the data is gone through")->capture_default_str();
  train->add_option("--steps", o->steps, "of the optimiser, instead of epochs");
  train->add_option("--batch", o->batch, "samples of a step")->capture_default_str();
  train
      ->add_option("--micro-batch", o->micro_batch,
                   "samples that go through the model together; 0: all of the step's")
      ->capture_default_str();
  train->add_option("--lr", o->learning_rate, "learning rate")->capture_default_str();
  train->add_option("--schedule", o->schedule, "of the learning rate")
      ->check(CLI::IsMember({"constant", "linear", "cosine"}))
      ->capture_default_str();
  train->add_option("--warmup", o->warmup, "the share of the steps in which it rises")->capture_default_str();
  train->add_option("--optimiser", o->optimiser)
      ->check(CLI::IsMember({"adamw", "sgd"}))
      ->capture_default_str();
  train->add_option("--weight-decay", o->weight_decay)->capture_default_str();
  train->add_option("--clip", o->clip, "largest norm of the gradient; 0: none")->capture_default_str();
  train->add_option("--dropout", o->dropout)->capture_default_str();
  train->add_option("--seed", o->seed, "of the order of the data, and of dropout")->capture_default_str();
  train
      ->add_option("--chunk", o->chunk, "the most samples in memory; of a larger file each chunk is shuffled")
      ->capture_default_str();
  train->add_option("--checkpoint-every", o->checkpoint_every, "steps")->capture_default_str();
  train->add_option("--evaluation-every", o->evaluation_every, "steps; 0: only at the end")
      ->capture_default_str();
  train->add_option("--device", o->device, "where the model is trained")
      ->check(CLI::IsMember({"cpu", "cuda"}))
      ->capture_default_str();
  train
      ->add_option("--dtype", o->dtype,
                   "what parameters and activations are stored as; of bfloat16 there are float32 masters, "
                   "which are what is saved")
      ->check(CLI::IsMember({"float32", "bfloat16"}))
      ->capture_default_str();
  train->add_flag("--restart", o->restart, "throw away the run that --out holds");
  train->callback([o] { pipeline::train(*o); });
}

}  // namespace pipeline
