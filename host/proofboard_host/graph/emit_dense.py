"""`Dense` in C."""
