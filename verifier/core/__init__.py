"""The values that every stage shares: spans, diagnostics, units, terms, obligations, verdicts."""
