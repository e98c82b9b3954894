// SPDX-License-Identifier: MIT
#include "flags/lanes_of_this_unit.hpp"

lanes_report report_plain_lanes() { return report_lanes(); }
