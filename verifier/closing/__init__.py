"""From a gap, or from two ends alone, to a change of the source that is judged in full."""
