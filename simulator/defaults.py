"""Credentials and id that the simulator has unless others are given. Plain Python 3.11, as `options` is."""

DEFAULT_APP_ID = "0123456789abcdef0123456789abcdef"
DEFAULT_APP_SECRET = "s3cr3tS3cr3t"  # noqa: S105
DEFAULT_SID = "AB12345C6D7E"
