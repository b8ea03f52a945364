"""Judges certificates: exact rationals, no solver, no float."""
