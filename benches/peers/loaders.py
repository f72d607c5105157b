"""Loads the same batches with patchweave and with other loaders, and prints who delivers how many patches in a second.

    python benches/peers/loaders.py

Needs Python 3.11 and cargo. README.md beside this file says what is measured and how to read the tables.
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path

# No folders of compiled files among the sources.
sys.dont_write_bytecode = True
import environment
from environment import HERE, fail

GROWTH = "growth"


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Batches: patchweave beside other loaders.")
    add = parser.add_argument
    add("--quick", action="store_true", help="short windows, one process each: to see that all works")
    add("--patchweave", type=Path, metavar="PATH", help="the program peer_loaders, instead of building it")
    add("--data", type=Path, metavar="FOLDER", help="keep the images there for the next time")
    add("--cases", default="", metavar="TEXT", help="only cases whose name has this text; growth is one")
    add("--repeats", type=int, metavar="N", help="processes for each case, contestant and setting (5; 1 if quick)")
    add("--cpus", type=int, default=2, metavar="N", help="processors that all may use, where the system allows (2)")
    return parser.parse_args()


def main() -> int:
    chosen = options()
    environment.enter(HERE / ".venv-loaders", HERE / "requirements-loaders.txt")
    # Only there from here on.
    import growth
    import loader_report as report
    import tables
    from loader_cases import all_cases
    from loader_race import Effort, Race

    cases = [case for case in all_cases() if chosen.cases in case.name]
    has_growth = chosen.cases in GROWTH
    if not cases and not has_growth:
        fail(f"no case has {chosen.cases!r} in its name")
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: chosen.cpus])
    effort = Effort(
        n_processes=chosen.repeats or (1 if chosen.quick else 5),
        n_windows=1 if chosen.quick else 2,
        seconds=0.5 if chosen.quick else 2,
    )
    program = chosen.patchweave.resolve() if chosen.patchweave else environment.build("peer_loaders")
    with tempfile.TemporaryDirectory(prefix="peers-") as temporary:
        folder = (chosen.data or Path(temporary)).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        print("writing images", file=sys.stderr)
        for case in cases:
            case.prepare(folder)
        load_before = tables.load()
        race = Race(program, folder, effort)
        for case in cases:
            race.run(case)
        grown = []
        if has_growth:
            print(GROWTH, file=sys.stderr)
            grown = growth.run(program, folder, effort)
    print(tables.machine(report.PACKAGES))
    print(f"load before and after: {load_before}, {tables.load()}; below 1 before is an idle machine")
    texts = [report.rates(cases, race), report.first_batches(cases, race)] if cases else []
    for text in (*texts, report.growth(grown), report.outcome(cases, race, grown)):
        if text:
            print(f"\n{text}")
    return 1 if race.disagreements else 0


if __name__ == "__main__":
    sys.exit(main())
