"""A trained model in use: loading a run, sampling, encoding, restoring; runs side by side."""
