"""The base model: what it is, where it computes, how it is loaded and written."""
