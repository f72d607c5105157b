"""Reads the same random patches with patchweave and with other readers, and prints who reads how many in a second.

    python benches/peers/stacks.py

Needs Python 3.11 and cargo. README.md beside this file says what is measured and how to read the tables.
"""

import argparse
import sys
import tempfile
from pathlib import Path

# No folders of compiled files among the sources.
sys.dont_write_bytecode = True
import environment
from environment import HERE, fail


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Random patches: patchweave beside other readers.")
    add = parser.add_argument
    add("--quick", action="store_true", help="few patches, one process each: to see that all works")
    add("--patchweave", type=Path, metavar="PATH", help="the program peer_stacks, instead of building it")
    add("--data", type=Path, metavar="FOLDER", help="keep the images there for the next time")
    add("--cases", default="", metavar="TEXT", help="only cases whose name has this text")
    add("--patches", type=int, metavar="N", help="patches anywhere in a volume (1000; 100 if quick)")
    add("--repeats", type=int, metavar="N", help="processes for each case and contestant (5; 1 if quick)")
    add("--threads", type=int, default=2, metavar="N", help="threads of each contestant (2)")
    add("--cache-mib", type=int, default=1024, metavar="N", help="cache of each contestant (1024)")
    return parser.parse_args()


def main() -> int:
    chosen = options()
    environment.enter(HERE / ".venv", HERE / "requirements.txt")
    # Only there from here on.
    import data
    import report
    import tables
    from cases import all_cases
    from race import Effort, Race

    cases = [case for case in all_cases(is_quick=chosen.quick, n_patches=chosen.patches) if chosen.cases in case.name]
    if not cases:
        fail(f"no case has {chosen.cases!r} in its name")
    effort = Effort(
        n_processes=chosen.repeats or (1 if chosen.quick else 5),
        n_passes=1 if chosen.quick else 2,
        n_trials=0 if chosen.quick else 1,
        seconds=0.3 if chosen.quick else 0.6,
        n_threads=chosen.threads,
        cache_mib=chosen.cache_mib,
    )
    program = chosen.patchweave.resolve() if chosen.patchweave else environment.build("peer_stacks")
    with tempfile.TemporaryDirectory(prefix="peers-") as temporary:
        folder = (chosen.data or Path(temporary)).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        print("writing images", file=sys.stderr)
        data.make(folder, sorted({case.image for case in cases}))
        load_before = tables.load()
        race = Race(program, folder, effort)
        for case in cases:
            print(case.name, file=sys.stderr)
            race.run(case)
    print(tables.machine(report.PACKAGES))
    print(f"load before and after: {load_before}, {tables.load()}; below 1 before is an idle machine")
    for text in (report.rates(cases, race), report.first_patches(cases, race), report.outcome(cases, race)):
        if text:
            print(f"\n{text}")
    return 1 if race.disagreements else 0


if __name__ == "__main__":
    sys.exit(main())
