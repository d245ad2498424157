"""This package reads the tensors of a file of weights by name. It never runs code from a file."""
