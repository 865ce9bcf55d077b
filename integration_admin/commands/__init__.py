"""The command line's commands, grouped by what they act on."""
