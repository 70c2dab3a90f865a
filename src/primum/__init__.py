"""Primum measures whether a language model is safe and ethical in medicine."""

__version__ = "0.1.0"
