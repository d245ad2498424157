"""This package makes the report on films at a path."""
