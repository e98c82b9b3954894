// Which figures a folder of the study has.
// SPDX-License-Identifier: MIT
#pragma once

#include "measurement.hpp"
#include "study/gallery.hpp"

namespace text_study {

using text_gallery = study::gallery<measurement>;

/// Every figure for which there are runs.
void show_figures(text_gallery& to);

}  // namespace text_study
