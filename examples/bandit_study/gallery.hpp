// Which figures a folder of the bandit study has.
// SPDX-License-Identifier: MIT
#pragma once

#include "poft/bandit/measurement.hpp"
#include "study/gallery.hpp"

namespace study {

using bandit_gallery = gallery<poft::bandit::measurement>;

/// Every figure of the study for which there are runs.
void show_study(bandit_gallery& to);

/// The arms of an experiment of one's own: reward over steps, over rewards and against KL, and the log-ratios.
void show_own(bandit_gallery& to);

}  // namespace study
