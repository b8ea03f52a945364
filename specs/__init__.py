"""Robots, worlds and temporal properties, as data."""
