"""A stand-in for the APsystems cloud: its wire contract over HTTP, a plant under a computed sun, faults.

Public names are imported at their first use, so that `scripts/simulator --help` needs only Python 3.11.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from .defaults import DEFAULT_APP_ID, DEFAULT_APP_SECRET

if TYPE_CHECKING:
    from .call import Call
    from .changes import (
        AddEcu,
        AddInverter,
        ListInverters,
        MoveInverter,
        RemoveEcu,
        RemoveInverter,
        ReplaceEcu,
        ReplaceInverter,
        parse_change,
    )
    from .cloud import Cloud
    from .faults import Fault, FaultKind, parse_fault
    from .plant import Absent, Change, Ecu, Inverter, Plant, big_plant, sample_plant
    from .truth import Truth
    from .uploads import Uploads
    from .view import Outage
    from .wire import Kind, Level

__all__ = [
    "DEFAULT_APP_ID",
    "DEFAULT_APP_SECRET",
    "Absent",
    "AddEcu",
    "AddInverter",
    "Call",
    "Change",
    "Cloud",
    "Ecu",
    "Fault",
    "FaultKind",
    "Inverter",
    "Kind",
    "Level",
    "ListInverters",
    "MoveInverter",
    "Outage",
    "Plant",
    "RemoveEcu",
    "RemoveInverter",
    "ReplaceEcu",
    "ReplaceInverter",
    "Truth",
    "Uploads",
    "big_plant",
    "parse_change",
    "parse_fault",
    "sample_plant",
]

_PUBLIC = {
    "call": ("Call",),
    "changes": (
        "AddEcu",
        "AddInverter",
        "ListInverters",
        "MoveInverter",
        "RemoveEcu",
        "RemoveInverter",
        "ReplaceEcu",
        "ReplaceInverter",
        "parse_change",
    ),
    "cloud": ("Cloud",),
    "faults": ("Fault", "FaultKind", "parse_fault"),
    "plant": ("Absent", "Change", "Ecu", "Inverter", "Plant", "big_plant", "sample_plant"),
    "truth": ("Truth",),
    "uploads": ("Uploads",),
    "view": ("Outage",),
    "wire": ("Kind", "Level"),
}
"""Public names by module."""


def __getattr__(name: str) -> object:
    for module, names in _PUBLIC.items():
        if name in names:
            return getattr(import_module(f".{module}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
