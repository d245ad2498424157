"""The Evaluate view of a run: its evaluations, each with intervals, curves, groups and warnings."""
