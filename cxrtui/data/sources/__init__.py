"""This package reads what a user names as data, and returns films with findings and patients."""
