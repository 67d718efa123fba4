"""Tests of the package `history` that need no Home Assistant."""
