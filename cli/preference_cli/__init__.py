"""The command line: `preference` and `kubectl preference`."""
