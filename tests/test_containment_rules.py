"""Every rule of the judge of containment alone (found wanting by tests/benchmarks/mutants.py)."""
