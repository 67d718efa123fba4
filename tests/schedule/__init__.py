"""The schedule: plans, quota and sun, without Home Assistant."""
