"""Makes the calls of a system, one at a time: book, send, apply, save.

Whoever starts a round, a timer or a person, can be cancelled at any time; a call that has been sent is awaited and its
answer kept, as it was paid for.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from .cloud.client import OpenApiClient
from .cloud.exceptions import OpenApiConnectionError, OpenApiError, OpenApiNoDataError
from .const import DOMAIN
from .context import SystemContext
from .entry_ledger import EntryLedger
from .failures import BLOCKED, BLOCKING, Failures
from .ledger import LedgerError
from .schedule.calls import Call, Purpose, Slot
from .system.day_end import with_closed_day
from .system.due import Situation
from .system.reactions import after_failure, after_lost_connection, after_reads, after_success
from .system.state import Spent, SystemState
from .system.updates import UPDATES
from .system.waits import APP_ID

CALL_SPACING_S: Final = 2
LAST_CALL_S: Final = 10  # for an answer that is under way when the runner stops


class InterruptedRoundError(Exception):
    """The round was stopped before its calls were made: the entry is unloaded, or Home Assistant stops."""


class Runner:
    """The calls of one system."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ConfigEntry,
        client: OpenApiClient,
        context: SystemContext,
        failures: Failures,
        on_history: Callable[[], None],
    ) -> None:
        """`on_history` is called after each answer that the history waits for."""
        self._hass = hass
        self._entry = entry
        self._client = client
        self._context = context
        self._store = context.store
        self._failures = failures
        self._on_history = on_history
        self._rounds: set[asyncio.Task[Exception | None]] = set()
        self._pressed: dict[Call, asyncio.Task[Exception | None]] = {}
        """Calls that a press waits for, each with its round."""
        self._calls: set[asyncio.Task[Exception | None]] = set()
        self._is_stopped = False

    async def async_run(self, slots: Sequence[Slot], *, is_pressed: bool = False) -> Exception | None:
        """Make calls, in order; return the first failure.

        A round ends where the cloud stops all calls, and after two calls in a row that got no answer. Whoever presses
        for calls that another press waits for waits with it. Raises InterruptedRoundError when the runner is stopped
        meanwhile.
        """
        if self._is_stopped:
            raise InterruptedRoundError
        if not is_pressed:
            return await self._async_wait(self._start(slots, is_pressed=False)) if slots else None
        rounds = dict.fromkeys(self._pressed[slot.call] for slot in slots if slot.call in self._pressed)
        if fresh := [slot for slot in slots if slot.call not in self._pressed]:
            task = self._start(fresh, is_pressed=True)
            self._pressed |= {slot.call: task for slot in fresh}
            task.add_done_callback(self._end_press)
            rounds[task] = None
        failures = [await self._async_wait(task) for task in rounds]
        return next((failure for failure in failures if failure is not None), None)

    async def _async_wait(self, task: asyncio.Task[Exception | None]) -> Exception | None:
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            if task.cancelled():
                raise InterruptedRoundError from None
            raise

    def _end_press(self, ended: asyncio.Task[Exception | None]) -> None:
        self._pressed = {call: task for call, task in self._pressed.items() if task is not ended}

    def _start(self, slots: Sequence[Slot], *, is_pressed: bool) -> asyncio.Task[Exception | None]:
        round_ = self._async_round(slots, is_pressed=is_pressed)
        task = self._entry.async_create_background_task(self._hass, round_, f"{DOMAIN} calls")
        self._rounds.add(task)
        task.add_done_callback(self._rounds.discard)
        return task

    async def async_stop(self) -> None:
        """Stop: a call that is under way may come to its end, and no other begins."""
        self._is_stopped = True
        if self._calls:
            await asyncio.wait(self._calls, timeout=LAST_CALL_S)
        tasks = [*self._calls, *self._rounds]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _async_round(self, slots: Sequence[Slot], *, is_pressed: bool) -> Exception | None:
        if not is_pressed:
            return await self._async_calls(slots, is_pressed=False)
        async with self._context.ledger.ledger.pressing():
            return await self._async_calls(slots, is_pressed=True)

    async def _async_calls(self, slots: Sequence[Slot], *, is_pressed: bool) -> Exception | None:
        before, answered = self._store.state, list[Slot]()
        first: Exception | None = None
        last: Exception | None = None
        for number, slot in enumerate(slots):
            if number:
                await asyncio.sleep(CALL_SPACING_S)
            failure = await self._async_one(slot, answered, is_pressed=is_pressed)
            first = first or failure
            if (
                type(failure) in BLOCKING
                or isinstance(failure, LedgerError)
                or self._store.state.are_credentials_refused
            ):
                break
            if isinstance(failure, OpenApiConnectionError) and isinstance(last, OpenApiConnectionError):
                self._store.set(after_lost_connection(self._store.state, self._context.situation.clock))
                break
            last = failure
        self._store.set(after_reads(self._store.state, before, answered))
        return first

    async def _async_one(self, slot: Slot, answered: list[Slot], *, is_pressed: bool) -> Exception | None:
        """Make one call in a task of its own, which outlives a round that is cancelled; return its failure."""
        ledger = self._context.ledger
        async with ledger.ledger.one_call(is_pressed=is_pressed):
            if self._is_stopped:
                raise asyncio.CancelledError
            situation = self._context.situation
            if is_pressed and (wait := situation.waits.longest([APP_ID], situation.clock.now)):
                return BLOCKED[wait.reason]("APsystems accepts no calls")
            if (due := self._still_due(slot, situation, is_pressed=is_pressed)) is None:
                return None
            task = self._hass.async_create_background_task(self._async_call(due, ledger, answered), f"{DOMAIN} call")
            self._calls.add(task)
            task.add_done_callback(self._calls.discard)
            return await asyncio.shield(task)

    def _still_due(self, slot: Slot, situation: Situation, *, is_pressed: bool) -> Slot | None:
        """Return the call to make: another round, or an answer in this one, may have made it needless."""
        if slot.purpose is Purpose.HISTORY:
            return situation.history_call(slot)
        if is_pressed:
            return slot
        is_planned = slot.at < slot.until
        may_go = situation.may_be_made(slot) if is_planned else situation.waits.allows(slot, situation.clock.now)
        return slot if may_go else None

    async def _async_call(self, slot: Slot, ledger: EntryLedger, answered: list[Slot]) -> Exception | None:
        """Book a call, send it, and take its answer into the state; return the failure."""
        update, clock = UPDATES[slot.call.kind], self._context.situation.clock
        reading = self._store.state.reading(clock)
        is_history = slot.purpose is Purpose.HISTORY
        try:
            await ledger.async_book(slot.key)
            if is_history:
                self._store.set(self._store.state.with_history_call(clock.day, slot))
            answer = await update.ask(self._client, slot, self._store.state)
        except OpenApiNoDataError:
            before = self._store.state
            state = update.on_no_data(before, slot, reading)
        except LedgerError as failure:
            await self._failures.async_not_booked(failure, ledger)
            return failure
        except OpenApiError as failure:
            before = self._store.state
            after = before if type(failure) in BLOCKING else after_failure(before, slot, failure, clock)
            self._keep(after, ledger)
            await self._failures.async_failed(before, after, slot, failure, clock)
            return failure
        else:
            before = self._store.state
            state = with_closed_day(update.apply(before, slot, answer, reading), before, clock)
        self._keep(after_success(state, slot, clock), ledger)
        answered.append(slot)
        if is_history:
            self._on_history()
        await self._failures.async_succeeded(before, self._store.state, slot)
        return None

    def _keep(self, state: SystemState, ledger: EntryLedger) -> None:
        """Keep a state, with the calls that the ledger counts, should it get lost."""
        now = dt_util.utcnow()
        used = max(ledger.used(now, zone) for zone in ledger.zones)
        self._store.set(replace(state, spent=Spent(at=now, calls=used, quota=ledger.quota)))
