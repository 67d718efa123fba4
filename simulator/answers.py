"""What the cloud answers, call by call: pure functions of a view (api.md §3). Energy in kWh, as strings."""

from collections.abc import Callable, Iterator
from datetime import date, timedelta

from . import flows
from .plant import Absent, Ecu, Inverter, Plant
from .production import KWH_PER_UNIT, W_AC_PER_UNIT, W_DC_PER_UNIT, Source, slot_at
from .view import View
from .weather import SLOT_S
from .wire import Json, Kind, Level, Period, Route


class NoDataError(Exception):
    """There is nothing for that period: code 1001."""


class UnknownDeviceError(Exception):
    """The system has no such device: code 4001."""


def answer(view: View, route: Route, period: Period | None) -> Json:
    """The `data` of a call.

    Raises NoDataError, UnknownDeviceError.
    """
    match route.kind:
        case Kind.DETAILS:
            return _details(view)
        case Kind.INVERTERS:
            return [_listed(view.plant, ecu) for ecu in view.plant.ecus]
        case Kind.METERS:
            return _meters(view.plant)
        case Kind.SUMMARY:
            return _summary(view, view.source(), view.plant.lifetime_offset_kwh)
        case Kind.ECU_SUMMARY:
            return _summary(view, view.source(eid=_ecu(view, route.target).eid), 0.0)
        case Kind.INVERTER_SUMMARY:
            return _inverter_summary(view, _inverter(view, route.target))
        case Kind.METER_SUMMARY | Kind.STORAGE_SUMMARY | Kind.STORAGE_LATEST:
            return _household(view, route, None)
    if period is None:  # pragma: no cover
        raise AssertionError(route.kind)
    _refuse_out_of_reach(view, period)
    if route.kind in (Kind.METER_ENERGY, Kind.STORAGE_PERIOD):
        return _household(view, route, period)
    if route.kind is Kind.ENERGY:
        return _series(view, view.source(), period)
    if route.kind is Kind.INVERTER_ENERGY:
        return _inverter_energy(view, _inverter(view, route.target), period)
    ecu = _ecu(view, route.target)
    if route.kind is Kind.BATCH:
        return _batch(view, ecu, period)
    source = view.source(eid=ecu.eid)
    return (
        _ecu_minutely(view, source, period)
        if period.level is Level.MINUTELY
        else _series(view, source, period)
    )


def _refuse_out_of_reach(view: View, period: Period) -> None:
    if period.first > view.today or period.last < view.plant.create_date:
        raise NoDataError
    fine = period.level in (Level.MINUTELY, Level.HOURLY, Level.ENERGY, Level.POWER)
    if (
        fine
        and view.plant.fine_days is not None
        and period.first < view.today - timedelta(days=view.plant.fine_days)
    ):
        raise NoDataError


def _ecu(view: View, eid: str) -> Ecu:
    if (ecu := view.plant.ecu(eid)) is None:
        raise UnknownDeviceError
    return ecu


def _inverter(view: View, uid: str) -> Inverter:
    if (inverter := view.plant.inverter(uid)) is None:
        raise UnknownDeviceError
    return inverter


def _kwh(units: int, digits: int = 2) -> str:
    return f"{units * KWH_PER_UNIT:.{digits}f}"


def _details(view: View) -> Json:
    plant = view.plant
    data: dict[str, Json] = {
        "sid": plant.sid,
        "create_date": plant.create_date.isoformat(),
        "capacity": _capacity(plant),
        "type": 3 if plant.has_storage else 1,
        "timezone": plant.written_timezone,
        "ecu": [ecu.written for ecu in plant.ecus],
        "light": _light(view),
    }
    if plant.authorization_code is not None:
        data["authorization_code"] = plant.authorization_code
    return data


def _capacity(plant: Plant) -> str | None:
    if plant.capacity != "auto":
        return plant.capacity
    return f"{sum(inverter.channels for inverter in plant.inverters) * plant.panel_w / 1000:.2f}"


def _light(view: View) -> int:
    """The plant's own light; a green one turns red while an ECU is off line, and grey until the first upload."""
    if view.plant.light != 1:
        return view.plant.light
    if any(view.is_offline(ecu.eid) for ecu in view.plant.ecus):
        return 3
    return 1 if view.source().recorded(view.whole) else 4


def _listed(plant: Plant, ecu: Ecu) -> Json:
    entry: dict[str, Json] = {
        "eid": ecu.written,
        "type": ecu.type,
        "timezone": plant.written_timezone,
        "model": None,
        "capacity": None,
        "inverter": [{"uid": inverter.uid, "type": inverter.type} for inverter in ecu.inverters],
    }
    if not ecu.inverters and ecu.without_inverters is Absent.NULL:
        entry["inverter"] = None
    if not ecu.inverters and ecu.without_inverters is Absent.MISSING:
        del entry["inverter"]
    return entry


def _meters(plant: Plant) -> Json:
    if plant.meters or plant.without_meters is Absent.EMPTY:
        return list(plant.meters)
    if plant.without_meters is Absent.NULL:
        return None
    raise NoDataError


def _summary(view: View, source: Source, offset_kwh: float) -> Json:
    day, month, year = running(view)
    lifetime = source.units(view.whole) * KWH_PER_UNIT + offset_kwh
    return {
        "today": _kwh(source.units(day), 6) if source.recorded(day) else None,
        "month": _kwh(source.units(month)),
        "year": _kwh(source.units(year)),
        "lifetime": f"{lifetime:.2f}",
    }


def running(view: View) -> tuple[range, range, range]:
    """The slots of today, this month and this year."""
    today = view.today
    first_days = today, today.replace(day=1), today.replace(month=1, day=1)
    day, month, year = (view.span(first, today) for first in first_days)
    return day, month, year


def entries(view: View, period: Period) -> list[tuple[range, ...]]:
    """The spans of a series' entries: 24 hours, or days, months or years up to the running one."""
    if period.level is Level.HOURLY:
        return list(view.curve.day(period.first).hours)
    last = min(period.last, view.today)
    return [(view.span(first, end),) for first, end in _steps(period.level, period.first, last)]


def _steps(level: Level, first: date, last: date) -> Iterator[tuple[date, date]]:
    while first <= last:
        match level:
            case Level.DAILY:
                following = first + timedelta(days=1)
            case Level.MONTHLY:
                following = (first + timedelta(days=31)).replace(day=1)
            case _:
                following = first.replace(year=first.year + 1)
        yield first, following - timedelta(days=1)
        first = following


def is_open(view: View, period: Period, spans: tuple[range, ...]) -> bool:
    """Whether an entry of a series is an hour that has not closed yet."""
    return period.level is Level.HOURLY and any(slot_at(view.now) < span.stop for span in spans)


def _series(view: View, source: Source, period: Period) -> list[Json]:
    """List the kWh: "0" where there is no record; the hour that runs is "0.00" until it has closed."""
    spans = entries(view, period)
    if not any(source.recorded(*entry) for entry in spans):
        raise NoDataError
    return [
        "0"
        if not source.recorded(*entry)
        else _kwh(0 if is_open(view, period, entry) else source.units(*entry))
        for entry in spans
    ]


def _reports(view: View, source: Source, day: date) -> dict[int, int]:
    reports = source.reports(view.span(day, day))
    if not reports:
        raise NoDataError
    return reports


def _ecu_minutely(view: View, source: Source, period: Period) -> Json:
    """Power is that of the panels (direct current), so it runs 4 % above the energy of its slot."""
    reports = _reports(view, source, period.first)
    labels = view.curve.day(period.first).labels
    return {
        "today": _kwh(sum(reports.values())),
        "time": [labels[slot] for slot in reports],
        "power": [round(units * W_DC_PER_UNIT) for units in reports.values()],
        "energy": [_kwh(units) for units in reports.values()],
    }


def _channels(view: View, inverter: Inverter) -> dict[int, Source]:
    return {
        channel: view.source(uid=inverter.uid, channel=channel) for channel in range(1, inverter.channels + 1)
    }


def _inverter_summary(view: View, inverter: Inverter) -> Json:
    day, month, year = running(view)
    data: dict[str, Json] = {}
    for channel, source in _channels(view, inverter).items():
        spans = {"m": month, "y": year, "t": view.whole}
        if source.recorded(day):
            spans = {"d": day} | spans
        data |= {f"{letter}{channel}": _kwh(source.units(span)) for letter, span in spans.items()}
    return data


def _inverter_energy(view: View, inverter: Inverter, period: Period) -> Json:
    if period.level is Level.MINUTELY:
        return inverter_minutely(view, inverter, period.first)
    return {
        f"e{channel}": _series(view, source, period) for channel, source in _channels(view, inverter).items()
    }


def inverter_minutely(view: View, inverter: Inverter, day: date) -> dict[str, Json]:
    """The electrical values of a day, in parallel lists.

    Raises NoDataError.
    """
    reports = _reports(view, view.source(uid=inverter.uid), day)
    labels = view.curve.day(day).labels
    rating = inverter.channels * view.plant.panel_w
    load = [units * W_DC_PER_UNIT / rating for units in reports.values()]
    data: dict[str, Json] = {"t": [labels[slot] for slot in reports]}
    volts = [34.5 + 1.5 * (share**0.5 if share < 1 else 1.0) for share in load]
    for channel, source in _channels(view, inverter).items():
        watts = [round(units * W_DC_PER_UNIT, 1) for units in source.reports(view.span(day, day)).values()]
        data[f"dc_p{channel}"] = _texts("{:.1f}", watts)
        data[f"dc_v{channel}"] = _texts("{:.1f}", volts)
        data[f"dc_i{channel}"] = [f"{watt / volt:.2f}" for watt, volt in zip(watts, volts, strict=True)]
        data[f"dc_e{channel}"] = [f"{watt * SLOT_S / 3.6e6:.6f}" for watt in watts]
    alone = view.plant.ac_p_without_number and inverter.phases == 1
    for phase in range(1, inverter.phases + 1):
        key = "ac_p" if alone else f"ac_p{phase}"
        data[key] = _texts("{:.1f}", [units * W_AC_PER_UNIT / inverter.phases for units in reports.values()])
        data[f"ac_v{phase}"] = _texts("{:.1f}", [229.0 + phase + 2.0 * share for share in load])
    data["ac_f"] = ["50.0"] * len(reports)
    data["ac_t"] = _texts("{:.0f}", [22 + 24 * share for share in load])
    return data


def _texts(form: str, values: list[float]) -> list[Json]:
    return [form.format(value) for value in values]


def _batch(view: View, ecu: Ecu, period: Period) -> Json:
    day = period.first
    span = view.span(day, day)
    channels = [
        (inv, channel, source) for inv in ecu.inverters for channel, source in _channels(view, inv).items()
    ]
    slots = sorted({slot for _, channel, source in channels if channel == 1 for slot in source.reports(span)})
    if not slots:
        raise NoDataError
    if period.level is Level.ENERGY:
        return {
            "energy": [
                f"{inv.uid}-{channel}-{_kwh(source.units(span), 6)}" for inv, channel, source in channels
            ]
        }
    labels = view.curve.day(day).labels
    power: dict[str, Json] = {}
    for inverter, channel, source in channels:
        reports = source.reports(span)
        power[f"{inverter.uid}-{channel}"] = [f"{reports.get(slot, 0) * W_DC_PER_UNIT:.1f}" for slot in slots]
    return {"time": [labels[slot] for slot in slots], "power": power}


def _household(view: View, route: Route, period: Period | None) -> Json:
    meter = route.kind in (Kind.METER_SUMMARY, Kind.METER_ENERGY)
    if meter and route.target not in view.plant.meters:
        raise UnknownDeviceError
    if not meter and _ecu(view, route.target).type != 2:
        raise NoDataError
    names = flows.METERED if meter else flows.STORED
    book = flows.Book(view, route.target, names)
    if route.kind is Kind.STORAGE_LATEST:
        return _or_no_data(book.latest())
    if period is None:
        day, month, year = running(view)
        spans = {"today": day, "month": month, "year": year, "lifetime": view.whole}
        return {name: book.block(span) for name, span in spans.items()}
    if period.level is Level.MINUTELY:
        return _or_no_data(book.minutely(period.first))
    return _or_no_data(book.series(entries(view, period), _labels(view, period), _open_test(view, period)))


def _or_no_data(data: dict[str, Json] | None) -> Json:
    if data is None:
        raise NoDataError
    return data


def _open_test(view: View, period: Period) -> Callable[[tuple[range, ...]], bool]:
    return lambda spans: is_open(view, period, spans)


def _labels(view: View, period: Period) -> list[Json]:
    if period.level is Level.HOURLY:
        return [f"{hour:02}" for hour in range(24)]
    last = min(period.last, view.today)
    form = {Level.DAILY: "%d", Level.MONTHLY: "%m"}.get(period.level, "%Y")
    return [first.strftime(form) for first, _ in _steps(period.level, period.first, last)]
