"""Proposes changes that make a refuted chain hold; the judge is passed in."""
