"""Classify: chosen films, and what a model says of them."""
