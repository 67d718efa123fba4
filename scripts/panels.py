"""Measures the alarms of panels on simulated roofs: false ones, and the sunny days until a defect is found."""

import argparse
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import timedelta
import json
from pathlib import Path
from statistics import median
import sys
from time import process_time
from types import ModuleType

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
# An empty package in place of the integration's, which needs Home Assistant.
package = ModuleType("apsystems_openapi")
package.__path__ = [str(ROOT / "custom_components" / "apsystems_openapi")]
sys.modules[package.__name__] = package

from apsystems_openapi.schedule.sun import Site  # noqa: E402
from apsystems_openapi.system.panels import Memory, follow, judge, report  # noqa: E402

from simulator.roofs import CLIMATES, DefectKind, random_house  # noqa: E402
from tests.panel_runner import (  # noqa: E402
    FIRST_DAY,
    SEEDS,
    Judge,
    Outcome,
    defect_of,
    false_alarms,
    large_house,
    outcome,
    panel_years,
)

HEALTHY_DAYS = 730
STORED_DAYS = 30
JUDGE = Judge(memory=Memory(), follow=follow, report=report, site=Site)


@dataclass(frozen=True)
class Row:
    """The figures of one kind of defect; days are sunny ones."""

    defect: str
    houses: int
    found: int
    median_days: float | None
    worst_days: int | None
    lost: float
    """Greatest share of a panel's power that was lost when the alarm came; for soiling only."""
    cleared_days: int | None
    """Worst."""
    other_alarms: int


def main() -> None:
    """Print the table."""
    args = arguments()
    years, alarms = healthy(args.seed, args.healthy)
    rows = list(defects(args.seed, args.defects))
    seconds = timed(args.large)
    if args.json:
        figures = {"seed": args.seed, "panel_years": years, "false_alarms": alarms, "large_s": seconds}
        print(json.dumps(figures | {"defects": [asdict(row) for row in rows]}, indent=1))
        return
    print(f"Seed {args.seed}: {len(alarms)} false alarms in {years:.0f} panel-years without defects")
    for alarm in alarms:
        print(f"  {alarm}")
    print(f"{args.large} panels, {STORED_DAYS} days: {seconds:.2f} s")
    print(f"\n{'defect':28}{'houses':>8}{'found':>7}{'median':>8}{'worst':>7}{'lost':>6}{'cleared':>9}{'others':>8}")
    for row in rows:
        figures = f"{row.houses:8}{row.found:7}{shown(row.median_days):>8}{shown(row.worst_days):>7}{row.lost:6.0%}"
        print(f"{row.defect:28}{figures}{shown(row.cleared_days):>9}{row.other_alarms:8}")


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--healthy", type=int, default=50, help="houses without a defect, watched for two years")
    parser.add_argument("--defects", type=int, default=50, help="houses with each kind of defect")
    parser.add_argument("--large", type=int, default=240, help="panels of the plant whose judgement is timed")
    parser.add_argument("--json", action="store_true", help="print JSON instead of the table")
    return parser.parse_args()


def healthy(seed: int, houses: int) -> tuple[float, list[str]]:
    """Return the panel-years without defects, and the alarms in them."""
    years, alarms = 0.0, []
    for number in range(seed * SEEDS, seed * SEEDS + houses):
        house = random_house(number, CLIMATES[number % len(CLIMATES)])
        years += panel_years(house, HEALTHY_DAYS)
        latitude = house.climate.latitude
        for alarm, day in false_alarms(JUDGE, house, HEALTHY_DAYS):
            alarms.append(f"house {number} at {latitude}: {alarm} on {day}")
    return years, alarms


def defects(seed: int, houses: int) -> Iterator[Row]:
    """Yield the rows of each kind of defect: with at least two siblings, and with fewer."""
    for kind in DefectKind:
        made = [outcome(JUDGE, *defect_of(kind, number)) for number in range(seed * SEEDS, seed * SEEDS + houses)]
        known = [result for result in made if result is not None]
        is_inverter = kind is DefectKind.INVERTER
        yield row(kind.value, kind, [result for result in known if is_inverter or result.siblings >= 2])
        if few := [result for result in known if not is_inverter and result.siblings < 2]:
            yield row(f"{kind.value}, few siblings", kind, few)


def row(name: str, kind: DefectKind, outcomes: list[Outcome]) -> Row:
    """Return the figures of some outcomes."""
    found = [result.found for result in outcomes if result.found is not None]
    return Row(
        defect=name,
        houses=len(outcomes),
        found=len(found),
        median_days=median(found) if found else None,
        worst_days=max(found, default=None),
        lost=max((result.lost for result in outcomes), default=0.0) if kind is DefectKind.SOILING else 0.0,
        cleared_days=max((result.cleared for result in outcomes if result.cleared is not None), default=None),
        other_alarms=sum(result.others for result in outcomes),
    )


def timed(panels: int) -> float:
    """Return the processor time in seconds of judging the stored days of a large plant."""
    house = large_house(panels)
    site = Site(latitude=house.climate.latitude, longitude=house.climate.longitude, zone=house.climate.zone)
    days = {day: house.day(day).curves for day in (FIRST_DAY + timedelta(n) for n in range(60, 60 + STORED_DAYS))}
    start = process_time()
    judge(Memory(), site, days, dict.fromkeys(house.uids, "ECU"))
    return process_time() - start


def shown(figure: float | None) -> str:
    """Return a figure, or a hyphen."""
    return "-" if figure is None else f"{figure:.0f}"


if __name__ == "__main__":
    main()
