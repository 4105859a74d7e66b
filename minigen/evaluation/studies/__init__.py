"""Studies: what a trained model is for, tried once on the test set when training is done.

One file per study. A study takes (model, data, validation) and returns a Finding: numbers for the last lines of
the command and for metrics.jsonl, remarks, and figures for the run folder. A model names its own in `Model.study`.
"""
