"""``python -m tests.benchmarks``: run the rows, print the table. See docs/reference/benchmarks.md."""

from __future__ import annotations

import argparse
import json
import sys

from tests.benchmarks.measure import Comparison, table
from tests.benchmarks.rows import ROWS
from tests.benchmarks.world import world

_FEWEST_ROUNDS = 5


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument(
        "--row", type=int, action="append", choices=sorted(ROWS), help="only this row (repeatable)"
    )
    parser.add_argument("--rounds", type=int, default=7, help="how often each work is done (5-)")
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--json", action="store_true", help="everything measured, as JSON")
    parser.add_argument("--quick", action="store_true", help="smaller sizes, for a first look")
    arguments = parser.parse_args()
    if arguments.rounds < _FEWEST_ROUNDS:
        parser.error(f"a median needs at least {_FEWEST_ROUNDS} rounds")
    found: list[Comparison] = []
    with world(arguments.database, arguments.rounds, quick=arguments.quick) as place:
        for number in arguments.row or sorted(ROWS):
            print(f"row {number}: {ROWS[number].__doc__}", file=sys.stderr, flush=True)
            found += ROWS[number](place)
    if arguments.json:
        print(json.dumps([item.as_dict() for item in found], indent=2))
    else:
        print(table(found))


if __name__ == "__main__":
    main()
