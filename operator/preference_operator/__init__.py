"""Watches PreferenceJobs and makes Jobs."""
