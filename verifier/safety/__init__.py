"""Plants, barriers, filter and limits, with their reference meaning."""
