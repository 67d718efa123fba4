"""Exceptions of the client: one class for each way in which a caller can react (`api.md` §4)."""


class OpenApiError(Exception):
    """Base of every exception that a method of the client raises."""

    code: int | None
    """Response code of the vendor, for example 2005; None when the response had none or never arrived."""

    def __init__(self, message: str = "", code: int | None = None) -> None:
        """Take a message without ids or secrets, and the vendor's response code."""
        super().__init__(message)
        self.code = code


class OpenApiConnectionError(OpenApiError):
    """The cloud was not reached or failed: network, TLS, timeout, HTTP 5xx, or code 1000, 5000 or 6000."""


class OpenApiAnswerError(OpenApiError):
    """The response is not one of the OpenAPI: not JSON, too large, of the wrong shape, or with an unknown code."""


class OpenApiNotFoundError(OpenApiAnswerError):
    """HTTP 404: the server has no such path. Of a battery's calls it can mean the other prefix (`api.md` §3)."""


class OpenApiNoDataError(OpenApiError):
    """Code 1001: the cloud has no data for this period, or none yet. Not a failure."""


class OpenApiAuthError(OpenApiError):
    """Codes 2000 to 2003 and 3000 to 3004: the account is unknown, not authorized or expired."""


class OpenApiPermissionError(OpenApiError):
    """Code 2004: the account has no permission for this system, or for an endpoint that not every account has."""


class OpenApiRequestError(OpenApiError):
    """Codes 4000 and 4001: invalid parameter. A wrong signature, App ID, App Secret or System ID gives 4000 as well."""


class OpenApiQuotaError(OpenApiError):
    """Code 2005: the monthly quota of the App ID is spent."""


class OpenApiThrottledError(OpenApiError):
    """Codes 7000 to 7003 or HTTP 429: too many requests, or the server is busy. Wait before the next call."""
