"""Every rule of the judge of motions alone (found wanting by tests/benchmarks/mutants.py)."""
