#!/usr/bin/env python3
"""Writes include/poft/text/unicode_class_table.hpp from the Unicode Character Database.

scripts/unicode_class.py [FOLDER]   FOLDER: UnicodeData.txt, PropList.txt (Debian: package unicode-data)
"""
# SPDX-License-Identifier: MIT
import pathlib
import sys

folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "/usr/share/unicode")
OTHER, LETTER, NUMBER, SPACE = range(4)  # enum class unicode_class

classes = bytearray(0x110000)
first = None
for line in (folder / "UnicodeData.txt").read_text("utf-8").splitlines():
    code, name, category = line.split(";")[:3]
    code = int(code, 16)
    if name.endswith(", First>"):
        first = code
        continue
    begin = first if name.endswith(", Last>") else code
    kind = {"L": LETTER, "N": NUMBER}.get(category[0], OTHER)
    classes[begin : code + 1] = bytes([kind]) * (code + 1 - begin)

properties = (folder / "PropList.txt").read_text("utf-8").splitlines()
version = properties[0].removeprefix("# PropList-").removesuffix(".txt")
for line in properties:
    codes, _, name = line.partition("#")[0].partition(";")
    if name.strip() == "White_Space":
        begin, _, end = codes.strip().partition("..")
        for code in range(int(begin, 16), int(end or begin, 16) + 1):
            classes[code] = SPACE

starts = [code << 2 | kind for code, kind in enumerate(classes) if code == 0 or kind != classes[code - 1]]
numbers = "".join(f"0x{start:06x}," + ("\n" if k % 11 == 10 else " ") for k, start in enumerate(starts))
target = pathlib.Path(__file__).parent.parent / "include/poft/text/unicode_class_table.hpp"
target.write_text(f"""\
// Where letters, numbers and white space begin and end in Unicode {version}; made by scripts/unicode_class.py.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

namespace poft::detail {{

/// Every first character of a run of one class, times 4, plus the class: 0 other, 1 letter (L*), 2 number (N*), 3 White_Space.
// clang-format off
inline constexpr std::uint32_t unicode_class_starts[] = {{
{numbers.rstrip()}
}};
// clang-format on

}}  // namespace poft::detail
""")
print(f"{target}: {len(starts)} runs, Unicode {version}")
