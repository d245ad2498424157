"""This package evaluates a network: predictions, the metrics that clinicians read, and classification of files."""
