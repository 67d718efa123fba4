"""Tests of the system package."""
