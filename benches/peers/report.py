"""The tables and which goals hold. Measures nothing."""

import statistics

from cases import CACHED, PATCHWEAVE, UNCACHED, ZARR_PYTHON, Case
from race import Race, Tally
from tables import number, table

FIRST_PATCH = ["zarr_128_zstd", "tiff_tiled_deflate"]
PACKAGES = ["tensorstore", "zarr", "zarrs", "tifffile", "imagecodecs", "numpy"]


def rates(cases: list[Case], race: Race) -> str:
    rows = []
    for case in cases:
        ours = race.tallies[case.name, PATCHWEAVE].rate
        for reader in case.readers:
            tally = race.tallies[case.name, reader]
            if tally.failure:
                rows.append([case.name, reader, "failed, see below", "", "", ""])
                continue
            spread = f"{number(min(tally.rates))}–{number(max(tally.rates))}"
            ratio = f"{ours / tally.rate:.2f}" if ours else ""
            rows.append([case.name, reader, tally.setting, number(tally.rate), spread, ratio])
    header = ["case", "contestant", "settings", "median patches/s", "min–max", "patchweave is × as fast"]
    return table(header, 3, rows)


def first_patches(cases: list[Case], race: Race) -> str:
    def milliseconds(tally: Tally) -> list[float]:
        # The first process may have begun with another setting than the one that proved best.
        return [1000 * s for s in tally.first_s[1:] or tally.first_s]

    rows = []
    for case in cases:
        if case.name not in FIRST_PATCH:
            continue
        tallies = {reader: race.tallies[case.name, reader] for reader in case.readers}
        ours = None if tallies[PATCHWEAVE].failure else statistics.median(milliseconds(tallies[PATCHWEAVE]))
        for reader, tally in tallies.items():
            if tally.failure:
                continue
            values = milliseconds(tally)
            median = statistics.median(values)
            ratio = f"{median / ours:.2f}" if ours else ""
            rows.append([case.name, reader, f"{median:.2f}", f"{min(values):.2f}–{max(values):.2f}", ratio])
    header = ["first patch of", "contestant", "median ms", "min–max", "patchweave is × as fast"]
    return table(header, 2, rows) if rows else ""


def goals(cases: list[Case], race: Race) -> list[str]:
    def factors(readers: list[str], chosen: list[Case]) -> list[tuple[float, str]]:
        """How many times as fast as the best of these readers, in each case."""
        found = []
        for case in chosen:
            best = max(race.tallies[case.name, reader].rate for reader in readers)
            if best:
                found.append((race.tallies[case.name, PATCHWEAVE].rate / best, case.name))
        return found

    zarr = [case for case in cases if case.is_zarr]
    shared, once = [c for c in zarr if c.is_shared], [c for c in zarr if not c.is_shared]
    lines = []
    for goal, what, found in (
        (1.5, "cached tensorstore, chunks used more than once", factors([CACHED], shared)),
        (0.9, "tensorstore, cached or not, anywhere", factors([CACHED, UNCACHED], zarr)),
        (10, "zarr-python, chunks used more than once", factors([ZARR_PYTHON], shared)),
        (10, "zarr-python, chunks used once", factors([ZARR_PYTHON], once)),
    ):
        if not found:
            lines.append(f"not measured: at least {goal} × {what}")
            continue
        (least, where), (most, _) = min(found), max(found)
        missed = [name for factor, name in found if factor < goal]
        verdict = f"missed in {len(missed)} of {len(found)} cases" if missed else f"ok in {len(found)} cases"
        lines.append(f"{verdict}: at least {goal} × {what}: reached {least:.2f} ({where}) to {most:.2f}")
    return lines


def outcome(cases: list[Case], race: Race) -> str:
    n_compared = sum(tally.n_compared for tally in race.tallies.values())
    lines = goals(cases, race)
    n_wrong = len(race.disagreements)
    lines.append(f"pixels: {n_compared} patches compared with the images, disagreements: {n_wrong}")
    lines += race.disagreements
    lines += [f"failed: {case}, {reader}: {t.failure}" for (case, reader), t in race.tallies.items() if t.failure]
    return "\n".join(lines)
