"""Numbers about films and patients: estimates with their uncertainty, ranking, operating points.

One file holds one topic. The functions take arrays and give numbers; nothing here reads a file, opens an image or
imports JAX, so that the data's reports and the evaluation stand on the same definitions.
"""
