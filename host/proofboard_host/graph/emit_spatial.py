"""Convolutions, pools and `Add` in C."""
