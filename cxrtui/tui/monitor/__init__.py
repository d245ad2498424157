"""The Monitor screen: it shows one run while it trains or after it ended."""
