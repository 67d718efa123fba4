"""Tests of the demo's own parts; `scripts/demo --check` tests the whole."""
