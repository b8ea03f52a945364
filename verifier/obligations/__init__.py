"""What a chain owes: one file per rule."""
