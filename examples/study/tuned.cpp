// Reading and writing tuned settings.
// SPDX-License-Identifier: MIT
#include "tuned.hpp"

#include "json.hpp"

namespace study {

tuned_arms read_tuned(fs::path const& file, std::string const& schema) {
  json const in = parse(file);
  tuned_arms out;
  try {
    if (in.at("schema") != schema) {
      throw poft::format_error(
          poft::message(file.string(), ": schema is ", in.at("schema").dump(), ", expected ", schema));
    }
    for (auto const& [id, settings] : in.at("arms").items()) {
      out[id] = {settings.at("learning_rate"), settings.at("parameter"), settings.at("seeds")};
    }
  } catch (json::exception const& problem) {
    throw poft::format_error(poft::message(file.string(), ": not tuned settings: ", problem.what()));
  }
  return out;
}

void write_tuned(fs::path const& file, std::string const& schema, std::string const& program,
                 tuned_arms const& tuned) {
  json out{{"schema", schema},
           {"made_by", program + " --tune"},
           {"first_seed", first_tuning_seed},
           {"arms", json::object()}};
  for (auto const& [id, settings] : tuned) {
    out["arms"][id] = {{"learning_rate", settings.learning_rate},
                       {"parameter", settings.parameter},
                       {"seeds", settings.seeds}};
  }
  write_whole(file, out.dump(1) + "\n");
}

tuned_arm const& tuned_for(tuned_arms const& tuned, std::string const& arm, fs::path const& file,
                           std::string const& program) {
  auto const found = tuned.find(arm);
  if (found == tuned.end()) {
    throw poft::value_error(poft::message(file.string(), ": no settings for \"", arm,
                                          "\", expected them from ", program, " --tune"));
  }
  return found->second;
}

}  // namespace study
