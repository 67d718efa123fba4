"""Telemetry of inverters: merging a batch of DC power into an inverter's day, and single values of a series."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date

from ..cloud.models import BatchPower, ChannelDay, InverterDay, Series


def with_batch(known: InverterDay | None, uid: str, day: date, batch: BatchPower) -> InverterDay | None:
    """Return the telemetry of inverter `uid` on `day` with the DC power of the batch merged in by label.

    A value of the batch replaces the known value of its label; a None of the batch replaces nothing. The other
    measurements stay. When `known` is None or of another day, the result has the values of the batch only, and keeps
    the number of channels and phases so that no entity disappears. Returns `known` when the batch does not name `uid`.
    """
    fresh = {channel: series for (owner, channel), series in batch.power_w.items() if owner == uid}
    if not fresh:
        return known
    base = known if known is not None and known.day == day else _empty(day, like=known)
    times = tuple(sorted({*base.times, *batch.times}))
    channels = []
    for number in range(1, max(len(base.channels), *fresh) + 1):
        channel = base.channels[number - 1] if number <= len(base.channels) else ChannelDay()
        power_w = _by_label(base.times, channel.power_w) | _by_label(batch.times, fresh.get(number, ()))
        channels.append(replace(channel, power_w=_series(times, power_w)))
    ac_power_w = _series(times, _by_label(base.times, base.ac_power_w))
    return replace(base, times=times, ac_power_w=ac_power_w, channels=tuple(channels))


def latest(series: Series) -> float | None:
    """Return the newest value of a series; None when it has none."""
    return next((value for value in reversed(series) if value is not None), None)


def peak(series: Series) -> float | None:
    """Return the highest value of a series; None when it has none."""
    return max((value for value in series if value is not None), default=None)


def _empty(day: date, like: InverterDay | None) -> InverterDay:
    """Return a day without values that has the channels and phases of another day."""
    return InverterDay(
        day=day,
        times=(),
        ac_power_w=(),
        channels=() if like is None else (ChannelDay(),) * len(like.channels),
        ac_voltages_v=() if like is None else (None,) * len(like.ac_voltages_v),
    )


def _by_label(times: tuple[str, ...], series: Series) -> dict[str, float]:
    """Return the values of a series by label; an empty series has none."""
    labels = times if series else ()
    return {label: value for label, value in zip(labels, series, strict=True) if value is not None}


def _series(times: tuple[str, ...], values: Mapping[str, float]) -> Series:
    return tuple(map(values.get, times))
