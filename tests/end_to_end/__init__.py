"""A real Home Assistant as a process."""
