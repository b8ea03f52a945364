"""Verdicts for readers: one file per format."""
