"""Fuzz the client: any body gives models with finite numbers, or one of the client's own exceptions."""

import argparse
import asyncio
from collections.abc import AsyncIterator, Awaitable, Iterator
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import fields, is_dataclass
from datetime import date
import json
import math
from pathlib import Path
import sys
from typing import override

import atheris

ROOT = Path(__file__).resolve().parent.parent
# The package is imported by itself: that of the integration needs Home Assistant. Appended, not inserted, so that no
# module of the integration hides one of the standard library.
sys.path.append(str(ROOT / "custom_components" / "apsystems_openapi"))

with atheris.instrument_imports(include=["cloud", "json"]):
    from cloud import EnergyLevel, OpenApiClient, OpenApiError

DAY = date(2025, 6, 30)
EID, UID = "216200012345", "703000000011"
ANSWERS = [json.loads(path.read_bytes()) for path in sorted((ROOT / "tests" / "fixtures").glob("*.json"))]
ODD = [None, True, "", "0", "-0.00", "NaN", "1e999", "-1", -1, 1e300, 10**400, "9" * 400, "00:00", "24:00", "\ud800"]


class Content:
    """Body of a response, as aiohttp streams it."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    async def iter_any(self) -> AsyncIterator[bytes]:
        """Yield the body in one chunk."""
        yield self._body


class Session(AbstractAsyncContextManager["Session"]):
    """Session and response of aiohttp in one: every request gets the same body."""

    status = 200
    content_length = None

    def __init__(self, body: bytes) -> None:
        self.content = Content(body)

    def get(self, *_: object, **__: object) -> Session:
        """Return the response."""
        return self

    def close(self) -> None:
        """Close the response."""

    @override
    async def __aexit__(self, *_: object) -> None:
        return None


def body_of(data: atheris.FuzzedDataProvider) -> bytes:
    """Return arbitrary bytes, or a recorded answer with some members replaced or deleted."""
    if data.ConsumeIntInRange(0, 3) == 0:
        return data.ConsumeBytes(data.remaining_bytes())
    value = {"answer": json.loads(json.dumps(data.PickValueInList(ANSWERS)))}
    for _ in range(data.ConsumeIntInRange(1, 6)):
        mutate(value, data)
    return json.dumps(value["answer"]).encode()


def mutate(value: dict[str, object], data: atheris.FuzzedDataProvider) -> None:
    """Replace or delete one member of a value; the outermost member is never deleted."""
    container = data.PickValueInList(list(containers(value)))
    place = data.PickValueInList(list(container) if isinstance(container, dict) else list(range(len(container))))
    match data.ConsumeIntInRange(0, 5):
        case 0:
            container[place] = data.PickValueInList(ODD)
        case 1:
            container[place] = data.ConsumeUnicode(12)
        case 2:
            container[place] = data.ConsumeFloat()
        case 3:
            container[place] = json.loads(json.dumps(data.PickValueInList(ANSWERS)))
        case 4:
            container[place] = [] if data.ConsumeBool() else {}
        case _ if container is not value:
            del container[place]


def containers(value: object) -> Iterator[list[object] | dict[str, object]]:
    """Yield every object and list that has members; of long ones only the first 8 members are searched."""
    if isinstance(value, (list, dict)) and value:
        yield value
        for item in list(value.values() if isinstance(value, dict) else value)[:8]:
            yield from containers(item)


async def fetch_everything(client: OpenApiClient) -> list[object]:
    """Call every method of the client and return the models."""
    calls = (
        client.details(),
        client.inverters(),
        client.summary(),
        *(client.energy(level, DAY) for level in EnergyLevel),
        client.inverter_day(UID, DAY),
        client.ecu_day(EID, DAY),
        client.batch_energy(EID, DAY),
        client.batch_power(EID, DAY),
    )
    return [model for call in calls if (model := await fetch(call)) is not None]


async def fetch(call: Awaitable[object]) -> object:
    """Return the model of a call, None when the client raises an exception of its own."""
    with suppress(OpenApiError):
        return await call
    return None


def check(value: object) -> None:
    """Check that every number of a model is finite, and every text can be stored as UTF-8."""
    match value:
        case float():
            assert math.isfinite(value)
        case str():
            value.encode()
        case tuple() | list():
            for item in value:
                check(item)
        case dict():
            for key, item in value.items():
                check(key)
                check(item)
        case _ if is_dataclass(value):
            for field in fields(value):
                check(getattr(value, field.name))


def test_one_input(data: bytes) -> None:
    """Run the client against one input of the fuzzer."""
    session = Session(body_of(atheris.FuzzedDataProvider(data)))
    client = OpenApiClient(session, "https://cloud.invalid", "id", "secret", "AB12345C6D7E")
    check(RUNNER.run(fetch_everything(client)))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=60)
    arguments, rest = parser.parse_known_args()
    with asyncio.Runner() as RUNNER:
        limits = [f"-max_total_time={arguments.seconds}", "-max_len=4096", "-len_control=0"]
        atheris.Setup([sys.argv[0], *limits, *rest], test_one_input)
        atheris.Fuzz()
