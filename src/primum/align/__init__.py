"""Training an adapter: examples, recipe, supervised fine-tuning, preference optimisation, the adapter's folder."""
