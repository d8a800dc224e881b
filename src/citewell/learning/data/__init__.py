"""Training data: examples, where they come from, how they are split, and what must not leak. Torch-free."""
