"""Checks of the project itself: texts, tables, versions and wording."""
