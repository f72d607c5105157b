"""The tables and which goals hold. Measures nothing."""

import statistics

from growth import Growth
from loader_cases import PATCHWEAVE, Case
from loader_race import Race
from tables import number, table

PACKAGES = ["careamics", "torch", "monai", "torchio", "numpy"]
FIRST_BATCH_MS = 50
# How far the smallest and the largest source may be apart.
SPREAD = 0.2


def rates(cases: list[Case], race: Race) -> str:
    rows = []
    for case in cases:
        # Statistics are counted in images.
        n_units = case.shape[-1] * case.shape[-2] / 1e6 if case.is_statistics else 1
        _, ours = race.best(case, PATCHWEAVE)
        for contestant in case.contestants:
            setting, tally = race.best(case, contestant)
            if not tally.rate:
                rows.append([case.name, contestant, "failed, see below", "", "", ""])
                continue
            found = [rate * n_units for rate in tally.rates]
            spread = f"{number(min(found))}–{number(max(found))}"
            ratio = f"{ours.rate / tally.rate:.2f}"
            median = f"{number(statistics.median(found))} {case.unit}"
            rows.append([case.name, contestant, setting, median, spread, ratio])
    return table(["case", "contestant", "settings", "median", "min–max", "patchweave is × as fast"], 3, rows)


def first_batches(cases: list[Case], race: Race) -> str:
    rows = []
    for case in (case for case in cases if case.has_first_batch):
        for contestant in case.contestants:
            for setting in race.settings(case, contestant):
                tally = race.tallies[case.name, contestant, setting]
                if tally.failure or tally.is_out:
                    continue
                values = [1000 * s for s in tally.first_s]
                spread = f"{min(values):.1f}–{max(values):.1f}"
                median = f"{statistics.median(values):.1f}"
                rows.append([case.name, contestant, setting, median, spread, str(tally.n_processes)])
    header = ["first batch of", "contestant", "settings", "median ms", "min–max", "further processes"]
    return table(header, 3, rows) if rows else ""


def growth(grown: list[Growth]) -> str:
    rows = []
    for source in grown:
        first = next(other for other in grown if other.kind == source.kind)
        spread = f"{number(min(source.rates))}–{number(max(source.rates))}"
        hits = f"{100 * source.hit_rate:.1f} %"
        memory = f"{source.peak_bytes / 2**20:.0f} MiB"
        ratio = f"{source.rate / first.rate:.2f}"
        rows.append([source.kind, source.size, str(source.n_patches), number(source.rate), spread, ratio, hits, memory])
    header = ["chunks", "source", "patches", "median patches/s", "min–max", "× the smallest", "hits", "peak memory"]
    return table(header, 2, rows) if rows else ""


def goals(cases: list[Case], race: Race, grown: list[Growth]) -> list[str]:
    def line(is_reached: bool, text: str) -> str:
        return f"{'ok' if is_reached else 'missed'}: {text}"

    lines = []
    for case in cases:
        _, ours = race.best(case, PATCHWEAVE)
        for goal in case.goals:
            best = max(race.best(case, contestant)[1].rate for contestant in goal.contestants)
            what = f"{case.name}: at least {goal.factor:g} × {goal.what}"
            reached = ours.rate / best if best else 0.0
            lines.append(line(reached >= goal.factor, f"{what}: {reached:.2f}") if best else f"not measured: {what}")
        if case.has_first_batch and ours.first_s:
            median = 1000 * statistics.median(ours.first_s)
            is_reached = median < FIRST_BATCH_MS and ours.n_processes == 0
            text = f"first batch of {case.name}: below {FIRST_BATCH_MS} ms, no further processes"
            lines.append(line(is_reached, f"{text}: {median:.1f} ms, {ours.n_processes}"))
    for kind in dict.fromkeys(source.kind for source in grown):
        found = [source.rate for source in grown if source.kind == kind]
        apart = 1 - min(found) / max(found)
        text = f"growth, chunks {kind}: within {100 * SPREAD:.0f} % of one another: {100 * apart:.0f} %"
        lines.append(line(apart <= SPREAD, text))
    return lines


def outcome(cases: list[Case], race: Race, grown: list[Growth]) -> str:
    lines = goals(cases, race, grown)
    lines.append(f"disagreements with the images: {len(race.disagreements)}")
    lines += race.disagreements
    for (case, contestant, setting), tally in race.tallies.items():
        name = ", ".join(filter(None, (case, contestant, setting)))
        if tally.failure:
            lines.append(f"failed: {name}: {tally.failure}")
        elif tally.checked:
            lines.append(f"checked: {name}: {tally.checked}")
    return "\n".join(lines)
