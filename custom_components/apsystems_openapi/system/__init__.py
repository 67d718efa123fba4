"""The state of one system, and the decisions that follow from it."""
