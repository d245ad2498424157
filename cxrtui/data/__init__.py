"""This package reads X-rays: sources, labels, splits, the prepared store, the loader and augmentation."""
