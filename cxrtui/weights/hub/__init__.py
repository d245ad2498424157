"""This package lists published weights and fetches them from Hugging Face. It imports no JAX."""

from cxrtui.weights.hub.fetching import PARTIAL, fetch, forget, not_fetched_offline, offline, partial_file
from cxrtui.weights.hub.published import Published, catalogue, find

__all__ = [
    "PARTIAL",
    "Published",
    "catalogue",
    "fetch",
    "find",
    "forget",
    "not_fetched_offline",
    "offline",
    "partial_file",
]
