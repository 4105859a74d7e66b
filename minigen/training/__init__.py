"""Training a model: the loop, checkpoints, run folders, and what is printed."""
