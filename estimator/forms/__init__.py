"""The form of one run, its table of fields, and the runs to start from."""
