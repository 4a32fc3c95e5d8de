"""What others do to make a network small, on the same clips and by the same rule (`proofboard bench compression`)."""
