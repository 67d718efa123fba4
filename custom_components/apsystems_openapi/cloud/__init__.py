"""The vendor's OpenAPI: a client that depends on aiohttp alone."""
