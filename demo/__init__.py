"""A simulated cloud and a real Home Assistant on one machine."""
