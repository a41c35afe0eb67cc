"""PreferenceJobs in a cluster, read and changed with the user's own rights."""
