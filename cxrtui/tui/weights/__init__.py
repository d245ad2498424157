"""The Weights screen: it shows the shelf and the published weights, and fetches, ports, checks and removes."""
