"""Takes out of a dataset what says whose it is."""
