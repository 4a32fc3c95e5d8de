"""What is done with a board: build, flash, stream, compare, measure and report."""
