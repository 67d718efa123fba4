"""The APsystems OpenAPI: an asynchronous client that depends on aiohttp alone.

A library of its own: it imports nothing from the integration, so the folder can be copied into any project.
"""

from .client import EnergyLevel, OpenApiClient, decode_answer, normalize_base_url, sign
from .exceptions import (
    OpenApiAnswerError,
    OpenApiAuthError,
    OpenApiConnectionError,
    OpenApiError,
    OpenApiNoDataError,
    OpenApiPermissionError,
    OpenApiQuotaError,
    OpenApiRequestError,
    OpenApiThrottledError,
)
from .models import (
    HOURS,
    MAX_CHANNELS,
    MAX_PHASES,
    BatchEnergy,
    BatchPower,
    ChannelDay,
    Ecu,
    EcuDay,
    Inverter,
    InverterDay,
    Series,
    Summary,
    SystemDetails,
)

__all__ = [
    "HOURS",
    "MAX_CHANNELS",
    "MAX_PHASES",
    "BatchEnergy",
    "BatchPower",
    "ChannelDay",
    "Ecu",
    "EcuDay",
    "EnergyLevel",
    "Inverter",
    "InverterDay",
    "OpenApiAnswerError",
    "OpenApiAuthError",
    "OpenApiClient",
    "OpenApiConnectionError",
    "OpenApiError",
    "OpenApiNoDataError",
    "OpenApiPermissionError",
    "OpenApiQuotaError",
    "OpenApiRequestError",
    "OpenApiThrottledError",
    "Series",
    "Summary",
    "SystemDetails",
    "decode_answer",
    "normalize_base_url",
    "sign",
]
