"""The contract between the manifest, the operator, the trainer and the command line."""
