// Going on: the rows that are there are compared with the samples that they should be of.
// SPDX-License-Identifier: MIT
#include "row_file.hpp"

#include <utility>

#include "poft/core/error.hpp"
#include "poft/core/json_io.hpp"
#include "poft/core/whole_file.hpp"

namespace pipeline {

using poft::message;

namespace {
constexpr char marker[] = "left_out";
}

row_file::row_file(fs::path path, nlohmann::json run, bool restart)
    : path_(std::move(path)),
      part_(fs::path(path_).concat(".part")),
      run_path_(fs::path(path_).concat(".part.json")) {
  if (fs::is_directory(path_)) {
    throw poft::io_error(message("out: \"", path_.string(), "\" is a folder, expected the name of a file"));
  }
  if (!restart && fs::exists(part_) && fs::exists(run_path_)) {
    auto const earlier =
        poft::parse_json(poft::read_whole(run_path_), message("run: \"", run_path_.string(), "\""));
    for (auto const& [name, now] : run.items()) {
      auto const then = earlier.is_object() && earlier.contains(name) ? earlier[name] : nlohmann::json();
      if (then != now) refuse(message(name, " was ", then.dump(), " and is ", now.dump()));
    }
    kept_.emplace(part_, std::ios::binary);
    return;
  }
  std::error_code ignored;
  fs::remove(part_, ignored);  // before it could be taken for the new run's
  poft::write_whole(run_path_, run.dump(1) + "\n");
}

bool row_file::has(std::span<row_key const> batch) {
  std::int64_t left_out = 0;
  for (row_key const& key : batch) {
    auto const row = kept_row();
    if (!row) {
      kept_.reset();
      return false;
    }
    auto const found = poft::parse_json(*row, message("\"", part_.string(), "\""));
    poft::json_fields const fields(found, message("\"", part_.string(), "\""));
    left_out += found.contains(marker);
    std::string const id = fields.text("id"), hash = fields.text("hash", std::string(key.hash));
    if (id != key.id || hash != key.hash) {
      refuse(message("there is a row of sample ", poft::in_quotes(id), " where the data has ",
                     id == key.id ? "another content" : poft::in_quotes(key.id)));
    }
  }
  if (!kept_) return false;
  whole_batches_ = kept_->tellg();
  left_out_ += left_out;
  return true;
}

void row_file::append(std::span<row_key const> batch, std::span<std::string const> rows) {
  std::string lines;
  for (std::size_t k = 0; k < rows.size(); ++k) {
    left_out_ += rows[k].empty();
    lines +=
        rows[k].empty() ? nlohmann::json{{"id", std::string(batch[k].id)}, {marker, true}}.dump() : rows[k];
    lines += '\n';
  }
  if (!growing_) growing_.emplace(part_, whole_batches_);
  growing_->append(lines);
}

std::int64_t row_file::finish() {
  if (kept_row()) refuse("it has more rows than the data has samples");
  if (!growing_) growing_.emplace(part_, whole_batches_);
  growing_->sync();
  growing_.reset();
  std::error_code failed;
  if (left_out_ > 0) {
    copy_without_markers();
    fs::remove(part_, failed);
  } else {
    put_in_place(part_);
  }
  fs::remove(run_path_, failed);
  return left_out_;
}

void row_file::copy_without_markers() const {
  std::ifstream in(part_, std::ios::binary);
  fs::path const rows =
      fs::path(path_).concat(".rows");  // whole_file(path_) would write to part_, which is read
  poft::whole_file out(rows);
  for (std::string row; std::getline(in, row);) {
    if (nlohmann::json::parse(row).contains(marker)) continue;
    row += '\n';
    out.write(row.data(), row.size());
  }
  out.commit();
  put_in_place(rows);
}

void row_file::put_in_place(fs::path const& finished) const {
  std::error_code failed;
  fs::rename(finished, path_, failed);
  if (failed) throw poft::io_error(message("out: cannot make \"", path_.string(), "\": ", failed.message()));
}

void row_file::refuse(std::string const& what) const {
  throw poft::value_error(message("out: \"", part_.string(), "\" is of another run: ", what,
                                  "; expected the same data and options, or --restart to begin anew"));
}

std::optional<std::string> row_file::kept_row() {
  std::string row;
  // A row without its line's end was being written.
  if (!kept_ || !std::getline(*kept_, row) || kept_->eof()) return std::nullopt;
  return row;
}

}  // namespace pipeline
