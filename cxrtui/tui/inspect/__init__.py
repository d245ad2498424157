"""The Data screen: it reports on the films at a path, and sets up a training on them."""
