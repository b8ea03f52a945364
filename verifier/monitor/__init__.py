"""Temporal properties and skill gates as bounded programs, with their reference meaning."""
