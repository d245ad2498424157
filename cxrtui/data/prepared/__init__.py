"""This package turns a configuration into films for training: it reads, splits and stores them as arrays."""
