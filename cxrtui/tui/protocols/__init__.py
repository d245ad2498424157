"""Protocols: the list of all, and the table of one with its trainings."""
