"""The dashboard. Textual is imported in this room and nowhere else; JAX is not, except by its worker threads."""
