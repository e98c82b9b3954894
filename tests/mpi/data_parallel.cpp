// Run by mpirun: the gradient and the training of several processes are those of one, to rounding, and equal in all of them.
// SPDX-License-Identifier: MIT
#include <cmath>
#include <cstdio>
#include <numeric>
#include <string>
#include <vector>

#include "core/what_a_communicator_does.hpp"
#include "poft/backend/eigen/backend.hpp"
#include "poft/train/mpi_communicator.hpp"
#include "poft/train/trainer.hpp"

namespace {

using namespace poft;
using tokens = std::vector<std::int32_t>;
using model  = transformer<eigen::backend, double>;
using runner = trainer<eigen::backend, double>;

model tiny_model(std::uint64_t seed) {
  model out({.threads = 1}, gpt(1, 2, 8, 11, 12));
  initialise(out, seed);
  return out;
}

dataset some_data(std::vector<std::string> const& members) {
  dataset data(members);
  random_stream random(7);
  auto const draw = [&](std::size_t count) {
    tokens out(count);
    for (auto& token : out) token = static_cast<std::int32_t>(random.below(11));
    return out;
  };
  for (int e = 0; e < 13; ++e) {
    std::vector<tokens> responses;
    for (std::size_t k = 0; k < members.size(); ++k) responses.push_back(draw(1 + random.below(4)));
    data.add(draw(2), std::vector<dataset::tokens>(responses.begin(), responses.end()));
  }
  std::vector<double> reference, desirable;
  for (std::int64_t r = 0; r < data.responses(); ++r) {
    reference.push_back(-2.4 * static_cast<double>(data.response(r).size()) + 0.3 * random.normal<double>());
    desirable.push_back(static_cast<double>(r % 2));
  }
  data.set("reference_log_prob", reference);
  data.set("desirable", desirable);
  return data;
}

int failures = 0;
void expect(bool holds, int rank, std::string const& what) {
  if (holds) return;
  ++failures;
  std::fprintf(stderr, "process %d: %s\n", rank, what.c_str());
}

double largest_difference(std::span<double const> a, std::span<double const> b) {
  double difference = 0, largest = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    difference = std::max(difference, std::abs(a[i] - b[i]));
    largest    = std::max(largest, std::abs(b[i]));
  }
  return difference / largest;
}

void compare(communicator& processes, training_term const& term, dataset const& data) {
  int const rank         = processes.rank();
  std::string const name = std::string(term.objective.name());
  std::vector<std::int64_t> all(static_cast<std::size_t>(data.examples()));
  std::iota(all.begin(), all.end(), std::int64_t{0});
  training_settings settings;
  settings.steps         = 6;
  settings.batch         = 7;  // not a multiple of 2 or 3
  settings.micro_batch   = 2;
  settings.show_progress = false;

  // Process 0's start counts.
  model shared = tiny_model(static_cast<std::uint64_t>(1 + rank)), alone = tiny_model(1);
  runner together(shared, {term}, settings, &processes), by_itself(alone, {term}, settings);
  double const loss = together.add_gradient(data, all).loss, want = by_itself.add_gradient(data, all).loss;
  expect(std::abs(loss - want) < 1e-13 * std::abs(want), rank, name + ": loss " + std::to_string(loss));
  double const gradient = largest_difference(shared.gradient(), alone.gradient());
  expect(gradient < 1e-13, rank, name + ": gradients differ by " + std::to_string(gradient));

  together.run(data);
  by_itself.run(data);
  double const parameters = largest_difference(shared.parameters(), alone.parameters());
  expect(parameters < 1e-9, rank,
         name + ": after 6 steps parameters differ by " + std::to_string(parameters));
  std::vector<double> first(shared.parameters().begin(), shared.parameters().end());
  processes.broadcast(std::span(first));
  expect(std::equal(first.begin(), first.end(), shared.parameters().begin()), rank,
         name + ": parameters are not those of process 0");
}

}  // namespace

int main() {
  mpi_communicator processes;
  int const rank = processes.rank(), size = processes.size();

  for (std::string const& broken : poft_test::broken_promises(processes, poft_test::in_host_memory{})) {
    expect(false, rank, broken);
  }

  dataset const pairs = some_data({"chosen", "rejected"}), singles = some_data({"log_prob"});
  training_term token{make_objective("nll_sum")};
  token.level = objective_level::token;
  compare(processes, {make_objective("dpo")}, pairs);
  compare(processes, token, singles);
  compare(processes, {make_objective("kto")}, singles);
  compare(processes, {make_objective("bco")}, singles);
  compare(processes, {make_objective("aot")}, pairs);

  double const failed = processes.communicator::sum(static_cast<double>(failures));
  if (rank == 0 && failed == 0) std::printf("%d processes agree with one\n", size);
  return failed == 0 ? 0 : 1;
}
