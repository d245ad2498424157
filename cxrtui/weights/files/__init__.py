"""Files of weights as tensors by name, whatever wrote them; nothing that is in a file is ever run."""
