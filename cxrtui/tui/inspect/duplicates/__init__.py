"""The Duplicates screen: copies of films as pairs, and what the user says of them, written as settings."""
