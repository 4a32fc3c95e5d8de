"""Search for the smallest network that keeps accuracy: candidates, how they are trained, and which of them wins."""
