"""Recorded runs: what stands in a trace, and what the properties say of it."""
