#!/usr/bin/env python3
"""Tests of lint.py: every rule finds what is planted for it, where it was planted, and nothing is
found in a tree that keeps the rules."""

import os
import tempfile
import unittest

import lint

HEAD = "/* What it is. */\n"
PROMISE = "| no late write | S6 | `%s` | `%s` |\n"
GOOD = {
    "include/weft.h": HEAD + "\n/* Does it. */\nweftResult_t weftPut(int a);\n",
    "src/base/ring.h": HEAD + "#include <stdatomic.h>\n",
    "src/core/config.def": HEAD + "SETTING_NUMBER(size, 1)\n",
    "src/core/path.c": HEAD + '#include "path.h"\n\nint weft_path(void)\n{\n    return 1;\n}\n',
    "src/core/path.h": HEAD + "#ifndef WEFT_PATH_H\n#define WEFT_PATH_H\n#include <stdint.h>\n"
                              "struct weft_path {\n    int state;\n};\n#endif\n",
    "src/host/env.c": HEAD + "char *weft_env(void)\n{\n    return getenv(\"A\");\n}\n",
    "src/host/log.c": HEAD + "void weft_log(int n)\n{\n    fprintf(stderr, \"x\");\n"
                             "    use(c->size);\n}\n",
    "src/host/registry.c": HEAD + '#include "tcp/tcp.h"\n',
    "transports/tcp/tcp.h": HEAD + '#include "weft.h"\n#include "../../src/base/ring.h"\n',
    "tests/mutants/mutants.txt": "mutant: left-out\n",
    "tests/sim/oracles.def": HEAD + 'ORACLE(LATE, "late", "S6", "none")\n',
    "ARCHITECTURE.md": "## What proves the promises\n" + PROMISE % ("late", "left-out"),
    "tests/unit/path.c": HEAD + "Test(path, next__first)\n{\n}\n",
    "tests/unit/ring.c": HEAD + "Test(ring, push__full)\n{\n}\n",
}


def body(lines):
    return HEAD + "void f(void)\n{\n" + "    step();\n" * lines + "}\n"


# rule, the file, what is planted in it, the line where it must be found
PLANTED = [
    ("columns", "src/host/a.c", HEAD + "int a; " + "/" * 94 + "\n", 2),
    ("columns", "tests/lint/a.sh", "# What it is.\n" + "a" * 101 + "\n", 2),
    ("function-length", "src/host/a.c", body(71), 3),
    ("file-length", "src/host/a.c", HEAD + "int a;\n" * 500, 501),
    ("direction", "src/base/a.h", HEAD + '#include "../core/path.h"\n', 2),
    ("direction", "src/core/path.h", HEAD + '#include "host/a.h"\n', 2),
    ("direction", "src/host/a.c", HEAD + '#include "api/a.h"\n', 2),
    ("transport-sees", "transports/tcp/a.c", HEAD + '#include "core/path.h"\n', 2),
    ("transport-sees", "transports/tcp/a.c", HEAD + '#include "udp/udp.h"\n', 2),
    ("transport-seen", "src/host/a.c", HEAD + '#include "tcp/tcp.h"\n', 2),
    ("transport-seen", "tools/weft-info/a.c", HEAD + '#include "tcp/tcp.h"\n', 2),
    ("core-conditions", "src/core/path.c", HEAD + "#ifdef __linux__\n#endif\n", 2),
    ("core-conditions", "src/core/path.c", HEAD + "#if DEBUG\n#endif\n", 2),
    ("core-conditions", "src/core/path.c", HEAD + "#ifndef NDEBUG\n#endif\n", 2),
    ("core-headers", "src/core/path.c", HEAD + "#include <stdio.h>\n", 2),
    ("core-headers", "src/base/ring.h", HEAD + "#include <pthread.h>\n", 2),
    ("core-floats", "src/core/path.c", HEAD + "static double rate;\n", 2),
    ("core-memory", "src/core/path.c", HEAD + "void f(void)\n{\n    p = malloc(1);\n}\n", 4),
    ("core-memory", "src/core/path.c", HEAD + "void f(void)\n{\n    free(p);\n}\n", 4),
    ("environment", "src/host/a.c", HEAD + 'char *a = getenv("A");\n', 2),
    ("environment", "plugins/x/a.c", HEAD + 'char *a = getenv("A");\n', 2),
    ("atomics", "src/host/a.c", HEAD + "#include <stdatomic.h>\n", 2),
    ("atomics", "transports/tcp/a.c", HEAD + "int f(void)\n{\n    __sync_synchronize();\n}\n", 4),
    ("untested", "src/core/lane.c", HEAD, 1),
    ("untested", "src/base/lane.h", HEAD, 1),
    ("untested", "src/core/lane_pull.c", HEAD, 1),
    ("suite", "tests/unit/path.c", HEAD + "Test(paths, next__first)\n{\n}\n", 2),
    ("suite", "tests/unit/path.c", HEAD + "Test(path, first)\n{\n}\n", 2),
    ("unused-row", "src/core/config.def", HEAD + "SETTING_TEXT(fault, 1)\n", 2),
    ("unused-row", "src/core/trace.def", HEAD + "EVENT(path_lost, a, b, c)\n", 2),
    ("unused-row", "src/core/result.def", HEAD + 'RESULT(weftTimeout, "late")\n', 2),
    ("contract", "include/weft.h", HEAD + "\nweftResult_t weftGet(int a);\n", 3),
    ("contract", "include/weft.h", HEAD + "\n/* ---- get ---- */\nweftResult_t weftGet(int);\n", 4),
    ("typedef", "src/host/a.h", HEAD + "typedef struct a {\n    int b;\n} a_t;\n", 2),
    ("typedef", "src/host/a.h", HEAD + "typedef union a a_t;\n", 2),
    ("unfinished", "src/host/a.c", HEAD + "/* TO" "DO: more */\n", 2),
    ("unfinished", "README.md", "FIX" "ME\n", 1),
    ("head", "src/host/a.c", "int a;\n", 1),
    ("head", "tests/a.py", "#!/usr/bin/env python3\nimport os\n", 1),
    ("place", "src/host/a.c", HEAD + 'char *a = "/hom' 'e/me/weft";\n', 2),
    ("place", "README.md", "see /wor" "k/main\n", 1),
    ("promise", "tests/mutants/mutants.txt", "mutant: left-out\n\nmutant: one-more\n", 3),
    ("promise", "ARCHITECTURE.md", "## What proves the promises\n" + PROMISE % ("l", "x"), 2),
    ("promise", "ARCHITECTURE.md", "## What proves the promises\n" + PROMISE % ("late", "out"), 2),
]
PLANTED += [("banned-call", "src/host/a.c", HEAD + "void f(void)\n{\n    %s(a, b);\n}\n" % name, 4)
            for name in lint.BANNED_CALLS]
PLANTED += [("printing", "transports/tcp/a.c", HEAD + "void f(void)\n{\n    %s(a);\n}\n" % name, 4)
            for name in lint.PRINTING]

# the file, what looks bad in it and is not
INNOCENT = [
    ("src/host/a.c", HEAD + "int a; " + "/" * 93 + "\n"),
    ("src/host/a.c", body(70)),
    ("src/host/a.c", HEAD + "int a;\n" * 499),
    ("src/host/a.c", HEAD + '/* sprintf(a) and\n * atoi(b) */\nchar *a = "strcpy(a); getenv()";\n'),
    ("src/host/a.c", HEAD + "void f(void)\n{\n    lane->puts(1);\n    my_rand(2);\n}\n"),
    ("src/host/a.c", HEAD + "void f(void)\n{\n    snprintf(a, 1, b);\n    free(a);\n}\n"),
    ("src/host/a.h", HEAD + "typedef struct CUctx_st *weft_cuda_context;\n"),
    ("src/api/a.c", HEAD + '#include "../host/a.h"\n#include "core/path.h"\n'),
    ("tests/conform/put.c", HEAD + "void helper(void)\n{\n    printf(a);\n}\n"),
    ("include/weft.h", HEAD + "\n/* A. */\nweftResult_t weftA(int);\nweftResult_t weftB(int);\n"),
    ("src/core/path_probe.c", HEAD + "int a;\n"),
    ("docs/a.md", "a line of prose " * 12 + "\n"),
    ("transports/tcp/a.c", HEAD + '#include "tcp.h"\n#include "weft.h"\n#include "base/ring.h"\n'),
]

BESIDE = {"src/host/a.h": HEAD, "src/api/a.h": HEAD, "transports/udp/udp.h": HEAD,
          "tests/unit/lane.h": HEAD}


def finds(files):
    with tempfile.TemporaryDirectory() as root:
        for path, text in files.items():
            os.makedirs(os.path.dirname(os.path.join(root, path)) or root, exist_ok=True)
            with open(os.path.join(root, path), "w", encoding="utf-8") as stream:
                stream.write(text)
        return [(rule, path, line) for path, line, rule, _, _ in lint.lint(root)]


class Lint(unittest.TestCase):
    def test_good_tree_has_no_find(self):
        self.assertEqual(finds(GOOD), [])

    def test_each_plant_is_found(self):
        for rule, path, text, line in PLANTED:
            with self.subTest(rule=rule, path=path, text=text[:80]):
                self.assertIn((rule, path, line), finds({**GOOD, **BESIDE, path: text}))

    def test_the_innocent_are_not_found(self):
        for path, text in INNOCENT:
            with self.subTest(path=path, text=text[:80]):
                self.assertEqual(finds({**GOOD, **BESIDE, path: text}), [])

    def test_every_rule_has_a_plant(self):
        planted = {rule for rule, _, _, _ in PLANTED}
        self.assertEqual(planted, {name for name, _, _ in lint.RULES})


if __name__ == "__main__":
    unittest.main()
