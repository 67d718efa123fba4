"""A stand-in for the APsystems cloud: its wire contract over HTTP, a plant under a computed sun, faults."""

from .cloud import DEFAULT_APP_ID, DEFAULT_APP_SECRET, Call, Cloud
from .faults import Fault, FaultKind, parse_fault
from .plant import Absent, Ecu, Inverter, Plant, big_plant, sample_plant
from .truth import Truth
from .view import Outage
from .wire import Kind, Level

__all__ = [
    "DEFAULT_APP_ID",
    "DEFAULT_APP_SECRET",
    "Absent",
    "Call",
    "Cloud",
    "Ecu",
    "Fault",
    "FaultKind",
    "Inverter",
    "Kind",
    "Level",
    "Outage",
    "Plant",
    "Truth",
    "big_plant",
    "parse_fault",
    "sample_plant",
]
