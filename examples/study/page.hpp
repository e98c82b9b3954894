// Parts of a report: one page of tables and figures that fetches nothing.
// SPDX-License-Identifier: MIT
#pragma once

#include <span>
#include <string>
#include <vector>

#include "claims.hpp"

namespace study {

/// Text in HTML.
std::string escaped(std::string const& text);
/// A number with so many decimals; "-" for none.
std::string fixed(double number, int digits = 3);

/// What comes before the body's content; the title is that of the window.
std::string page_head(std::string const& title);
inline constexpr char const* page_end = "</body></html>\n";

/// A table that scrolls where it is wider than the page: its head, rows, end. The cells are HTML.
std::string table_head(std::vector<std::string> const& cells);
std::string table_row(std::vector<std::string> const& cells);
inline constexpr char const* table_end = "</tbody></table></div>\n";

std::string claim_table(std::vector<judged_claim> const& judged, std::span<not_attempted const> elsewhere);
std::string contrast_tables(std::vector<judged_claim> const& judged);
/// The figures' HTML between headings, or where they are to be found.
std::string figure_section(std::string const& figures);

}  // namespace study
