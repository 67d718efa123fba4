"""All that is known of one system, as a value, and how each answer changes it.

An answer only ever adds or replaces what it speaks of: a null, an empty list or no answer at all takes nothing away.
"""

from collections.abc import Iterable, Mapping, Set as AbstractSet
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Final

from ..cloud.models import (
    MAX_CHANNELS,
    BatchEnergy,
    BatchPower,
    Ecu,
    EcuDay,
    Inverter,
    InverterDay,
    Series,
    Summary,
    SystemDetails,
)
from ..schedule.calls import Call, Kind, Plant, Slot
from ..schedule.options import Options
from ..schedule.rhythm import Observation, with_observation
from ..schedule.sun import LAST_MINUTE
from .backlog import READ_OF, Backlog, Source, SourceKind, source_of
from .clock import Clock
from .energy import (
    Adjustment,
    Energy,
    Reading,
    power_limit_kw,
    with_hours,
    with_lower_total,
    with_summary,
    with_today,
)
from .house import House
from .panel_totals import due_totals
from .telemetry import with_batch
from .topology import (
    LISTING_LASTS,
    UNLISTED_FOR,
    EcuContact,
    after_read,
    is_short,
    listed_inverters,
    listing_causes,
    taken_down,
    unlisted_since,
)
from .unwritten import PanelDay
from .waits import Waits

NEWS_KWH: Final = 0.01
METERS_LAST: Final = timedelta(days=30)
WITH_METER, WITH_BATTERY = 1, 2  # types of ECU (`api.md` §3, inverter list)
# One refusal in a row only raises a doubt.
REFUSALS_BELIEVED: Final = 2


@dataclass(frozen=True, kw_only=True)
class Hours:
    """The system's hourly energy (kWh) of a site day."""

    day: date
    kwh: Series
    read_at: datetime | None = None
    """When it was fetched; None when it is the sum of the ECUs' own series."""

    @property
    def total(self) -> float:
        """Their sum (kWh); an hour that is not known counts as 0."""
        return sum(kwh or 0.0 for kwh in self.kwh)


@dataclass(frozen=True, kw_only=True)
class EcuReport:
    """An ECU's newest series that had a sample, and its site day."""

    day: date
    data: EcuDay


@dataclass(frozen=True, kw_only=True)
class PanelEnergy:
    """The energy (kWh) of an inverter's channels on a site day."""

    day: date
    kwh: Series


@dataclass(frozen=True, kw_only=True)
class Spent:
    """How many calls of the month, in UTC, the ledger counted at a time."""

    at: datetime
    calls: int
    quota: int | None = None
    """The monthly quota of the App ID; None in a state of version 1.0."""


@dataclass(frozen=True, kw_only=True)
class SystemState:
    """What the cloud has said so far."""

    details: SystemDetails | None = None
    """The registration; None before it was first fetched."""
    details_at: datetime | None = None
    """When the details were fetched; their status light is of that time."""
    energy: Energy | None = None
    """None before the first read."""
    adjustment: Adjustment | None = None
    """What the recorder is to do once for the total energy sensor; None when there is nothing to do."""
    hours: Hours | None = None
    """Of the newest day that has any; None before the first."""
    ecus: tuple[Ecu, ...] | None = None
    """The newest listing; None before the first."""
    inverters: tuple[Inverter, ...] = ()
    """Those that have a device: a vanished one stays while its ECU's own list is missing or empty."""
    unlisted: Mapping[str, datetime] = field(default_factory=dict)
    """Known ECUs that no listing has named of late, by id, and since when."""
    telemetry: Mapping[str, InverterDay] = field(default_factory=dict)
    """By inverter."""
    ecu_days: Mapping[str, EcuReport] = field(default_factory=dict)
    """By ECU."""
    panel_energy: Mapping[str, PanelEnergy] = field(default_factory=dict)
    """By inverter."""
    panel_totals: Mapping[str, tuple[Energy, ...]] = field(default_factory=dict)
    """Of the channels of each inverter, in order; one that was never read is missing."""
    totals_read: Mapping[str, datetime] = field(default_factory=dict)
    """When the totals of each inverter were last answered, be it with nothing."""
    ecu_types: Mapping[str, int] = field(default_factory=dict)
    """By ECU, as a listing last had it: 1 with a meter, 2 with a battery (`api.md` §3, inverter list)."""
    listed_meters: Mapping[str, datetime] = field(default_factory=dict)
    """The meters of the meter list, and when it last named each."""
    meters_read: datetime | None = None
    """When the meter list was last answered, be it with nothing."""
    meters: Mapping[str, House] = field(default_factory=dict)
    """By the id of the meter."""
    batteries: Mapping[str, House] = field(default_factory=dict)
    """By ECU."""
    first_battery: str | None = None
    """The ECU of the battery that was listed first; None before a listing named one."""
    storage_as_installer: bool = False
    """Whether batteries are asked for under the prefix for installers (`api.md` §3)."""
    is_prefix_known: bool = False
    """Whether a battery has answered under that prefix."""
    observations: Mapping[str, tuple[Observation, ...]] = field(default_factory=dict)
    """By ECU, from which the rhythm of its uploads is learned."""
    contacts: Mapping[str, EcuContact] = field(default_factory=dict)
    """By ECU, from reads of its own series."""
    listed_at: datetime | None = None
    """When the newest listing was fetched."""
    answered_causes: tuple[str, ...] = ()
    """Causes for which a listing was asked for since one has changed something."""
    short_evenings: int = 0
    """How many evenings in a row the summary had clearly more than the ECUs together."""
    shortfall_on: date | None = None
    """The day that `short_evenings` was last counted for."""
    refusals: int = 0
    """How many calls in a row were refused as wrong credentials are (see `REFUSALS_BELIEVED`)."""
    requests_on: date | None = None
    """The site day of `requests`; None before the first."""
    requests: int = 0
    """Calls of that day that automations have asked for."""
    answers: Mapping[str, datetime] = field(default_factory=dict)
    """When each call was last answered, be it with nothing, by its key."""
    answered: datetime | None = None
    """When the cloud last answered a call."""
    spent: Spent | None = None
    """For a ledger that gets lost."""
    backlog: Backlog = field(default_factory=Backlog)
    waits: Waits = field(default_factory=Waits)

    @property
    def are_credentials_refused(self) -> bool:
        """Whether calls are refused because of the credentials."""
        return self.refusals >= REFUSALS_BELIEVED

    @property
    def is_complete(self) -> bool:
        """Whether the first read has been answered, so that there is something to show."""
        return self.energy is not None and self.ecus is not None

    @property
    def listed(self) -> frozenset[str]:
        """The inverters that the newest listing names."""
        return frozenset(inverter.uid for ecu in self.ecus or () for inverter in ecu.inverters)

    @property
    def timezone(self) -> str | None:
        """The name of the site's zone, by the registration or else by the first ECU that has one."""
        return (self.details and self.details.timezone) or _zone_of(self.ecus or ())

    @property
    def unknown_inverters(self) -> frozenset[str]:
        """Ids that a batch named and no listing."""
        return frozenset(self.telemetry) - {i.uid for i in self.inverters}

    @property
    def listing_causes(self) -> frozenset[str]:
        """Why a new listing is wanted, answered causes included."""
        is_newer = not (self.details_at and self.listed_at) or self.details_at >= self.listed_at
        named = self.details.ecus if self.details and is_newer else ()
        contacts = {eid: contact for eid, contact in self.contacts.items() if eid in self.ecu_ids}
        return listing_causes(self.ecus or (), named, self.unknown_inverters, contacts, self.short_evenings)

    def wants_listing(self, now: datetime) -> bool:
        """Return whether a listing is to be fetched: for a cause that has not led to one yet, or once a week."""
        is_old = self.listed_at is None or not timedelta() <= now - self.listed_at < LISTING_LASTS
        return is_old or bool(self.open_causes)

    @property
    def open_causes(self) -> frozenset[str]:
        """Why a new listing is wanted, without the causes that have led to one already."""
        return self.listing_causes - set(self.answered_causes)

    def plant(self, clock: Clock, *, has_recorder: bool) -> Plant:
        """Return what there is to ask for. An ECU's own series is left out while the account is refused it."""
        options = clock.options
        histories = self.open_histories(clock)
        readable = [source for source in histories if source is not None]
        steps = (
            step
            for backlog in histories.values()
            for step in backlog.steps(clock.day, import_history=options.import_history)
        )
        meters = tuple(source.eid for source in readable if source.kind is SourceKind.METER)
        batteries = tuple(source.eid for source in readable if source.kind is SourceKind.BATTERY)
        return Plant(
            ecus=self.ecu_ids,
            inverters=tuple(inverter.uid for inverter in self.inverters),
            ecu_days=self._may_ask(Kind.ECU_DAY, clock),
            meters=meters,
            meters_read_production=any(eid in meters and meter.reads_production for eid, meter in self.meters.items()),
            batteries=batteries,
            totals=self._totals_due(clock),
            backlog=has_recorder and next(steps, None) is not None,
        )

    def _totals_due(self, clock: Clock) -> tuple[str, ...]:
        if not self._may_ask(Kind.INVERTER_SUMMARY, clock):
            return ()
        return due_totals((inverter.uid for inverter in self.inverters), self.totals_read, clock.midnight)

    def _may_ask(self, kind: Kind, clock: Clock) -> bool:
        """Return whether the account is not refused a kind of call."""
        return not self.waits.refuse([kind], clock.now)

    def has_answered(self, slot: Slot) -> bool:
        """Return whether a call's device, or any of its kind, has ever shown anything."""
        if (source := source_of(slot.call)) is not None:
            house = self.house(source)
            return house.newest is not None or bool(house.energies)
        return bool(self.listed_meters if slot.call.kind is Kind.METERS else self.panel_totals)

    @property
    def ecu_ids(self) -> tuple[str, ...]:
        """The ECUs that have inverters."""
        return tuple(dict.fromkeys(inverter.eid for inverter in self.inverters))

    @property
    def known_ecus(self) -> tuple[str, ...]:
        """The ECUs that the newest listing names, that have inverters, or that were not taken down yet."""
        return tuple(dict.fromkeys([*(ecu.eid for ecu in self.ecus or ()), *self.ecu_ids, *self.unlisted]))

    def histories(self, options: Options) -> dict[Source | None, Backlog]:
        """Return the backlogs of the production, and of each battery and meter that is read."""
        sources = [*([None] if options.production else []), *self.sources(options)]
        return {source: self.history(source) for source in sources}

    def open_histories(self, clock: Clock) -> dict[Source | None, Backlog]:
        """Return them without those of meters and batteries that refuse to be read now, or whose account is refused."""

        def is_refused(source: Source) -> bool:
            read = Call(kind=READ_OF[source.kind], target=source.eid)
            return self.waits.refuse([read.kind, str(read)], clock.now)

        known = self.histories(clock.options).items()
        return {source: backlog for source, backlog in known if source is None or not is_refused(source)}

    def first_calls(self, options: Options) -> int:
        """Return how many history calls there were since the installation, of all sources."""
        return sum(backlog.first_calls for backlog in self.histories(options).values())

    def history(self, source: Source | None) -> Backlog:
        """Return the backlog of a source."""
        return self.backlog if source is None else self.house(source).backlog

    def sources(self, options: Options) -> list[Source]:
        """Return the batteries and meters that are read."""
        return _sources(options, self.battery_ids, self.meter_ids)

    def is_listed(self, source: Source) -> bool:
        """Return whether the newest list names a meter or a battery, and not only one before."""
        in_list = any(ecu.eid == source.eid for ecu in self.ecus or ()) and source in self.sources(Options())
        if source.kind is SourceKind.BATTERY or source.eid not in self.listed_meters:
            return in_list
        return self.listed_meters[source.eid] == self.meters_read or self._types.get(source.eid) == WITH_METER

    def shown_sources(self, options: Options) -> list[Source]:
        """Return the batteries and meters that are shown: one that is no longer listed stays."""
        return _sources(options, [*self.battery_ids, *self.batteries], [*self.meter_ids, *self.meters])

    def with_history(self, source: Source | None, backlog: Backlog) -> SystemState:
        """Return the state with the backlog of a source."""
        if source is None:
            return replace(self, backlog=backlog)
        return self.with_house(source, replace(self.house(source), backlog=backlog))

    def house(self, source: Source) -> House:
        """Return what a meter or a battery has said of its house."""
        houses = self.meters if source.kind is SourceKind.METER else self.batteries
        return houses.get(source.eid) or House()

    def with_house(self, source: Source, house: House) -> SystemState:
        """Return the state with what a meter or a battery has said of its house."""
        if source.kind is SourceKind.METER:
            return replace(self, meters={**self.meters, source.eid: house})
        return replace(self, batteries={**self.batteries, source.eid: house})

    @property
    def meter_ids(self) -> tuple[str, ...]:
        """The meters: ECUs that have one, and those of the meter list."""
        return tuple(dict.fromkeys([*_of_type(self._types, WITH_METER), *self.listed_meters]))

    @property
    def battery_ids(self) -> tuple[str, ...]:
        """The ECUs that have a battery."""
        return _of_type(self._types, WITH_BATTERY)

    @property
    def _types(self) -> Mapping[str, int]:
        """The types of the ECUs; a state that was stored by 1.0 has none."""
        return {ecu.eid: ecu.type for ecu in self.ecus or () if ecu.type is not None} | dict(self.ecu_types)

    @property
    def has_battery(self) -> bool:
        """Whether the plant has a battery, be it one that is not listed any more."""
        return bool(self.battery_ids or self.batteries)

    @property
    def main_battery(self) -> str | None:
        """The ECU of the battery whose ids do not contain that of its ECU; it never changes to another."""
        return self.first_battery or next(iter(self.battery_ids), None)

    def reports(self, day: date) -> dict[str, EcuDay]:
        """Return what each ECU has reported of a day; an ECU without a sample is missing."""
        reports = {eid: self.ecu_days.get(eid) for eid in self.ecu_ids}
        return {eid: report.data for eid, report in reports.items() if report is not None and report.day == day}

    def missing_ecus(self, day: date) -> tuple[str, ...]:
        """Return the ECUs that have no sample of a day."""
        reports = self.reports(day)
        return tuple(eid for eid in self.ecu_ids if eid not in reports)

    def has_sample(self, day: date) -> bool:
        """Return whether anything has shown energy of a day, be it 0; hours have a 0 without a record as well."""
        energy = self.energy if self.energy and self.energy.day == day else None
        is_known = energy is not None and (bool(energy.today) or energy.summary_today is not None)
        return is_known or bool(self.reports(day))

    def has_news_since(self, before: SystemState) -> bool:
        """Return whether reads have brought new data; sums of rounded parts differ by a little without any."""
        today, known = (state.energy.today or 0.0 if state.energy else 0.0 for state in (self, before))
        return today - known > NEWS_KWH or (self.ecu_days, self.telemetry) != (before.ecu_days, before.telemetry)

    # What the clock changes

    def reading(self, clock: Clock) -> Reading:
        """Return the bounds within which the figures of an answer must lie that is fetched now."""
        daylight, details = clock.today.daylight, self.details
        return Reading(
            at=clock.now,
            midnight=clock.midnight,
            sunrise=daylight.start if daylight else None,
            sunset=daylight.end if daylight else None,
            last=clock.site.at(clock.day, LAST_MINUTE),
            built=clock.site.midnight(details.created) if details and details.created else None,
            power_limit_kw=power_limit_kw(details.capacity_kw if details else None, len(self.inverters)),
        )

    def known_energy(self, reading: Reading) -> Energy:
        """Return the known energy; before anything is known, today's is 0 until the sun rises."""
        return self.energy or Energy(day=reading.day, today=0.0 if reading.before_sunrise else None)

    # What answers change

    def with_details(self, details: SystemDetails, now: datetime) -> SystemState:
        """Take the registration; what only an earlier one has said stays."""
        known = self.details
        if known is None:
            return replace(self, details=details, details_at=now)
        merged = replace(
            details,
            created=details.created or known.created,
            capacity_kw=details.capacity_kw or known.capacity_kw,
            timezone=details.timezone or known.timezone,
            ecus=details.ecus or known.ecus,
            light=details.light or known.light,
        )
        return replace(self, details=merged, details_at=now)

    def with_listing(self, ecus: tuple[Ecu, ...], now: datetime) -> SystemState:
        """Take an inverter list; one that is empty takes no ECU away.

        Details are seldom asked for; where a listing names another zone, the owner has changed it since.
        """
        zone, unlisted = _zone_of(ecus), unlisted_since(self.known_ecus, self.unlisted, ecus, now)
        gone = taken_down(unlisted, ecus, now)
        listed = {ecu.eid: self.ecu_types.get(ecu.eid) if ecu.type is None else ecu.type for ecu in ecus}
        kept = {eid: known for eid, known in self.ecu_types.items() if eid not in listed and eid not in gone}
        types = {eid: known for eid, known in (listed | kept).items() if known is not None}
        return replace(
            self._with_inverters(listed_inverters(self.inverters, ecus, gone)),
            details=replace(self.details, timezone=zone) if self.details is not None and zone else self.details,
            ecus=ecus or self.ecus or (),
            ecu_types=types,
            first_battery=self.main_battery or next(iter(_of_type(types, WITH_BATTERY)), None),
            unlisted=_only(unlisted, unlisted.keys() - gone),
            listed_at=now,
            answered_causes=() if self._is_news(ecus) else tuple(sorted({*self.answered_causes, *self.listing_causes})),
            short_evenings=0 if self._is_news(ecus) else self.short_evenings,
        )

    def _is_news(self, ecus: Iterable[Ecu]) -> bool:
        """Return whether a listing differs from the one before it."""
        return self.ecus is None or set(map(_unordered, ecus)) != set(map(_unordered, self.ecus))

    def _with_inverters(self, inverters: tuple[Inverter, ...]) -> SystemState:
        """Return the state with these inverters, and without the data of others and of ECUs that have none."""
        uids, eids = {inverter.uid for inverter in inverters}, {inverter.eid for inverter in inverters}
        return replace(
            self,
            inverters=inverters,
            contacts=_only(self.contacts, eids),
            observations=_only(self.observations, eids),
            ecu_days=_only(self.ecu_days, eids),
            telemetry=_only(self.telemetry, uids),
            panel_energy=_only(self.panel_energy, uids),
            panel_totals=_only(self.panel_totals, uids),
            totals_read=_only(self.totals_read, uids),
        )

    def with_energy_summary(self, summary: Summary, reading: Reading) -> SystemState:
        """Take a summary. After sunset it is compared with what the ECUs have reported, once a day."""
        state = replace(self, energy=with_summary(self.known_energy(reading), summary, reading))
        if reading.is_after_sunset and self.shortfall_on != reading.day and self.ecus is not None:
            reported = _known_sum([report.today for report in self.reports(reading.day).values()])
            short = self.short_evenings + 1 if is_short(summary.today, reported) else 0
            return replace(state, short_evenings=short, shortfall_on=reading.day)
        return state

    def with_lower_total(self, now: datetime, *, has_recorder: bool) -> SystemState:
        """Take the cloud's lower total; without one nothing changes.

        An adjustment that still waits stays: no row has been compiled since, and the sums are too high by what it says.
        """
        if self.energy is None:
            return self
        energy, adjustment = with_lower_total(self.energy, now)
        return replace(self, energy=energy, adjustment=self.adjustment or (adjustment if has_recorder else None))

    def with_hours(self, day: date, hours: Series, reading: Reading) -> SystemState:
        """Take the system's hourly energy of a day."""
        energy = with_hours(self.known_energy(reading), day, hours, reading)
        return replace(self, energy=energy, hours=Hours(day=day, kwh=hours, read_at=reading.at))

    def with_ecu_day(self, eid: str, day: date, data: EcuDay, reading: Reading) -> SystemState:
        """Take an ECU's day; today's energy and the hours are the sums over the ECUs that have reported."""
        known = self.ecu_days.get(eid)
        if data.newest is None or (known is not None and known.day > day):
            return self
        state = replace(self, ecu_days={**self.ecu_days, eid: EcuReport(day=day, data=data)})
        reports = state.reports(day).values()
        kwh = tuple(_known_sum(hour) for hour in zip(*(report.hours for report in reports), strict=True))
        today = _known_sum([report.today for report in reports])
        energy = with_today(state.known_energy(reading), day, today, reading)
        hours, known_hours = Hours(day=day, kwh=kwh), state.hours
        is_more = known_hours is None or known_hours.day != day or hours.total >= known_hours.total
        return replace(state, energy=energy, hours=hours if is_more else known_hours)

    def with_contact(self, eid: str, day: date, newest: str | None, reading: Reading) -> SystemState:
        """Note what a read of an ECU's own series of a day has shown: the label of its newest sample, or none.

        An ECU whose inverters have just been listed at another is not read any more.
        """
        if day != reading.day or eid not in self.ecu_ids:
            return self
        contact = after_read(self.contacts.get(eid), newest, reading)
        observations = self.observations
        if newest is not None and contact.sampled is not None:
            known = with_observation(observations.get(eid, ()), reading.at, contact.sampled)
            observations = {**observations, eid: known}
        return replace(self, contacts={**self.contacts, eid: contact}, observations=observations)

    def with_inverter_day(self, uid: str, day: InverterDay) -> SystemState:
        """Take an inverter's telemetry; a day older than the one known, or one without a sample, changes nothing."""
        known = self.telemetry.get(uid)
        if day.measured_at is None or (known is not None and known.day > day.day):
            return self
        return replace(self, telemetry={**self.telemetry, uid: day})

    def with_batch_power(self, day: date, batch: BatchPower) -> SystemState:
        """Merge an ECU's DC power into the days of its inverters."""
        telemetry = dict(self.telemetry)
        for uid in {uid for uid, _ in batch.power_w}:
            known = telemetry.get(uid)
            if known is not None and known.day > day:
                continue
            if (merged := with_batch(known, uid, day, batch)) is not None:
                telemetry[uid] = merged
        return replace(self, telemetry=telemetry)

    def with_batch_energy(self, day: date, batch: BatchEnergy) -> SystemState:
        """Take the energy of an ECU's panels, which is also to be written."""
        fresh = []
        for uid in sorted({uid for uid, _ in batch}):
            kwh = [batch.get((uid, channel)) for channel in range(1, MAX_CHANNELS + 1)]
            while kwh[-1] is None:
                kwh.pop()
            fresh.append(PanelDay(day=day, uid=uid, kwh=tuple(kwh)))
        newer = {uid for uid, known in self.panel_energy.items() if known.day > day}
        shown = {panel.uid: PanelEnergy(day=day, kwh=panel.kwh) for panel in fresh if panel.uid not in newer}
        return replace(self, panel_energy={**self.panel_energy, **shown}, backlog=self.backlog.with_panels(fresh))

    def with_meter_list(self, eids: Iterable[str], now: datetime) -> SystemState:
        """Take a meter list; a meter that this one and the one before do not name is gone."""
        read = self.meters_read
        lasting = {eid for eid, named in self.listed_meters.items() if read is None or named >= read}
        return replace(
            self,
            listed_meters={**_only(self.listed_meters, lasting), **dict.fromkeys(eids, now)},
            meters_read=now,
        )

    def wants_meter_list(self, now: datetime) -> bool:
        """Return whether the meter list is to be fetched: once a month, and a day after one that lacks a meter."""
        if (read := self.meters_read) is None:
            return True
        lacks = any(named < read for named in self.listed_meters.values())
        return not timedelta() <= now - read < (UNLISTED_FOR if lacks else METERS_LAST)

    def with_history_call(self, today: date, slot: Slot) -> SystemState:
        """Count a history call that was booked, of what it is about."""
        source = source_of(slot.call)
        return self.with_history(source, self.history(source).with_call(today))

    def with_asked(self, days: Iterable[date], options: Options) -> SystemState:
        """Have the hours of some days fetched again, and their panels where these are kept, as calls allow."""
        days = tuple(days)
        coming = {day for day in days if options.import_history and self.backlog.is_coming(day)}
        backlog = self.backlog.with_asked(set(days) - coming)
        if options.panel_statistics:
            backlog = backlog.with_wanted_panels(days, self.ecu_ids)
        return replace(self, backlog=backlog)

    def without_house(self, source: Source) -> SystemState:
        """Forget a meter or a battery, unless the newest list names it."""
        if self.is_listed(source):
            return self

        def others[V](known: Mapping[str, V]) -> dict[str, V]:
            return {eid: value for eid, value in known.items() if eid != source.eid}

        state = replace(self, ecu_types=others(self.ecu_types), listed_meters=others(self.listed_meters))
        if source.kind is SourceKind.METER:
            return replace(state, meters=others(self.meters))
        return replace(state, batteries=others(self.batteries))

    def without_inverter(self, uid: str) -> SystemState:
        """Forget an inverter."""
        return replace(
            self,
            inverters=tuple(inverter for inverter in self.inverters if inverter.uid != uid),
            telemetry={owner: day for owner, day in self.telemetry.items() if owner != uid},
            panel_energy={owner: panels for owner, panels in self.panel_energy.items() if owner != uid},
            panel_totals={owner: totals for owner, totals in self.panel_totals.items() if owner != uid},
        )


def _only[V](known: Mapping[str, V], names: AbstractSet[str]) -> dict[str, V]:
    return {name: value for name, value in known.items() if name in names}


def _sources(options: Options, batteries: Iterable[str], meters: Iterable[str]) -> list[Source]:
    """Return batteries and meters, each once, as far as the owner wants them."""
    return [
        *(Source(kind=SourceKind.BATTERY, eid=eid) for eid in dict.fromkeys(batteries) if options.battery),
        *(Source(kind=SourceKind.METER, eid=eid) for eid in dict.fromkeys(meters) if options.meter),
    ]


def _of_type(types: Mapping[str, int], wanted: int) -> tuple[str, ...]:
    return tuple(eid for eid, known in types.items() if known == wanted)


def _unordered(ecu: Ecu) -> tuple[Ecu, frozenset[Inverter]]:
    """Return an ECU and its inverters, whatever their order in the listing."""
    return replace(ecu, inverters=()), frozenset(ecu.inverters)


def _zone_of(ecus: Iterable[Ecu]) -> str | None:
    return next((ecu.timezone for ecu in ecus if ecu.timezone), None)


def _known_sum(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return round(sum(known), 3) if known else None
