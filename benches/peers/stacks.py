"""Reads the same random patches with patchweave and with other readers, and prints who reads how many in a second.

    python benches/peers/stacks.py

Needs Python 3.11 and cargo. README.md beside this file says what is measured and how to read the tables.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import venv
from pathlib import Path
from typing import NoReturn

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
VENV = HERE / ".venv"
REQUIREMENTS = HERE / "requirements.txt"


def fail(text: str) -> NoReturn:
    # 1 is for pixels that differ.
    print(text, file=sys.stderr)
    sys.exit(2)


def enter_own_environment() -> None:
    """Runs this file again with the pinned packages, which are installed when they are not there or have changed."""
    python = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    installed = VENV / "installed.txt"
    if not installed.exists() or installed.read_text() != REQUIREMENTS.read_text():
        print(f"installing the other readers into {VENV.relative_to(ROOT)}", file=sys.stderr)
        venv.create(VENV, clear=True, with_pip=True)
        (VENV / ".gitignore").write_text("*\n")
        install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", REQUIREMENTS]
        if subprocess.run(install).returncode:
            fail("pip could not install the other readers")
        shutil.copy(REQUIREMENTS, installed)
    if Path(sys.prefix).resolve() != VENV:
        sys.stderr.flush()
        # No folders of compiled files among the sources.
        os.execve(python, [str(python), *sys.argv], {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"})


def build() -> Path:
    command = ["cargo", "build", "--release", "--example", "peer_stacks", "--message-format=json-render-diagnostics"]
    built = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    messages = [json.loads(line) for line in built.stdout.splitlines() if line.startswith("{")]
    programs = [m["executable"] for m in messages if m.get("target", {}).get("name") == "peer_stacks"]
    if built.returncode or not programs:
        fail("cargo could not build the example peer_stacks")
    return Path(programs[-1])


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
    enter_own_environment()
    # Only there from here on.
    import data
    import report
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
    program = chosen.patchweave.resolve() if chosen.patchweave else build()
    with tempfile.TemporaryDirectory(prefix="peers-") as temporary:
        folder = (chosen.data or Path(temporary)).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        print("writing images", file=sys.stderr)
        data.make(folder, sorted({case.image for case in cases}))
        load_before = report.load()
        race = Race(program, folder, effort)
        for case in cases:
            print(case.name, file=sys.stderr)
            race.run(case)
    print(report.machine())
    print(f"load before and after: {load_before}, {report.load()}; below 1 before is an idle machine")
    for text in (report.rates(cases, race), report.first_patches(cases, race), report.outcome(cases, race)):
        if text:
            print(f"\n{text}")
    return 1 if race.disagreements else 0


if __name__ == "__main__":
    sys.exit(main())
