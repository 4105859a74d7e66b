"""How good a trained model is, and what it has learned: studies, measures of generators, figures."""
