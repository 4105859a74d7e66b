"""A trained model as one HTML page: its layer list, its weights, some examples, and the JavaScript that runs it."""
