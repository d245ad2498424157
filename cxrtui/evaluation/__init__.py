"""Judging a network: predictions, the metrics clinicians read, and the classification of chosen files."""
