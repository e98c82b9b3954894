// Which figures a folder of the study has.
// SPDX-License-Identifier: MIT
#pragma once

#include "arms.hpp"
#include "measurement.hpp"
#include "study/gallery.hpp"

namespace length_study {

using length_gallery = study::gallery<measurement>;

/// Every figure for which there are runs, named after the files of arXiv:2404.14367 where it has one.
void show_figures(length_gallery& to);

}  // namespace length_study
