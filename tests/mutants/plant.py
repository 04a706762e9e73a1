#!/usr/bin/env python3
"""Plants the bugs of mutants.txt in copies of the core's sources.

    plant.py mutants.txt root folder [host/x.c fleet/y.c ...]

writes every .c file of src/core to the folder, the others that are named to folders of it, and
table.c, which names the mutants. host/x.c is src/host/x.c, what drives the core; fleet/y.c is
tests/sim/fleet/y.c, where a transport's rules are kept in the simulator. A place that a
row names becomes a choice by the global `weft_mutant`: 0 is the code as it was, K is row K. One
build so holds all of them, and src/core holds none. Lines keep their numbers. A row whose text is
no longer found exactly once ends the build with a sentence that names the row.

A row is `key: value` lines; a line that begins with a blank continues the value before it:

    mutant: a name
    breaks: what it breaks, in one sentence
    proves: the invariants that its catch proves to be checked
    file:   of src/core, or host/x.c, or fleet/y.c
    find:   the text, as it stands there; where it has blanks, any blanks and line ends match; with
            a part of it in `backquotes`, that part is replaced and the rest says where
    plant:  what stands there instead; empty: nothing

file, find and plant may come again: a bug in several places. What ends with `;` or `}` is one
statement or more, anything else an expression."""

import os
import re
import sys

FOLDERS = {"": "src/core", "host": "src/host", "fleet": "tests/sim/fleet"}
KEYS = ("mutant", "breaks", "proves", "file", "find", "plant")
ONCE = ("mutant", "breaks", "proves")


class Wrong(Exception):
    """What is wrong with the table or with a row of it."""


class Mutant:
    """A row: what it says of itself, and its places as (file, find, plant)."""

    def __init__(self, number):
        self.number = number
        self.values = {}
        self.places = []

    def __str__(self):
        return "mutant %s" % self.values.get("mutant", "without a name")

    def add(self, key, value):
        if key in ONCE and key in self.values:
            raise Wrong("%s: `%s` stands there twice" % (self, key))
        if key == "plant":
            if "file" not in self.values or "find" not in self.values:
                raise Wrong("%s: `plant` needs a `file` and a `find` before it" % self)
            self.places.append((self.values["file"], self.values.pop("find"), value))
        else:
            self.values[key] = value

    def check(self):
        for key in ONCE:
            if not self.values.get(key):
                raise Wrong("%s: `%s` is missing" % (self, key))
        if not self.places or "find" in self.values:
            raise Wrong("%s: a `find` has no `plant`" % self)


def read_table(text):
    """The rows of the table, numbered from 1."""
    mutants = []
    key = None
    lines = []

    def flush():
        if key is not None:
            mutants[-1].add(key, "\n".join(lines).strip())

    for number, line in enumerate(text.split("\n"), 1):
        if line.startswith("#") or not line.strip():
            continue
        if line[0] in " \t":
            lines.append(line.strip())
            continue
        flush()
        key, colon, value = line.partition(":")
        if not colon or key not in KEYS:
            raise Wrong("line %d: `%s` is none of %s" % (number, key, ", ".join(KEYS)))
        lines = [value.strip()]
        if key == "mutant":
            mutants.append(Mutant(len(mutants) + 1))
        elif not mutants:
            raise Wrong("line %d: the first row begins with `mutant`" % number)
    flush()
    names = [mutant.values.get("mutant") for mutant in mutants]
    for mutant in mutants:
        mutant.check()
        if names.count(mutant.values["mutant"]) > 1:
            raise Wrong("%s: the name stands there twice" % mutant)
    return mutants


def path_of(name):
    """Where the file that a row names lies below the root."""
    folder, base = os.path.split(name)
    return "%s/%s" % (FOLDERS[folder], base)


def find_once(mutant, name, source, find):
    """Where what is to be replaced begins and ends in the source."""
    parts = [r"\s+".join(re.escape(word) for word in part.split()) for part in find.split("`")]
    if len(parts) not in (1, 3):
        raise Wrong("%s: two backquotes or none: %s" % (mutant, " ".join(find.split())))
    pattern = "(%s)" % parts[0] if len(parts) == 1 else r"%s\s*(%s)\s*%s" % tuple(parts)
    found = [match.span(1) for match in re.finditer(pattern, source)]
    if len(found) != 1:
        raise Wrong("%s: %s has its text %d times, not once: %s"
                    % (mutant, path_of(name), len(found), " ".join(find.split())))
    return found[0]


def choice(original, planted):
    """The source text of a place; `planted` is (number, text), first come first served. What is
    planted stands on the line where the original begins, so that no later line moves."""
    parts = [(number, " ".join(text.split())) for number, text in planted]
    if original.rstrip()[-1] in ";}":
        branches = ["if (weft_mutant == %d) { %s } else " % part for part in parts]
        return "{ %s{ %s } }" % ("".join(branches), original)
    branches = ["weft_mutant == %d ? (%s) : " % part for part in parts]
    return "(%s(%s))" % ("".join(branches), original)


def plant(name, source, mutants):
    """The source of a file with all its places turned into choices."""
    places = {}
    for mutant in mutants:
        for file, find, planted in mutant.places:
            if file == name:
                span = find_once(mutant, name, source, find)
                places.setdefault(span, []).append((mutant, planted))
    result = ""
    end = 0
    last = None
    for span in sorted(places):
        if span[0] < end:
            raise Wrong("%s and %s plant in the same text of %s"
                        % (last, places[span][0][0], path_of(name)))
        planted = [(mutant.number, text) for mutant, text in places[span]]
        result += source[end:span[0]] + choice(source[span[0]:span[1]], planted)
        end = span[1]
        last = places[span][0][0]
    head = 'extern unsigned weft_mutant;\n#line 1 "%s"\n' % path_of(name)
    return head + result + source[end:]


def quoted(text):
    return '"%s"' % " ".join(text.split()).replace("\\", "\\\\").replace('"', '\\"')


def table(mutants):
    rows = ["    {%s}," % ",\n     ".join(quoted(mutant.values[key]) for key in ONCE)
            for mutant in mutants]
    return "\n".join(["/* Made by plant.py. */", '#include "mutants.h"', "",
                      "unsigned weft_mutant;", "",
                      "const struct sim_mutant sim_mutants[] = {"] + rows + ["};", "",
                      "const uint32_t sim_mutant_count = %d;" % len(mutants), ""])


def write(path, text):
    """Leaves a file that is the same alone, so that nothing is built for nothing."""
    if os.path.exists(path) and read(path) == text:
        return
    with open(path, "w", encoding="utf-8") as stream:
        stream.write(text)


def read(path):
    with open(path, encoding="utf-8") as stream:
        return stream.read()


def main():
    table_path, root, folder = sys.argv[1:4]
    try:
        mutants = read_table(read(table_path))
        names = sorted(name for name in os.listdir(os.path.join(root, FOLDERS[""]))
                       if name.endswith(".c")) + sys.argv[4:]
        for mutant in mutants:
            for file, _, _ in mutant.places:
                if file not in names:
                    raise Wrong("%s: %s is no file that is planted in" % (mutant, file))
        planted = {name: plant(name, read(os.path.join(root, path_of(name))), mutants)
                   for name in names}
    except Wrong as wrong:
        print("%s: %s" % (table_path, wrong), file=sys.stderr)
        return 1
    for name in FOLDERS:
        os.makedirs(os.path.join(folder, name), exist_ok=True)
    for name, text in planted.items():
        write(os.path.join(folder, name), text)
    write(os.path.join(folder, "table.c"), table(mutants))
    return 0


if __name__ == "__main__":
    sys.exit(main())
