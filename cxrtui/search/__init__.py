"""Searches settings: trials are ordinary runs, measured on validation films and chosen by Optuna."""
