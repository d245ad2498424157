"""The report on films at a path."""
