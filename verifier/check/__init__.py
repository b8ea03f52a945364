"""Judges certificates: exact rationals, no solver, no float; all that an auditor must read."""
