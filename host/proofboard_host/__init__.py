"""What is known without a board: recordings, features, networks, the integer `Graph` and the C made from it."""
