"""One trainer for every model: run folders, checkpoints, figures."""
