"""This package computes numbers about films and patients: estimates with uncertainty, ranking, operating points.

Each file holds one topic. The functions take arrays and return numbers. Nothing here reads a file, opens an image or
imports JAX, so that the data's reports and the evaluation use the same definitions.
"""
