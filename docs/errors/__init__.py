"""One page for each code, as data."""
