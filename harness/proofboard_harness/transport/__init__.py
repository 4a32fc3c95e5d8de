"""Byte streams to a target, and what can go wrong on them."""
