"""Finds verdicts and their evidence. Not trusted: `check` judges what is found here."""
