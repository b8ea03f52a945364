"""The standard library of skill contracts, as data."""
