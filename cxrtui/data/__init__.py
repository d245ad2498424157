"""X-rays in: sources, labels, splits, the prepared store, feeding and augmentation. Knows nothing of training."""
