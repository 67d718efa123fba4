"""The answer to each call: pure functions of a view (api.md §3). Energy in kWh, as strings."""

from collections.abc import Callable
from datetime import date, timedelta
from itertools import accumulate, pairwise

from . import flows
from .plant import Absent, Ecu, Inverter, Plant
from .production import KWH_PER_UNIT, W_AC_PER_UNIT, W_DC_PER_UNIT, Source
from .series import Entry, entries, is_open, running
from .view import View
from .weather import SLOT_S
from .wire import NO_DATA, Json, Kind, Level, Period, Route


class NoDataError(Exception):
    """There is nothing for that period: code 1001."""


class UnknownDeviceError(Exception):
    """The system has no such device: code 4001."""


def answer(view: View, asked: Route, period: Period | None) -> Json:
    """Return the `data` of a call; `period` is None for calls without one.

    Raises NoDataError, UnknownDeviceError.
    """
    if period is None:
        return _WITHOUT_PERIOD[asked.kind](view, asked.target)
    _refuse_out_of_reach(view, period)
    return _IN_PERIOD[asked.kind](view, asked.target, period)


def _refuse_out_of_reach(view: View, period: Period) -> None:
    if period.first > view.today or period.last < view.plant.create_date:
        raise NoDataError
    fine = period.level in (Level.MINUTELY, Level.HOURLY, Level.ENERGY, Level.POWER)
    if fine and view.plant.fine_days is not None and period.first < view.today - timedelta(days=view.plant.fine_days):
        raise NoDataError


def _ecu(view: View, eid: str) -> Ecu:
    if (ecu := view.plant.ecu(eid)) is not None:
        return ecu
    removed = view.plant.removed_ecu(eid)
    raise NoDataError if removed is not None and removed.removed_code == NO_DATA else UnknownDeviceError


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
        "light": _status_light(view),
    }
    if plant.authorization_code is not None:
        data["authorization_code"] = plant.authorization_code
    return data


def _capacity(plant: Plant) -> str | None:
    if plant.capacity != "auto":
        return plant.capacity
    return f"{sum(inverter.channels for inverter in plant.inverters) * plant.panel_w / 1000:.2f}"


def _status_light(view: View) -> int:
    """Return the status light: a green one is red while an ECU is off line, grey until the first upload."""
    if view.plant.status_light != 1:
        return view.plant.status_light
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
        "inverter": [{"uid": inverter.uid, "type": inverter.type} for inverter in ecu.listed_inverters],
    }
    if not ecu.listed_inverters and ecu.without_inverters is Absent.NULL:
        entry["inverter"] = None
    if not ecu.listed_inverters and ecu.without_inverters is Absent.MISSING:
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


def _series(view: View, source: Source, period: Period) -> list[Json]:
    """Return the kWh of the entries: "0" without a record, "0.00" for the running hour until it has closed."""
    spans = entries(view, period)
    if not any(source.recorded(*entry) for entry in spans):
        raise NoDataError
    return [
        "0"
        if not source.recorded(*entry) or _has_lost_record(view, period, entry)
        else _kwh(0 if is_open(view, period, entry) else source.units(*entry))
        for entry in spans
    ]


def _has_lost_record(view: View, period: Period, entry: Entry) -> bool:
    """Whether an entry of a daily series says "0" although there is energy (`Plant.no_record_from`)."""
    first = view.plant.no_record_from
    return (
        period.level is Level.DAILY
        and first is not None
        and any(span.start >= view.curve.midnight(first) for span in entry)
    )


def _reports(view: View, source: Source, day: date) -> dict[int, int]:
    reports = source.reports(view.span(day, day))
    if not reports:
        raise NoDataError
    return reports


def _ecu_energy(view: View, ecu: Ecu, period: Period) -> Json:
    """Answer for an ECU; minutely power is DC, so it is 4 % above the energy of its slot (api.md §3)."""
    source = view.source(eid=ecu.eid)
    if period.level is not Level.MINUTELY:
        return _series(view, source, period)
    reports = _reports(view, source, period.first)
    labels = view.curve.day(period.first).labels
    return {
        "today": _kwh(sum(reports.values())),
        "time": [labels[slot] for slot in reports],
        "power": [round(units * W_DC_PER_UNIT) for units in reports.values()],
        "energy": _rounded_together(list(reports.values())),
    }


def _rounded_together(units: list[int]) -> list[Json]:
    """Round so that the sum of the slots is the rounded sum, as in the vendor's data."""
    hundredths = [round(total * KWH_PER_UNIT * 100) for total in accumulate(units, initial=0)]
    return [f"{(after - before) / 100:.2f}" for before, after in pairwise(hundredths)]


def _channels(view: View, inverter: Inverter, eid: str | None = None) -> dict[int, Source]:
    """Return the channels of an inverter; `eid`: only what it produced at that ECU."""
    numbers = range(1, inverter.channels + 1)
    return {channel: view.source(eid=eid, uid=inverter.uid, channel=channel) for channel in numbers}


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
    return {f"e{channel}": _series(view, source, period) for channel, source in _channels(view, inverter).items()}


def inverter_minutely(view: View, inverter: Inverter, day: date) -> dict[str, Json]:
    """Return the electrical values of a day, in parallel lists (api.md §3): W, A, V, kWh, Hz, degrees Celsius.

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
        (inv, channel, source)
        for inv in dict.fromkeys(ecu.inverters)
        for channel, source in _channels(view, inv, ecu.eid).items()
    ]
    slots = sorted({slot for _, channel, source in channels if channel == 1 for slot in source.reports(span)})
    if not slots:
        raise NoDataError
    if period.level is Level.ENERGY:
        return {"energy": [f"{inv.uid}-{channel}-{_kwh(source.units(span), 6)}" for inv, channel, source in channels]}
    labels = view.curve.day(day).labels
    power: dict[str, Json] = {}
    for inverter, channel, source in channels:
        reports = source.reports(span)
        power[f"{inverter.uid}-{channel}"] = [f"{reports.get(slot, 0) * W_DC_PER_UNIT:.1f}" for slot in slots]
    return {"time": [labels[slot] for slot in slots], "power": power}


def _meter(view: View, eid: str) -> flows.Book:
    if eid not in view.plant.meters:
        raise UnknownDeviceError
    return flows.Book(view, eid, flows.METERED)


def _storage(view: View, eid: str) -> flows.Book:
    if _ecu(view, eid).type != 2:
        raise NoDataError
    return flows.Book(view, eid, flows.STORED)


def _blocks(view: View, book: flows.Book) -> Json:
    day, month, year = running(view)
    spans = {"today": day, "month": month, "year": year, "lifetime": view.whole}
    return {name: book.block(span) for name, span in spans.items()}


def _book_period(book: flows.Book, period: Period) -> Json:
    return _existing(book.minutely(period.first) if period.level is Level.MINUTELY else book.series(period))


def _existing(data: Json) -> Json:
    if data is None:
        raise NoDataError
    return data


_WITHOUT_PERIOD: dict[Kind, Callable[[View, str], Json]] = {
    Kind.DETAILS: lambda view, _: _details(view),
    Kind.INVERTERS: lambda view, _: [_listed(view.plant, ecu) for ecu in view.plant.ecus],
    Kind.METERS: lambda view, _: _meters(view.plant),
    Kind.SUMMARY: lambda view, _: _summary(view, view.source(), view.plant.lifetime_offset_kwh),
    Kind.ECU_SUMMARY: lambda view, eid: _summary(view, view.source(eid=_ecu(view, eid).eid), 0.0),
    Kind.INVERTER_SUMMARY: lambda view, uid: _inverter_summary(view, _inverter(view, uid)),
    Kind.METER_SUMMARY: lambda view, eid: _blocks(view, _meter(view, eid)),
    Kind.STORAGE_SUMMARY: lambda view, eid: _blocks(view, _storage(view, eid)),
    Kind.STORAGE_LATEST: lambda view, eid: _existing(_storage(view, eid).latest()),
}

_IN_PERIOD: dict[Kind, Callable[[View, str, Period], Json]] = {
    Kind.ENERGY: lambda view, _, period: _series(view, view.source(), period),
    Kind.ECU_ENERGY: lambda view, eid, period: _ecu_energy(view, _ecu(view, eid), period),
    Kind.INVERTER_ENERGY: lambda view, uid, period: _inverter_energy(view, _inverter(view, uid), period),
    Kind.METER_ENERGY: lambda view, eid, period: _book_period(_meter(view, eid), period),
    Kind.STORAGE_PERIOD: lambda view, eid, period: _book_period(_storage(view, eid), period),
    Kind.BATCH: lambda view, eid, period: _batch(view, _ecu(view, eid), period),
}
