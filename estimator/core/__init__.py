"""What is emitted: pure arithmetic on NumPy and pydantic, with no framework, no I/O and no clock."""
