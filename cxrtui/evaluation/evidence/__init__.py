"""This package looks for what a classifier's answers rest on."""
