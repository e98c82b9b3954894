// The grid.
// SPDX-License-Identifier: MIT
#include "arms.hpp"

#include <algorithm>
#include <set>

#include "poft/core/error.hpp"
#include "study/files.hpp"

namespace length_study {
namespace {

learner learner_of(std::string const& name) {
  int k = 0;
  while (name != kind_of(static_cast<learner>(k)).name) ++k;
  return static_cast<learner>(k);
}

arm common_arm(std::string const& name, preference over, bool offline) {
  return {.id = name + "." + preference_names[static_cast<int>(over)] + (offline ? ".offline" : ".on_policy"),
          .by = learner_of(name),
          .over    = over,
          .offline = offline,
          // Table 1 of arXiv:2404.14367: REINFORCE does not use a sample again.
          .passes = name == std::string("reinforce") ? 1 : common_passes};
}

/// An arm with one thing changed, whose learning rate is tuned for it.
arm changed(std::string const& name, preference over, std::string const& how) {
  arm one          = common_arm(name, over, false);
  one.parameter_of = kind_of(one.by).grid.size() > 1 ? one.id : "";
  one.id           = name + "." + preference_names[static_cast<int>(over)] + "." + how;
  return one;
}

}  // namespace

void scale::check() const {
  auto const refuse = [&](auto const&... parts) { throw poft::value_error(poft::message(parts...)); };
  if (queries < minibatch) refuse("queries: ", queries, ", expected at least one batch of ", minibatch);
  if (queries % common_collection != 0)
    refuse("queries: ", queries, ", expected a multiple of ", common_collection,
           ", the responses of a collection");
}

std::string scale::text() const {
  std::string out = name;
  for (int const number : {corpus, training_prompts, held_out_prompts, reference.steps, reference.batch,
                           judge.prompts, judge.held_out_prompts, judge.steps, judge.batch, queries,
                           minibatch, samples_per_prompt, measurements, measured, measured_last, pairs})
    out.append(" ").append(std::to_string(number));
  return out + " " + study::number_text(reference.learning_rate) + " " +
         study::number_text(judge.learning_rate);
}

scale quick_scale() { return {}; }
scale full_scale() {
  scale out;
  out.name = "full", out.seeds = 10, out.queries = 8192, out.measurements = 16;
  return out;
}

std::vector<int> collections(scale const& of) {
  std::vector<int> out;
  for (int size = of.minibatch; size < of.queries; size *= 4) {
    if (of.queries % size == 0) out.push_back(size);
  }
  out.push_back(of.queries);
  return out;
}

std::string name_of_collection(int size) {
  return size == common_collection ? "on_policy" : "batch" + std::to_string(size);
}
std::string name_of_reuse(int passes) {
  return passes == common_passes ? "on_policy" : "passes" + std::to_string(passes);
}

std::string study_of(preference of) { return study_names[static_cast<int>(of)]; }

std::vector<arm> grid(scale const& of, bool full) {
  std::vector<arm> out;
  for (preference const over : {preference::min, preference::mode, preference::skew}) {
    std::string const study = study_of(over);
    for (std::string const name : offline_learners)
      out.emplace_back(common_arm(name, over, true)).studies.push_back(study);
    for (std::string const name : on_policy_learners)
      out.emplace_back(common_arm(name, over, false)).studies.push_back(study);
    std::vector<std::string> swept{"ppo"};
    if (full || over != preference::mode) swept.push_back("rwr");
    for (std::string const& name : swept) {
      for (int const size : collections(of)) {
        if (size == common_collection) continue;
        arm& one       = out.emplace_back(changed(name, over, name_of_collection(size)));
        one.collection = size;
        one.studies.push_back(study);
      }
    }
    for (std::string const name : {"ppo", "best_of_n"}) {
      for (int const passes : reuses) {
        if (passes == common_passes || (!full && over == preference::mode)) continue;
        arm& one   = out.emplace_back(changed(name, over, name_of_reuse(passes)));
        one.passes = passes;
        one.studies.push_back(study);
      }
    }
  }
  for (arm& one : out) {
    if (one.collection == 0) one.collection = one.offline ? of.queries : common_collection;
    if (one.offline && (one.by == learner::pref_ft || one.by == learner::dpo)) one.studies.push_back("f2");
  }
  if (full) {
    // Tuned is the quick grid: what is beyond it takes the settings of the largest collections there, or of min.
    std::set<std::string> tuned;
    for (arm const& one : grid(quick_scale(), false)) tuned.insert(one.id);
    for (arm& one : out) {
      if (tuned.contains(one.id)) continue;
      bool const is_swept =
                     one.over != preference::mode || (one.by == learner::ppo && one.passes == common_passes),
                 is_large   = one.collection > quick_scale().queries;
      preference const over = is_swept ? one.over : preference::min;
      one.tuned_as =
          std::string(kind_of(one.by).name) + "." + preference_names[static_cast<int>(over)] + "." +
          (is_large ? name_of_collection(quick_scale().queries) : one.id.substr(one.id.rfind('.') + 1));
    }
  }
  // What the gains of s1 and s3 are set against.
  for (std::string const& id :
       {"ppo.mode." + name_of_collection(of.minibatch), "ppo.mode." + name_of_collection(of.queries),
        std::string("dpo.mode.on_policy"), std::string("dpo.mode.offline"),
        std::string("best_of_n.mode.offline")}) {
    auto const found = std::find_if(out.begin(), out.end(), [&](arm const& one) { return one.id == id; });
    found->studies.insert(found->studies.end(), {"s1", "s3"});
  }
  return out;
}

std::vector<double> learning_rates(learner) { return {3e-4, 1e-3, 3e-3, 1e-2}; }

}  // namespace length_study
