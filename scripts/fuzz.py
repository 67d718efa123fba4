"""Whatever the cloud sends: nothing but the client's own errors comes out, and nothing that could not be kept."""

import argparse
import asyncio
from collections.abc import AsyncIterator, Awaitable, Iterator
from contextlib import AbstractAsyncContextManager, suppress
from datetime import date
import json
import math
from pathlib import Path
import sys
from types import ModuleType
from typing import override

import atheris

# The package's own __init__ needs Home Assistant; what is used of it here does not.
ROOT = Path(__file__).resolve().parent.parent
PACKAGE = "custom_components.apsystems_openapi"
sys.path.insert(0, str(ROOT))
sys.modules[PACKAGE] = ModuleType(PACKAGE)
sys.modules[PACKAGE].__path__ = [str(ROOT / PACKAGE.replace(".", "/"))]

with atheris.instrument_imports(include=[PACKAGE, "json"]):
    from custom_components.apsystems_openapi import models, state as states
    from custom_components.apsystems_openapi.cloud.client import EnergyLevel, OpenApiClient, OpenApiError

DAY = date(2025, 6, 30)
UID = "703000000011"
SAMPLES = [json.loads(path.read_bytes()) for path in sorted((ROOT / "tests" / "fixtures").glob("*.json"))]
ODD = [None, True, "", "-0.00", "NaN", "1e999", "-1", -1, 1e300, 10**400, "9" * 400, "00:00", "24:00", "\ud800"]


class Content:
    """A body, as a response holds it."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    async def iter_any(self) -> AsyncIterator[bytes]:
        """Give the body in one piece."""
        yield self._body


class Answer(AbstractAsyncContextManager["Answer"]):
    """A session all of whose requests are answered alike."""

    status = 200
    content_length = None

    def __init__(self, body: bytes) -> None:
        self.content = Content(body)

    def get(self, *_: object, **__: object) -> Answer:
        """Answer."""
        return self

    def close(self) -> None:
        """Hang up."""

    @override
    async def __aexit__(self, *_: object) -> None:
        return None


def body_of(data: atheris.FuzzedDataProvider) -> bytes:
    """Return bytes, or a sample in which some members are other ones."""
    if data.ConsumeIntInRange(0, 3) == 0:
        return data.ConsumeBytes(data.remaining_bytes())
    value = {"answer": json.loads(json.dumps(data.PickValueInList(SAMPLES)))}
    for _ in range(data.ConsumeIntInRange(1, 6)):
        holders = list(holders_of(value))
        holder = data.PickValueInList(holders)
        place = data.PickValueInList(list(holder) if isinstance(holder, dict) else list(range(len(holder))))
        match data.ConsumeIntInRange(0, 5):
            case 0:
                holder[place] = data.PickValueInList(ODD)
            case 1:
                holder[place] = data.ConsumeUnicode(12)
            case 2:
                holder[place] = data.ConsumeFloat()
            case 3:
                holder[place] = json.loads(json.dumps(data.PickValueInList(SAMPLES)))
            case 4:
                holder[place] = [] if data.ConsumeBool() else {}
            case _ if holder is not value:
                del holder[place]
    return json.dumps(value["answer"]).encode()


def holders_of(value: object) -> Iterator[list[object] | dict[str, object]]:
    """Return every list and object that has members; of long lists the beginning is enough."""
    if isinstance(value, (list, dict)) and value:
        yield value
        for item in list(value.values() if isinstance(value, dict) else value)[:8]:
            yield from holders_of(item)


async def ask_everything(client: OpenApiClient) -> list[object]:
    """Make every call; return what was understood."""
    calls = (
        client.details(),
        client.inverters(),
        client.summary(),
        *(client.energy(level, DAY) for level in EnergyLevel),
        client.inverter_day(UID, DAY),
        client.ecu_day("216200012345", DAY),
        client.batch_energy("216200012345", DAY),
        client.batch_power("216200012345", DAY),
    )
    return [result for call in calls if (result := await _of(call)) is not None]


async def _of(call: Awaitable[object]) -> object:
    with suppress(OpenApiError):
        return await call
    return None


def check(value: object) -> None:
    """Check that a figure is a finite number."""
    if isinstance(value, float):
        assert math.isfinite(value)
    elif isinstance(value, (tuple, list)):
        for item in value:
            check(item)
    elif isinstance(value, dict):
        for item in value.values():
            check(item)
    elif hasattr(value, "__dict__"):
        check(vars(value))


def keep(understood: list[object]) -> None:
    """Take everything into a state, write it and read it back."""
    state = states.SystemState()
    for known in understood:
        match known:
            case models.SystemDetails():
                state = states.replace(state, details=known)
            case models.InverterDay():
                state = states.with_day(state, UID, known)
            case models.EcuDay():
                state = states.with_ecu_day(state, "216200012345", DAY, known)
            case models.BatchPower():
                state = states.with_batch_power(state, DAY, known)
            case dict():
                state = states.with_batch_energy(state, DAY, known)
            case tuple() if known and all(isinstance(ecu, models.Ecu) for ecu in known):
                state = states.with_listing(state, known)
    written = json.dumps(states.dump(state), default=date.isoformat, allow_nan=False)
    assert states.load(json.loads(written)) == state


def read_anything(body: bytes) -> None:
    """Read a stored state that is none."""
    with suppress(ValueError):
        stored = json.loads(body)
        with suppress(AttributeError, KeyError, TypeError):
            states.load(stored)


def one(data: bytes) -> None:
    """Try one input."""
    body = body_of(atheris.FuzzedDataProvider(data))
    client = OpenApiClient(Answer(body), "https://cloud.invalid", "id", "secret", "AB12345C6D7E")
    understood = RUNNER.run(ask_everything(client))
    check(understood)
    keep(understood)
    with suppress(RecursionError):
        read_anything(body)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=60)
    arguments, rest = parser.parse_known_args()
    with asyncio.Runner() as RUNNER:
        limits = [f"-max_total_time={arguments.seconds}", "-max_len=4096", "-len_control=0"]
        atheris.Setup([sys.argv[0], *limits, *rest], one)
        atheris.Fuzz()
