"""X-rays in: sources, labels, splits, the prepared store, the loader and augmentation. Knows nothing of training."""
