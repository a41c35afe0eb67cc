"""The pairs: read, understood, cleaned, split, cached and turned into tokens."""
