"""A year of plans: each month's calls, and how fresh its figures are, compared with fixed polling."""

import argparse
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
import json
from pathlib import Path
import sys
from zoneinfo import ZoneInfo

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
sys.path.append(str(ROOT / "custom_components" / "apsystems_openapi"))

from schedule.calls import Kind, Plant  # noqa: E402
from schedule.fixed import fixed_plan  # noqa: E402
from schedule.options import DEFAULT_INTERVAL, DEFAULT_QUOTA, Options  # noqa: E402
from schedule.preview import (  # noqa: E402
    LAG,
    MonthCalls,
    MonthPreview,
    carried_out,
    days_of_month,
    month_preview,
    preview,
)
from schedule.quota import CallCounts  # noqa: E402
from schedule.sun import Site, solar_day, sun_elevation  # noqa: E402

from tests.plan_runner import READS, PlanRunner, UploadRunner, Uploads, days_from  # noqa: E402

KINDS = (Kind.ECU_DAY, Kind.SUMMARY, Kind.HOURLY, Kind.BATCH_POWER, Kind.BATCH_ENERGY, Kind.TELEMETRY)
NAMES = {
    # In pictures, for owners.
    Kind.ECU_DAY: "today's energy and power",
    Kind.SUMMARY: "energy of the system",
    Kind.HOURLY: "energy by the hour",
    Kind.BATCH_POWER: "power of every panel",
    Kind.BATCH_ENERGY: "energy of every panel",
    Kind.TELEMETRY: "voltages, temperatures",
}
POLLING = "a read every 30 minutes, without counting"
MINUTE = timedelta(minutes=1)
PHASES = (0.2, 0.4, 0.6, 0.8, 1.0)  # of the period: figures for uploads are means over them
LEARNING_DAYS = 3


def main() -> None:
    """Print a table or JSON, and draw the pictures that are asked for."""
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
    if args.uploads or args.picture_uploads:
        uploads = Uploads(period=args.uploads or 15, delay=args.delay)
        if args.picture_uploads:
            draw_uploads(args.day or date(args.year, 6, 21), site, plant, options, uploads, args.picture_uploads)
        if args.uploads:
            print_uploads(args.year, site, plant, options, uploads)
        return
    months = list(preview(args.year, site, plant, options))
    polling = list(fixed_polling(args.year, site, plant, args.quota))
    if args.json:
        print(json.dumps([vars(month) | {"calls": dict(month.calls)} for month in months], default=str, indent=1))
    else:
        print_table(months, polling)
    if args.picture_year:
        draw_year(months, polling, args.picture_year)
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
    parser.add_argument("--quota", type=int, default=DEFAULT_QUOTA, help="calls a month")
    parser.add_argument("--year", type=int, default=datetime.now(UTC).year)
    parser.add_argument("--fixed", action="store_true", help="plan the fixed schedule instead")
    parser.add_argument(
        "--interval", type=int, default=DEFAULT_INTERVAL.seconds, help="seconds between polls of the fixed schedule"
    )
    parser.add_argument("--no-live-power", action="store_true", help="poll the hourly energy only")
    parser.add_argument("--json", action="store_true", help="print JSON instead of the table")
    parser.add_argument("--picture-year", type=Path, metavar="FILE", help="draw the year, as SVG or PNG")
    parser.add_argument("--picture-day", type=Path, metavar="FILE", help="draw a day, as SVG or PNG")
    parser.add_argument(
        "--uploads",
        type=int,
        choices=(5, 10, 15, 20, 30, 60),
        metavar="MINUTES",
        help="show instead how fresh figures are where each ECU uploads so often, with reads that follow the uploads",
    )
    parser.add_argument("--delay", type=float, default=2, help="minutes from an upload to the cloud")
    parser.add_argument(
        "--picture-uploads", type=Path, metavar="FILE", help="draw a day with uploads, reads and the figure's age"
    )
    parser.add_argument("--day", type=date.fromisoformat, help="the day to draw; midsummer by default")
    return parser.parse_args()


def fixed_polling(year: int, site: Site, plant: Plant, quota: int) -> Iterator[MonthPreview]:
    """Yield the months of fixed polling every 30 minutes that nobody counts, so that the cloud stops it."""
    for month in range(1, 13):
        days = tuple(solar_day(site, day, Options()) for day in days_of_month(date(year, month, 1)))
        slots = [slot for sun in days for slot in fixed_plan(sun.day, site, plant, Options())]
        answered = month_preview(MonthCalls(days=days, slots=tuple(slots[:quota])))
        yield replace(answered, calls=Counter(slot.call.kind for slot in slots))


def print_table(months: list[MonthPreview], polling: list[MonthPreview]) -> None:
    """Print a row for each month."""
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
        for month, other in zip(months, polling, strict=True)
    ]
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    for row in (head, *rows):
        print("  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)))
    print(f"Ages are mean minutes while the sun is above 5°; samples take {LAG // MINUTE} minutes to reach the cloud.")
    print("The last two columns: polling every 30 minutes without counting, until the quota is spent and the cloud")
    print("answers no more.")


def minutes(value: float | None) -> str:
    """Return minutes for the table."""
    return "-" if value is None else f"{value:.1f}"


def with_uploads(
    days: list[date], site: Site, plant: Plant, options: Options, uploads: Uploads, *, follow: bool
) -> UploadRunner:
    """Carry out the plans of days; the ECUs upload one after the other, a fifth of the period apart."""
    patterns = tuple(replace(uploads, phase=uploads.phase + n * uploads.period / 5) for n in range(len(plant.ecus)))
    return UploadRunner(PlanRunner(site, plant, options), patterns, is_following=follow).run(days)


def print_uploads(year: int, site: Site, plant: Plant, options: Options, uploads: Uploads) -> None:
    """Print for each month how old today's energy is, with reads that do not follow the uploads and with such as do."""
    print(f"{'month':>7}  {'not following':>13}  {'following':>9}  {'from the fourth day':>19}")
    for month in range(1, 13):
        days = days_of_month(date(year, month, 1))
        rows = []
        for phase in PHASES:
            shifted = replace(uploads, phase=phase * uploads.period)
            before = with_uploads(days, site, plant, options, shifted, follow=False)
            after = with_uploads(days, site, plant, options, shifted, follow=True)
            learned = after.mean_age(days[LEARNING_DAYS:])
            rows.append((before.mean_age(days), after.mean_age(days), learned))
        means = [sum(column) / len(rows) for column in zip(*rows, strict=True)]
        print(f"{year}-{month:02}  {means[0]:13.1f}  {means[1]:9.1f}  {means[2]:19.1f}")
    print(
        f"Mean minutes while the sun is above 5°, of the oldest ECU; uploads every {uploads.period} minutes reach the "
        f"cloud {uploads.delay:g} minutes later."
    )


def draw_uploads(day: date, site: Site, plant: Plant, options: Options, uploads: Uploads, path: Path) -> None:
    """Draw a day's uploads as ticks, the reads, and the age of today's energy, not following the uploads and following.

    The days of the month before it are carried out, so that the rhythm is known.
    """
    from matplotlib.dates import DateFormatter  # noqa: PLC0415
    from matplotlib.figure import Figure  # noqa: PLC0415

    days = days_from(day.replace(day=1), day.day)
    figure = Figure(figsize=(9, 4.4), layout="constrained")
    charts = figure.subplots(2, 1, sharex=True, sharey=True)
    shifted = replace(uploads, phase=uploads.phase or 0.6 * uploads.period)
    arrivals = [at for pattern_day in (day - timedelta(days=1), day) for at, _ in shifted.of(pattern_day)]
    for chart, follow in zip(charts, (False, True), strict=True):
        runner = with_uploads(days, site, plant, options, shifted, follow=follow)
        ages = runner.ages(day)
        times, minutes = [at for at, _ in ages], [age for _, age in ages]
        reads = sorted({slot.at for slot in runner.slots[day] if slot.call.kind in READS})
        name = "Each read just after an upload" if follow else "Reads at even intervals"
        chart.plot(times, minutes, color="#1565c0", linewidth=1.2)
        chart.axhline(runner.mean_age([day]), color="#1565c0", linewidth=0.8, linestyle="--")
        chart.plot(arrivals, [-4] * len(arrivals), "|", color="#9e9e9e", markersize=6, label="an upload of the ECU")
        chart.plot(reads, [-10] * len(reads), "^", color="#e65100", markersize=4, label="a read")
        age = f"today's energy is {runner.mean_age([day]):.0f} minutes old on average"
        chart.set_title(f"{name}: {age}", fontsize="medium", loc="left")
        chart.set_ylabel("age, minutes")
    charts[0].legend(fontsize="small", loc="lower right", bbox_to_anchor=(1, 1), ncols=2, frameon=False)
    charts[0].set_ylim(-15, None)
    charts[0].set_xlim(times[0] - timedelta(minutes=30), times[-1] + timedelta(minutes=30))
    charts[1].xaxis.set_major_formatter(DateFormatter("%H:%M", tz=site.zone))
    figure.savefig(path)


def draw_year(months: list[MonthPreview], polling: list[MonthPreview], path: Path) -> None:
    """Draw the calls of each month by kind, and the age of today's energy compared with fixed polling."""
    from matplotlib.figure import Figure  # noqa: PLC0415

    figure = Figure(figsize=(9, 5.5), layout="constrained")
    calls, ages = figure.subplots(2, 1, sharex=True)
    names = [f"{month.month:%b}" for month in months]
    below = [0] * len(months)
    for kind in KINDS:
        counts = [month.calls[kind] for month in months]
        if any(counts):
            calls.bar(names, counts, bottom=below, label=NAMES[kind])
        below = [a + b for a, b in zip(below, counts, strict=True)]
    calls.plot(names, [month.calls.total() for month in polling], "kx", label=POLLING)
    calls.axhline(DEFAULT_QUOTA, color="black", linewidth=0.8, linestyle="--", label="the 1000 calls of the free plan")
    calls.set_ylabel("calls a month")
    calls.legend(fontsize="small", ncols=3, loc="lower center", bbox_to_anchor=(0.5, 1), frameon=False)
    ages.plot(names, [month.energy_age for month in months], marker="o", label="planned")
    ages.plot(names, [month.energy_age for month in polling], "kx--", linewidth=0.8, label=POLLING)
    ages.set_ylabel("age of today's energy, minutes")
    ages.set_ylim(bottom=0)
    ages.legend(fontsize="small")
    figure.savefig(path)


def draw_day(day: date, site: Site, plant: Plant, options: Options, path: Path) -> None:
    """Draw the sun and the calls of one day."""
    from matplotlib.dates import DateFormatter  # noqa: PLC0415
    from matplotlib.figure import Figure  # noqa: PLC0415

    midnight = site.midnight(day)
    counts = CallCounts(opened=midnight - timedelta(days=400))
    slots = [carried_out(day.replace(day=n), site, plant, counts, options) for n in range(1, day.day + 1)][-1]
    kinds = [kind for kind in KINDS if any(slot.call.kind is kind for slot in slots)]
    figure = Figure(figsize=(9, 3.2), layout="constrained")
    sun, axes = figure.subplots(2, 1, sharex=True, height_ratios=(2, 3))
    times = [midnight + timedelta(minutes=5 * n) for n in range(288)]
    sun.fill_between(times, [max(0.0, sun_elevation(site, time)) for time in times], color="#ffd54f", alpha=0.5)
    sun.set_ylim(0, 70)  # degrees: a winter day is seen to be lower
    sun.set_yticks([])
    sun.set_title(f"{day:%-d %B}: the sun, and {len(slots)} calls", fontsize="medium", loc="left")
    for number, kind in enumerate(kinds):
        calls = [slot.at for slot in slots if slot.call.kind is kind]
        axes.plot(calls, [number] * len(calls), "|", markersize=11, markeredgewidth=1.5)
    axes.set_yticks(range(len(kinds)), [NAMES[kind] for kind in kinds])
    axes.set_ylim(len(kinds) - 0.4, -0.6)
    axes.xaxis.set_major_formatter(DateFormatter("%H:%M", tz=site.zone))
    axes.set_xlim(times[0], times[-1])
    figure.savefig(path)


if __name__ == "__main__":
    main()
