"""Finds verdicts and their evidence; nothing here is trusted."""
