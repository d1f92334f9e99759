"""What leaves the box for good: a patient's package, and the whole archive in open formats."""
