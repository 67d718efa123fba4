"""A year of planning: what each month spends on what, and how fresh its figures are, beside fixed polling."""

import argparse
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
import json
from pathlib import Path
import sys
from types import ModuleType
from zoneinfo import ZoneInfo

# The package's own __init__ needs Home Assistant; what is used of it here does not.
ROOT = Path(__file__).resolve().parent.parent
PACKAGE = "custom_components.apsystems_openapi"
sys.path.insert(0, str(ROOT))
sys.modules[PACKAGE] = ModuleType(PACKAGE)
sys.modules[PACKAGE].__path__ = [str(ROOT / PACKAGE.replace(".", "/"))]

from custom_components.apsystems_openapi.schedule.automatic import plan  # noqa: E402
from custom_components.apsystems_openapi.schedule.calls import Kind, Options, Plant, Slot  # noqa: E402
from custom_components.apsystems_openapi.schedule.fixed import fixed_plan  # noqa: E402
from custom_components.apsystems_openapi.schedule.preview import MonthForecast, forecast, summed  # noqa: E402
from custom_components.apsystems_openapi.schedule.quota import CHINA, Book  # noqa: E402
from custom_components.apsystems_openapi.schedule.sun import Site, sun_elevation  # noqa: E402

KINDS = (Kind.ECU_DAY, Kind.SUMMARY, Kind.HOURLY, Kind.BATCH_POWER, Kind.BATCH_ENERGY, Kind.TELEMETRY)


def main() -> None:
    """Print a table or JSON; draw what is asked for."""
    args = arguments()
    site = Site(latitude=args.latitude, longitude=args.longitude, zone=ZoneInfo(args.timezone))
    plant = Plant(
        ecus=tuple(f"ecu{n}" for n in range(args.ecus)),
        inverters=tuple(f"inverter{n}" for n in range(args.inverters)),
    )
    options = Options(
        automatic=not args.fixed,
        interval=timedelta(seconds=args.interval),
        monthly_quota=args.quota,
        live_power=not args.no_live_power,
    )
    months = list(forecast(args.year, site, plant, options))
    unguarded = list(unguarded_polling(args.year, site, plant, args.quota))
    if args.json:
        print(json.dumps([asdict(month) for month in months], default=str, indent=1))
    else:
        print_table(months, unguarded)
    if args.picture_year:
        draw_year(months, unguarded, args.picture_year)
    if args.picture_day:
        draw_day(args.day or date(args.year, 6, 21), site, plant, options, args.picture_day)


def arguments() -> argparse.Namespace:
    """Read the command line; the plant of the README by default."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--latitude", type=float, default=51.5)
    parser.add_argument("--longitude", type=float, default=-0.13)
    parser.add_argument("--timezone", default="Europe/London")
    parser.add_argument("--inverters", type=int, default=6)
    parser.add_argument("--ecus", type=int, default=1)
    parser.add_argument("--quota", type=int, default=1000, help="calls a month")
    parser.add_argument("--year", type=int, default=datetime.now(UTC).year)
    parser.add_argument("--fixed", action="store_true", help="plan the fixed schedule instead")
    parser.add_argument("--interval", type=int, default=1800, help="seconds between polls of the fixed schedule")
    parser.add_argument("--no-live-power", action="store_true", help="poll the hourly energy only")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--picture-year", type=Path, metavar="FILE", help="draw the year, as SVG or PNG")
    parser.add_argument("--picture-day", type=Path, metavar="FILE", help="draw a day, as SVG or PNG")
    parser.add_argument("--day", type=date.fromisoformat, help="which one; midsummer unless told")
    return parser.parse_args()


def unguarded_polling(year: int, site: Site, plant: Plant, quota: int) -> Iterator[MonthForecast]:
    """Yield what fixed polling every 30 minutes comes to when nobody counts, so that the cloud stops it."""
    for month in range(1, 13):
        day, days, slots = date(year, month, 1), list[date](), list[Slot]()
        while day.month == month:
            days.append(day)
            slots += fixed_plan(day, site, plant, Options())
            day += timedelta(days=1)
        answered = summed(days, site, slots[:quota])
        wanted = Counter(slot.call.kind for slot in slots)
        yield MonthForecast(**{**vars(answered), "calls": wanted})


def print_table(months: list[MonthForecast], unguarded: list[MonthForecast]) -> None:
    """Print a row a month."""
    head = [
        "month",
        "calls",
        *(kind.value for kind in KINDS),
        "interval",
        "energy age",
        "power age",
        "30-min calls",
        "age",
    ]
    rows = [
        [
            f"{month.month:%Y-%m}",
            str(month.calls.total()),
            *(str(month.calls[kind]) for kind in KINDS),
            *(minutes(value) for value in (month.interval, month.energy_age, month.power_age)),
            str(other.calls.total()),
            minutes(other.energy_age),
        ]
        for month, other in zip(months, unguarded, strict=True)
    ]
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    for row in (head, *rows):
        print("  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)))
    print(
        "Ages are means in minutes while the sun is above 5°, the cloud 15 minutes behind. Beside them: fixed polling"
    )
    print("every 30 minutes that nobody counts, which the cloud stops when the quota is spent.")


def minutes(value: float | None) -> str:
    """Return minutes for the table."""
    return "-" if value is None else f"{value:.1f}"


def draw_year(months: list[MonthForecast], unguarded: list[MonthForecast], path: Path) -> None:
    """Draw the calls of each month by kind, and the age of today's energy beside that of unguarded polling."""
    from matplotlib.figure import Figure  # noqa: PLC0415

    figure = Figure(figsize=(9, 5.5), layout="constrained")
    calls, ages = figure.subplots(2, 1, sharex=True)
    names = [f"{month.month:%b}" for month in months]
    below = [0] * len(months)
    for kind in KINDS:
        counts = [month.calls[kind] for month in months]
        if any(counts):
            calls.bar(names, counts, bottom=below, label=kind.value.replace("_", " "))
        below = [a + b for a, b in zip(below, counts, strict=True)]
    calls.plot(names, [month.calls.total() for month in unguarded], "kx", label="30-minute polling")
    calls.axhline(1000, color="black", linewidth=0.8, linestyle="--")
    calls.set_ylabel("calls a month")
    calls.legend(fontsize="small", ncols=4, loc="lower center", framealpha=0.9)
    ages.plot(names, [month.energy_age for month in months], marker="o", label="planned")
    ages.plot(names, [month.energy_age for month in unguarded], "kx--", linewidth=0.8, label="30-minute polling")
    ages.set_ylabel("age of today's energy, min")
    ages.set_ylim(bottom=0)
    ages.legend(fontsize="small")
    figure.savefig(path)


def draw_day(day: date, site: Site, plant: Plant, options: Options, path: Path) -> None:
    """Draw the sun and the calls of one day."""
    from matplotlib.dates import DateFormatter  # noqa: PLC0415
    from matplotlib.figure import Figure  # noqa: PLC0415

    midnight = site.midnight(day)
    book, zones = Book(opened=midnight - timedelta(days=400)), (UTC, CHINA, site.zone)
    slots: tuple[Slot, ...] = ()
    for number in range(1, day.day + 1):
        today = day.replace(day=number)
        accounts = book.accounts(site.midnight(today).astimezone(UTC), zones, options.monthly_quota, 1.0)
        slots = plan(today, site, plant, accounts, options)
        for slot in slots:
            book.add(slot.at)
    figure = Figure(figsize=(9, 3.2), layout="constrained")
    axes = figure.subplots()
    moments = [midnight + timedelta(minutes=5 * n) for n in range(288)]
    heights = [sun_elevation(site, moment) for moment in moments]
    axes.fill_between(moments, 0, [max(0.0, height) for height in heights], color="#ffd54f", alpha=0.5)
    for number, kind in enumerate(KINDS):
        times = [slot.at for slot in slots if slot.call.kind is kind]
        if times:
            axes.plot(times, [-3 - 4 * number] * len(times), "|", markersize=9, label=kind.value.replace("_", " "))
    axes.set_yticks([0, 20, 40, 60], ["0°", "20°", "40°", "60°"])
    axes.set_ylabel("sun")
    axes.xaxis.set_major_formatter(DateFormatter("%H:%M", tz=site.zone))
    axes.legend(fontsize="small", ncols=3, loc="upper left")
    axes.set_xlim(moments[0], moments[-1])
    figure.savefig(path)


if __name__ == "__main__":
    main()
