"""What happened, in order, chained so that a change shows."""
