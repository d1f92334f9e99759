"""What the box does by itself: which job is due when, running it, and the record of how it went."""
