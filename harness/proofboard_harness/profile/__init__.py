"""Where the cycles of an image go: by layer, by function, by path of calls."""
