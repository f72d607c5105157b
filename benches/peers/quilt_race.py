"""Starts one process for each measurement of an operation by a contestant, and keeps what the processes tell."""

import json
import statistics
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from environment import HERE
from processes import ERRORS, ask, described
from quilt_cases import CONTESTANTS, PATCHWEAVE, Case
from quilt_checks import Expected

# A process that takes longer has failed.
PATIENCE_S = 600
# What a contestant is given to write into, or returns; the plain copy is measured in turn with patchweave.
EXISTING, FRESH, COPY_EXISTING, COPY_FRESH = "existing", "fresh", "copy existing", "copy fresh"


@dataclass
class Effort:
    """How much is measured, and what every contestant may use."""

    n_processes: int
    seconds: float
    n_threads: int

    def arguments(self) -> list[str]:
        return ["--seconds", str(self.seconds), "--threads", str(self.n_threads)]


@dataclass
class Tally:
    """What one contestant reached in one operation of one case: for every way, the median of each process."""

    rates: dict[str, list[float]] = field(default_factory=dict)
    # By how much of the value results are off; `None` before they were compared, or if that is too much.
    off: float | None = None
    failure: str = ""

    def rate(self, way: str = FRESH) -> float:
        found = self.rates.get(way)
        return statistics.median(found) if found and not self.failure else 0.0


class Race:
    def __init__(self, program: Path, folder: Path, effort: Effort) -> None:
        self.program, self.folder, self.effort = program, folder, effort
        self.tallies: dict[tuple[str, str, str], Tally] = {}
        self.refusals: dict[tuple[str, str], str] = {}
        self.disagreements: list[str] = []

    def run(self, case: Case) -> None:
        case.prepare(self.folder)
        task = self.folder / f"{case.name}.json"
        task.write_text(json.dumps(case.task(self.folder)))
        entries = []
        for operation, contestants in CONTESTANTS.items():
            for contestant in contestants:
                if reason := case.refusal(contestant):
                    self.refusals[case.name, contestant] = reason
                else:
                    entries.append((operation, contestant))
                    self.tallies[case.name, operation, contestant] = Tally()
        expected = Expected(case, np.load(case.images(self.folder)))
        for repeat in range(self.effort.n_processes):
            print(f"{case.name}, round {repeat + 1} of {self.effort.n_processes}", file=sys.stderr)
            # Nobody always runs after the same neighbour.
            turn = repeat % len(entries)
            for operation, contestant in entries[turn:] + entries[:turn]:
                tally = self.tallies[case.name, operation, contestant]
                if tally.failure:
                    continue
                try:
                    self.once(case, operation, contestant, task, None if repeat else expected)
                except ERRORS as error:
                    tally.failure = described(error)

    def once(self, case: Case, operation: str, contestant: str, task: Path, expected: Expected | None) -> None:
        tally = self.tallies[case.name, operation, contestant]
        with tempfile.TemporaryDirectory(dir=self.folder) as temporary:
            command = [*self.command(contestant), "--operation", operation, "--task", str(task)]
            command += self.effort.arguments()
            if expected:
                command += ["--check", temporary]
            answer = ask(command, PATIENCE_S)
            for way, found in answer["rates"].items():
                tally.rates.setdefault(way, []).append(statistics.median(found))
            if not expected:
                return
            try:
                tally.off = expected.check(operation, contestant, answer, Path(temporary))
            except (ValueError, LookupError, OSError) as error:
                self.disagreements.append(f"{case.name}, {operation}: {contestant}: {described(error)}")

    def command(self, contestant: str) -> list[str]:
        if contestant == PATCHWEAVE:
            return [str(self.program)]
        return [sys.executable, str(HERE / "quilt_contestants.py"), "--contestant", contestant]
