#!/usr/bin/env python3
"""Tests of plant.py: what it makes of a place, and that it refuses a row that does not fit."""

import unittest

import plant

SOURCE = """static bool fits(uint64_t end, uint64_t size)
{
    count++;
    if (end <= size &&
        size > 0)
        return true;
    return false;
}
"""
ROW = "mutant: one\nbreaks: a rule\nproves: S1\n"


def planted(places):
    """The source with one mutant at the places, without its head."""
    mutants = plant.read_table(ROW + places)
    return plant.plant("a.c", SOURCE, mutants).split("\n", 2)[2]


class Plant(unittest.TestCase):
    def test_expression(self):
        text = planted("file: a.c\nfind: end <= size\nplant: end <= size + 1\n")
        self.assertIn("if ((weft_mutant == 1 ? (end <= size + 1) : (end <= size)) &&", text)

    def test_statement(self):
        text = planted("file: a.c\nfind: count++;\nplant:\n")
        self.assertIn("    { if (weft_mutant == 1) {  } else { count++; } }\n", text)

    def test_blanks_match_line_ends(self):
        text = planted("file: a.c\nfind: end <= size && size > 0\nplant: end\n")
        self.assertIn("(weft_mutant == 1 ? (end) : (end <= size &&\n        size > 0))", text)

    def test_backquotes_say_where(self):
        text = planted("file: a.c\nfind: if (`end` <= size\nplant: 0\n")
        self.assertIn("if ((weft_mutant == 1 ? (0) : (end)) <= size", text)

    def test_lines_stay(self):
        text = planted("file: a.c\nfind: count++;\nplant: size = 0;\n  end = 0;\n")
        self.assertEqual(text.count("\n"), SOURCE.count("\n"))
        self.assertIn("{ size = 0; end = 0; }", text)

    def test_two_in_one_place(self):
        table = ROW + "file: a.c\nfind: return false;\nplant:\n"
        table += table.replace("one", "two").replace("plant:", "plant: return size == 0;")
        text = plant.plant("a.c", SOURCE, plant.read_table(table))
        self.assertIn("{ if (weft_mutant == 1) {  } else if (weft_mutant == 2) "
                      "{ return size == 0; } else { return false; } }", text)


# what stands in the table, what the error must say
WRONG = [
    (ROW + "file: a.c\nfind: gone\nplant: 0\n", "mutant one: src/core/a.c has its text 0 times"),
    (ROW + "file: a.c\nfind: size\nplant: 0\n", "mutant one: src/core/a.c has its text 3 times"),
    (ROW + "file: a.c\nfind: `size > 0\nplant: 0\n", "mutant one: two backquotes or none"),
    (ROW + "file: a.c\nplant: 0\n", "mutant one: `plant` needs a `file` and a `find`"),
    (ROW + "file: a.c\nfind: count++;\n", "mutant one: a `find` has no `plant`"),
    (ROW + "breaks: again\n", "mutant one: `breaks` stands there twice"),
    (ROW + "ROW: a.c\n", "line 4: `ROW` is none of mutant, "),
    ("mutant: one\nbreaks: a\nfile: a.c\nfind: count++;\nplant:\n", "one: `proves` is missing"),
    ("file: a.c\n", "line 1: the first row begins with `mutant`"),
    ((ROW + "file: a.c\nfind: count++;\nplant:\n") * 2, "mutant one: the name stands there twice"),
    (ROW + "file: a.c\nfind: end <= size\nplant: 0\n" + ROW.replace("one", "two") +
     "file: a.c\nfind: size && size > 0\nplant: 0\n", "mutant one and mutant two plant in"),
]


class Refuse(unittest.TestCase):
    def test_wrong_rows(self):
        for table, says in WRONG:
            with self.subTest(says=says), self.assertRaises(plant.Wrong) as caught:
                plant.plant("a.c", SOURCE, plant.read_table(table))
            self.assertIn(says, str(caught.exception))


if __name__ == "__main__":
    unittest.main()
