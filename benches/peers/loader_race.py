"""Starts one process for each measurement of a contestant with one of its settings, and keeps what they tell."""

import json
import statistics
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import loader_checks
import loader_contestants
import numpy as np
from environment import HERE
from loader_cases import PATCHWEAVE, Case
from processes import ERRORS, ask, described

# A process that takes longer has failed.
PATIENCE_S = 600
# Settings slower than this part of a contestant's best in the first round are not measured again.
IN_REACH = 0.8
WORKERS = {"1 worker": "1", "2 workers": "2"}


@dataclass
class Effort:
    """How much is measured."""

    n_processes: int
    n_windows: int
    seconds: float

    def arguments(self) -> list[str]:
        return ["--seconds", str(self.seconds), "--windows", str(self.n_windows)]


@dataclass
class Tally:
    """What one contestant reached with one setting in one case."""

    rates: list[float] = field(default_factory=list)
    first_s: list[float] = field(default_factory=list)
    n_processes: int = 0
    checked: str = ""
    failure: str = ""
    is_out: bool = False

    @property
    def rate(self) -> float:
        return statistics.median(self.rates) if self.rates and not self.failure else 0.0


class Race:
    def __init__(self, program: Path, folder: Path, effort: Effort) -> None:
        self.program, self.folder, self.effort = program, folder, effort
        self.tallies: dict[tuple[str, str, str], Tally] = {}
        self.disagreements: list[str] = []

    def settings(self, case: Case, contestant: str) -> list[str]:
        if case.is_statistics:
            return [""]
        of_others = loader_contestants.CONTESTANTS
        return list(WORKERS if contestant == PATCHWEAVE else of_others[contestant].settings)

    def best(self, case: Case, contestant: str) -> tuple[str, Tally]:
        """The fastest setting of those that were measured to the end, and what it reached."""
        tallies = {setting: self.tallies[case.name, contestant, setting] for setting in self.settings(case, contestant)}
        setting = max(tallies, key=lambda setting: 0.0 if tallies[setting].is_out else tallies[setting].rate)
        return setting, tallies[setting]

    def run(self, case: Case) -> None:
        task = self.folder / f"{case.name}.json"
        task.write_text(json.dumps(case.task(self.folder)))
        image = np.load(case.image(self.folder), mmap_mode="r")
        entries = [(c, setting) for c in case.contestants for setting in self.settings(case, c)]
        for contestant, setting in entries:
            self.tallies[case.name, contestant, setting] = Tally()
        for repeat in range(self.effort.n_processes):
            print(f"{case.name}, round {repeat + 1} of {self.effort.n_processes}", file=sys.stderr)
            # Nobody always runs after the same neighbour.
            turn = repeat % len(entries)
            for contestant, setting in entries[turn:] + entries[:turn]:
                tally = self.tallies[case.name, contestant, setting]
                if tally.failure or tally.is_out:
                    continue
                try:
                    self.once(case, contestant, setting, task, None if repeat else image)
                except ERRORS as error:
                    tally.failure = described(error)
            if repeat == 0:
                self.leave_slow_settings(case)

    def leave_slow_settings(self, case: Case) -> None:
        for contestant in case.contestants:
            _, best = self.best(case, contestant)
            for setting in self.settings(case, contestant):
                tally = self.tallies[case.name, contestant, setting]
                tally.is_out = tally.rate < IN_REACH * best.rate

    def once(self, case: Case, contestant: str, setting: str, task: Path, image: np.ndarray | None) -> None:
        tally = self.tallies[case.name, contestant, setting]
        with tempfile.TemporaryDirectory(dir=self.folder) as temporary:
            folder = Path(temporary)
            command = [*self.command(contestant, setting), "--task", str(task), *self.effort.arguments()]
            if image is not None:
                command += ["--check", temporary, "--check-batches", str(case.n_checked)]
            answer = ask(command, PATIENCE_S)
            tally.rates += answer["rates"]
            if not case.is_statistics:
                tally.first_s.append(answer["first_batch_s"])
                tally.n_processes = answer["n_processes"]
            if image is None:
                return
            try:
                if case.is_statistics:
                    tally.checked = loader_checks.check_statistics(case, answer["means"], answer["stds"])
                else:
                    shapes = answer["shapes"].items()
                    arrays = {role: np.fromfile(folder / role, "<f4").reshape(shape) for role, shape in shapes}
                    tally.checked = loader_checks.check(case, arrays, image)
            except (ValueError, LookupError) as error:
                self.disagreements.append(f"{case.name}: {contestant}, {setting}: {described(error)}")

    def command(self, contestant: str, setting: str) -> list[str]:
        if contestant == PATCHWEAVE:
            return [str(self.program), "--workers", WORKERS.get(setting, "2")]
        program = [sys.executable, str(HERE / "loader_contestants.py")]
        return [*program, "--contestant", contestant, "--setting", setting]
