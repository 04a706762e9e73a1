#!/usr/bin/env python3
"""Checks what a machine can check of STYLE.md.

    lint.py [root]     prints `file:line: rule: what (why)` for each find; exit 1 if there are any

RULES at the end is the table: a name, the reason that is printed, a function over the tree. No
rule can be switched off for a line: a rule that is wrong is changed here. lint_test.py plants a bad
snippet for every rule."""

import os
import re
import sys

COLUMNS_MAX = 100
FUNCTION_LINES_MAX = 70
FILE_LINES_MAX = 500

FOLDERS = ("cmake", "examples", "include", "kernels", "perf", "plugins", "src", "tests", "tools",
           "transports", ".ci", "docs")
TEXT_ENDINGS = (".c", ".h", ".def", ".cu", ".cuh", ".py", ".sh", ".txt", ".cmake", ".map", ".in",
                ".md", ".list", ".json", ".yml")
LAYERS = {"base": 0, "core": 1, "host": 2, "api": 3}
CORE_SYSTEM_HEADERS = {"limits.h", "stdatomic.h", "stdbool.h", "stddef.h", "stdint.h", "string.h"}

BANNED_CALLS = {
    "strcpy": "it knows no bound; weft_text_copy does",
    "strcat": "it knows no bound; weft_text_add does",
    "sprintf": "it knows no bound; weft_text or snprintf do",
    "vsprintf": "it knows no bound; vsnprintf does",
    "gets": "it knows no bound; fgets does",
    "atoi": "it takes nonsense for 0; strtol tells",
    "atol": "it takes nonsense for 0; strtol tells",
    "atof": "it takes nonsense for 0; strtod tells",
    "rand": "it has a hidden state; base/prng.h has a seed",
    "strtok": "it has a hidden state; strtok_r has none",
    "usleep": "it is no longer in POSIX, and sleeping is no way to wait; nanosleep in host/clock",
    "sleep": "sleeping is no way to wait for something",
}
PRINTING = ("printf", "fprintf", "vprintf", "vfprintf", "puts", "putchar", "perror")
ALLOCATING = ("malloc", "calloc", "realloc", "free", "strdup", "aligned_alloc", "posix_memalign")


class File:
    """A file's lines as they stand, and the same without comments and text constants."""

    def __init__(self, path, text):
        self.path = path
        self.text = text
        self.lines = text.split("\n")
        self.is_c = path.endswith((".c", ".h", ".def", ".cu", ".cuh"))
        self.code = blank(text).split("\n") if self.is_c else self.lines

    def under(self, *folders):
        return any(self.path.startswith(folder + "/") for folder in folders)

    def stem(self):
        return os.path.basename(self.path).rsplit(".", 1)[0]


def blank(text):
    """Replaces comments and what stands in quotes by blanks, so that line and column stay."""
    pattern = r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\''
    keep = re.compile(r"#\s*include\s*$")

    def replace(match):
        found = match.group(0)
        start = text.rfind("\n", 0, match.start()) + 1
        if found[0] == '"' and keep.match(text[start:match.start()]):
            return found
        inner = re.sub(r"[^\n]", " ", found)
        return found[0] + inner[1:-1] + found[-1] if found[0] in "\"'" else inner

    return re.sub(pattern, replace, text, flags=re.DOTALL)


def read_tree(root):
    """Every text file of the project's folders and of its root, sorted by path."""
    paths = [name for name in os.listdir(root) if os.path.isfile(os.path.join(root, name))]
    for folder in FOLDERS:
        for place, folders, names in os.walk(os.path.join(root, folder)):
            folders[:] = [name for name in folders if name != "__pycache__"]
            paths += [os.path.relpath(os.path.join(place, name), root) for name in names]
    files = {}
    for path in sorted(paths):
        if path.endswith(TEXT_ENDINGS) or path in ("run", ".ci/run"):
            with open(os.path.join(root, path), encoding="utf-8", errors="replace") as stream:
                files[path] = File(path, stream.read())
    return files


def c_files(files, *folders):
    return [f for f in files.values() if f.is_c and (not folders or f.under(*folders))]


def calls(file, names):
    """(line number, name) of each call; `a.name(` and `a->name(` are fields, not calls."""
    pattern = re.compile(r"(?<![\w.>])(%s)\s*\(" % "|".join(names))
    for number, line in enumerate(file.code, 1):
        for match in pattern.finditer(line):
            yield number, match.group(1)


def columns(files):
    for f in files.values():
        if f.path.endswith((".def", ".md", ".json", ".list")) or f.under("tests/data"):
            continue  # rows of a table and prose have their own measure
        for number, line in enumerate(f.lines, 1):
            if len(line) > COLUMNS_MAX:
                yield f.path, number, "%d columns" % len(line)


def function_length(files):
    for f in c_files(files):
        start = None
        for number, line in enumerate(f.code, 1):
            if line.rstrip() == "{":
                start = number
            elif line.startswith("}") and start is not None:
                if number - start - 1 > FUNCTION_LINES_MAX:
                    yield f.path, start, "a function of %d lines" % (number - start - 1)
                start = None


def file_length(files):
    for f in c_files(files):
        count = f.text.count("\n")
        if f.path.endswith(".c") and count > FILE_LINES_MAX:
            yield f.path, count, "%d lines" % count


def included(file, files):
    """(line number, path in the tree) of each quoted include that is found in the tree."""
    for number, line in enumerate(file.code, 1):
        match = re.match(r'\s*#\s*include\s*"([^"]+)"', line)
        if not match:
            continue
        own = os.path.dirname(file.path)
        for folder in (own, "include", "src", "transports", "tools", "plugins"):
            path = os.path.normpath(os.path.join(folder, match.group(1)))
            if path in files:
                yield number, path
                break


def direction(files):
    for f in c_files(files, "src"):
        own = LAYERS.get(f.path.split("/")[1], 0)
        for number, path in included(f, files):
            part = path.split("/")
            if part[0] == "src" and LAYERS.get(part[1], 0) > own:
                yield f.path, number, "src/%s includes %s" % (f.path.split("/")[1], path)


def transport_sees(files):
    for f in c_files(files, "transports"):
        own = "/".join(f.path.split("/")[:2]) + "/"
        for number, path in included(f, files):
            # What network transports share: their common parts, the secure channel, every layout
            # on a wire, and multipath sessions.
            shared = path.startswith("transports/net/") or path in (
                "transports/secure/secure.h", "transports/secure/secure_datagram.h",
                "transports/secure/secure_cookie.h", "src/core/wire.h", "src/core/mp.h")
            seen = (own, "src/base/", "include/", "src/host/transport_stub.h")
            if not shared and not path.startswith(seen):
                yield f.path, number, "includes %s" % path


def transport_seen(files):
    for f in c_files(files, "src", "tools", "perf", "plugins", "include", "examples"):
        if f.path == "src/host/registry.c":
            continue
        for number, path in included(f, files):
            # The driver's interface is what the emulated driver implements, and a baseline calls.
            abi = path.startswith("transports/cuda/cuda_")
            abi = abi and f.under("plugins/cuda-emu", "perf/baselines", "perf/weft-cuda-costs")
            if path.startswith("transports/") and not abi:
                yield f.path, number, "includes %s" % path


def core_conditions(files):
    for f in c_files(files, "src/core"):
        for number, line in enumerate(f.code, 1):
            if re.match(r"\s*#\s*(if|ifdef|elif)\b", line):
                yield f.path, number, line.strip()
            elif re.match(r"\s*#\s*ifndef\b", line):
                guard = "WEFT_" + re.sub(r"\W", "_", os.path.basename(f.path)).upper()
                if line.split()[-1] != guard:
                    yield f.path, number, line.strip()


def core_headers(files):
    for f in c_files(files, "src/core", "src/base"):
        for number, line in enumerate(f.code, 1):
            match = re.match(r"\s*#\s*include\s*<([^>]+)>", line)
            if match and match.group(1) not in CORE_SYSTEM_HEADERS:
                yield f.path, number, "includes <%s>" % match.group(1)


def core_floats(files):
    for f in c_files(files, "src/core", "src/base"):
        for number, line in enumerate(f.code, 1):
            if re.search(r"\b(float|double)\b", line):
                yield f.path, number, line.strip()


def core_memory(files):
    for f in c_files(files, "src/core", "src/base"):
        for number, name in calls(f, ALLOCATING):
            yield f.path, number, name


def banned(files):
    for f in c_files(files):
        for number, name in calls(f, BANNED_CALLS):
            yield f.path, number, "%s: %s" % (name, BANNED_CALLS[name])


def environment(files):
    for f in c_files(files, "src", "transports", "plugins", "tools", "perf"):
        if f.path != "src/host/env.c":
            for number, name in calls(f, ("getenv", "secure_getenv", "setenv", "putenv")):
                yield f.path, number, name


def printing(files):
    for f in c_files(files, "src", "transports"):
        if f.path != "src/host/log.c":
            for number, name in calls(f, PRINTING):
                yield f.path, number, name


def atomics(files):
    for f in c_files(files, "src", "transports"):
        if f.path == "src/base/ring.h":
            continue
        for number, line in enumerate(f.code, 1):
            if re.search(r"<stdatomic\.h>|\b_Atomic\b|\b__(atomic|sync)_\w+", line):
                yield f.path, number, line.strip()


def noun_of(file, files):
    """sched_pull.c without a header of its own is a part of the noun sched."""
    folder, noun = os.path.dirname(file.path), file.stem()
    while "_" in noun and "%s/%s.h" % (folder, noun) not in files:
        noun = noun.rsplit("_", 1)[0]
    return noun


def untested(files):
    for f in c_files(files, "src/core", "src/base"):
        is_noun = f.path.endswith(".c" if f.under("src/core") else ".h")
        test = "tests/unit/%s.c" % noun_of(f, files)
        if is_noun and test not in files:
            yield f.path, 1, "there is no %s" % test


def suites(files):
    for f in c_files(files, "tests/unit", "tests/conform", "tests/emu", "tests/gpu"):
        for number, line in enumerate(f.code, 1):
            match = re.match(r"Test\(\s*(\w+)\s*,\s*(\w+)", line)
            if match and f.under("tests/unit") and match.group(1) != f.stem():
                yield f.path, number, "the suite %s stands in %s.c" % (match.group(1), f.stem())
            if match and "__" not in match.group(2):
                yield f.path, number, "%s is not function__case" % match.group(2)


def unused_rows(files):
    """A row of a .def list whose name appears nowhere else in the way that its uses are written."""
    uses = {"config": r"(?:\.|->|WEFT_SETTING_)%s\b", "trace": r"weft_trace_%s\b|WEFT_TRACE_%s\b",
            "result": r"\b%s\b"}
    own = re.compile(r"src/core/(config|trace|result)\.\w+$")
    code = "\n".join("\n".join(f.code) for f in c_files(files, "src", "transports", "plugins")
                     if not own.match(f.path))
    for list_name, use in uses.items():
        rows = files.get("src/core/%s.def" % list_name)
        for number, line in enumerate(rows.code if rows else [], 1):
            match = re.match(r"[A-Z_]+\((\w+)", line)
            if match and not re.search(use.replace("%s", match.group(1)), code):
                yield rows.path, number, "%s is used nowhere" % match.group(1)


def contracts(files):
    """A declaration of weft.h has a comment directly above it, or follows one that has."""
    f = files.get("include/weft.h")
    covered = False
    for number, line in enumerate(f.lines if f else [], 1):
        if line.strip() == "":
            covered = False
        elif line.rstrip().endswith("*/") and "----" not in line:
            covered = True
        match = re.match(r"(?:weftResult_t|const char \*)\s*(weft\w+)\(", line)
        if match and not covered:
            yield f.path, number, match.group(1)


def typedefs(files):
    for f in c_files(files, "src", "transports", "plugins", "tools", "perf"):
        for number, line in enumerate(f.code, 1):
            if re.match(r"\s*typedef\s+(struct|union)\b(?!.*\*)", line):
                yield f.path, number, line.strip()


def unfinished(files):
    words = re.compile(r"\b(FIX" + r"ME|TO" + r"DO|XX" + r"X)\b")
    for f in files.values():
        for number, line in enumerate(f.lines, 1):
            match = words.search(line)
            if match and not f.under("tests/lint", "tests/data"):
                yield f.path, number, match.group(1)


def heads(files):
    for f in files.values():
        first = f.lines[1:] if f.lines[0].startswith("#!") else f.lines
        opens = {"/*"} if f.is_c else {"#", '"""'} if f.path.endswith((".py", ".sh")) else None
        if opens and not any(first[0].startswith(mark) for mark in opens if first):
            yield f.path, 1, "begins with `%s`" % (first[0][:40] if first else "")


def places(files):
    pattern = re.compile(r"(?<![\w.])/(?:wor[k]|home|root|Users)/")
    for f in files.values():
        for number, line in enumerate(f.lines, 1):
            if pattern.search(line):
                yield f.path, number, line.strip()


def promises(files):
    """What the table of promises names exists, and no planted bug is left out of it."""
    page = files.get("ARCHITECTURE.md")
    oracles = files.get("tests/sim/oracles.def")
    mutants = files.get("tests/mutants/mutants.txt")
    if not (page and oracles and mutants):
        return
    known = {2: set(re.findall(r'^ORACLE\(\w+, "([\w-]+)"', oracles.text, re.MULTILINE)),
             3: set(re.findall(r"^mutant:\s*(\S+)", mutants.text, re.MULTILINE))}
    named = set()
    heading = ""
    for number, line in enumerate(page.lines, 1):
        if line.startswith("## "):
            heading = line
        cells = line.strip("| ").split(" | ")
        if heading != "## What proves the promises" or not line.startswith("|") or len(cells) < 4:
            continue
        for column, names in known.items():
            for name in re.findall(r"`([^`]+)`", cells[column]):
                named.add(name)
                if name not in names:
                    yield page.path, number, "there is no %s" % name
    for number, line in enumerate(mutants.lines, 1):
        match = re.match(r"mutant:\s*(\S+)", line)
        if match and match.group(1) not in named:
            yield mutants.path, number, "%s proves no promise of ARCHITECTURE.md" % match.group(1)


RULES = [
    ("columns", "a line has %d columns at most" % COLUMNS_MAX, columns),
    ("function-length", "a function fits a screen: %d lines" % FUNCTION_LINES_MAX, function_length),
    ("file-length", "is there a second noun in it? %d lines" % FILE_LINES_MAX, file_length),
    ("direction", "folders point one way: base <- core <- host <- api", direction),
    ("transport-sees", "a transport sees include/, src/base, the stubs and its own folder",
     transport_sees),
    ("transport-seen", "transports are known to src/host/registry.c alone", transport_seen),
    ("core-conditions", "the core is the same everywhere; what differs comes in as data",
     core_conditions),
    ("core-headers", "base and core do no I/O and need no C library", core_headers),
    ("core-floats", "equal calls give equal actions: integers only", core_floats),
    ("core-memory", "the core's memory is given to its _init", core_memory),
    ("banned-call", "see STYLE.md", banned),
    ("environment", "settings come from config.def; src/host/env.c reads the environment",
     environment),
    ("printing", "what is said goes through src/host/log.c", printing),
    ("atomics", "threads meet in src/base/ring.h alone", atomics),
    ("untested", "one noun, one file, one test", untested),
    ("suite", "a noun's test is its suite, and a test's name says function and case", suites),
    ("unused-row", "a setting, event or result that nothing uses misleads its reader", unused_rows),
    ("contract", "a public function says what it needs, does and returns", contracts),
    ("typedef", "no typedef for a struct", typedefs),
    ("unfinished", "what is not done is an issue, not a comment", unfinished),
    ("head", "a file opens with what it is, what always holds, what it leaves to others", heads),
    ("place", "the path is of one machine", places),
    ("promise", "a promise is proved by an oracle and by a bug that it catches", promises),
]


def lint(root):
    """(path, line, rule, what, reason) of each find."""
    files = read_tree(root)
    for name, reason, check in RULES:
        for path, line, what in check(files):
            yield path, line, name, what, reason


def main():
    root = sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(__file__), "../..")
    finds = list(lint(root))
    for path, line, rule, what, reason in sorted(finds):
        print("%s:%d: %s: %s (%s)" % (path, line, rule, what, reason))
    print("%d rules, %d finds" % (len(RULES), len(finds)))
    return 1 if finds else 0


if __name__ == "__main__":
    sys.exit(main())
