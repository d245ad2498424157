"""Runs: every run of the workspace."""
