"""The folder of the C sources, found through this package in a checkout and in a wheel alike."""
