"""The folder of the boards, found through this package in a checkout and in a wheel alike."""
