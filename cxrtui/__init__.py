"""cxrtui: from a folder of labelled chest X-rays to a COVID-19 classifier you have reason to believe.

Importing the package imports nothing heavy: JAX, Textual and click are loaded by the rooms that need them.
"""

__version__ = "0.1.0"

RESEARCH_ONLY = "Research use only, not for diagnosis."
