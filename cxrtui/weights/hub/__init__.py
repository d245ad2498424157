"""Published weights: which there are, and how they come here from Hugging Face. Imports no JAX."""

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
