"""Suites: named sets of items, and files in Primum's own format."""
