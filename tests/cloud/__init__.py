"""Tests of the client, its parsers and its models."""
