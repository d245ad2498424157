"""Weights: the shelf, and what can come onto it."""
