"""From what a user names as data to films with findings and patients."""
