#!/usr/bin/env bash
# Drawings: of a seed with one server and several, both are XML; the second has a row for each
# lane, what the servers asked for, and when all was restored.
#
#     drawing.sh PROGRAM
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

"$1" --seed 546 --svg "$folder/run.svg" >/dev/null 2>&1
python3 - "$folder" <<'END'
import sys
import xml.etree.ElementTree as tree

WANTED = ["seed 546, ", "server 0: ", "server 1: ", "call ", "lane:", "all is restored"]

tree.parse(sys.argv[1] + "/run.svg")
texts = [text.text for text in tree.parse(sys.argv[1] + "/run.fleet.svg").iter()
         if text.tag.endswith("text")]
missing = [words for words in WANTED if not any(t and t.startswith(words) for t in texts)]
for words in missing:
    print("the drawing does not say:", words)
sys.exit(bool(missing))
END
echo "the drawings of seed 546 say what they must"
