"""Monitor: one run while it trains, or after."""
