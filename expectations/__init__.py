"""Validation suites, one per source shape, and the expectations of our own that they use."""
