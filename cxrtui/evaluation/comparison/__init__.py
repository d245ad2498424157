"""Compares runs: results with intervals, paired differences on the same films, and what speaks against a comparison.

`compare.Comparer` does all of it from snapshots of runs and the files in their folders; nothing here imports JAX.
"""
