"""Data: the report on films at a path, and from it a training."""
