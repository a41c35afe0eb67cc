"""Runs in the pod: check, train, evaluate."""
