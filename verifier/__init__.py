"""Proves that robot skills compose, and emits the guard that keeps what was proved."""
