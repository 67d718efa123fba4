"""What a call can raise: one exception for each way in which a caller can react."""


class OpenApiError(Exception):
    """The base of all that a call can raise."""


class OpenApiConnectionError(OpenApiError):
    """No usable answer came: network, TLS, timeout, an HTTP error, or 1000, 5000, 6000: a fault of the cloud."""


class OpenApiAnswerError(OpenApiError):
    """What came is not an answer of this interface: not JSON, of another shape or size, or with an unknown code."""


class OpenApiNoDataError(OpenApiError):
    """1001: nothing (yet) for that period. Not a fault."""


class OpenApiAuthError(OpenApiError):
    """2000 to 2003, 3000 to 3004: the account is unknown, not authorised or expired."""


class OpenApiPermissionError(OpenApiError):
    """2004: the account has no right to this; to its system, or to what not every account may read."""


class OpenApiRequestError(OpenApiError):
    """4000, 4001: a request parameter; wrong credentials or a wrong system id answer the same."""


class OpenApiQuotaError(OpenApiError):
    """2005: the account's calls of the month are spent."""


class OpenApiThrottledError(OpenApiError):
    """7000 to 7003, or HTTP status 429: the server asks to wait."""
