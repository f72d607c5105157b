"""Cuts images into overlapping patches and blends them again with patchweave and with others, and prints how fast.

    python benches/peers/quilts.py

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


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Overlapping patches: patchweave beside others that cut and blend.")
    add = parser.add_argument
    add("--quick", action="store_true", help="short windows, one process each: to see that all works")
    add("--patchweave", type=Path, metavar="PATH", help="the program peer_quilts, instead of building it")
    add("--data", type=Path, metavar="FOLDER", help="keep the images there for the next time")
    add("--cases", default="", metavar="TEXT", help="only cases whose name has this text")
    add("--repeats", type=int, metavar="N", help="processes for each case, operation and contestant (5; 1 if quick)")
    add("--threads", type=int, default=2, metavar="N", help="threads, and processors where the system allows (2)")
    return parser.parse_args()


def main() -> int:
    chosen = options()
    environment.enter(HERE / ".venv-quilts", HERE / "requirements-quilts.txt")
    # Only there from here on.
    import quilt_report as report
    import tables
    from large_quilts import all_larges
    from quilt_cases import CONTESTANTS, all_cases
    from quilt_race import Effort, Race

    cases = [case for case in all_cases() if chosen.cases in case.name]
    larges = [case for case in all_larges(is_quick=chosen.quick) if chosen.cases in case.name]
    if not cases and not larges:
        fail(f"no case has {chosen.cases!r} in its name")
    effort = Effort(
        n_processes=chosen.repeats or (1 if chosen.quick else 5),
        seconds=0.3 if chosen.quick else 1,
        n_threads=chosen.threads,
    )
    program = chosen.patchweave.resolve() if chosen.patchweave else environment.build("peer_quilts")
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: chosen.threads])
    with tempfile.TemporaryDirectory(prefix="peers-") as temporary:
        folder = (chosen.data or Path(temporary)).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        load_before = tables.load()
        race = Race(program, folder, effort)
        for case in cases:
            race.run(case)
        for case in larges:
            case.run(program, folder, effort)
    print(tables.machine(report.PACKAGES))
    print(f"load before and after: {load_before}, {tables.load()}; below 1 before is an idle machine")
    texts = [report.sizes(cases), *(report.rates(operation, cases, race) for operation in CONTESTANTS)] if cases else []
    for text in (*texts, report.large(larges), report.outcome(cases, race, larges)):
        if text:
            print(f"\n{text}")
    return 1 if race.disagreements or any(case.disagreements for case in larges) else 0


if __name__ == "__main__":
    sys.exit(main())
