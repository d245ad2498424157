"""The four screens and the questions they ask."""
