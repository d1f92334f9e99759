"""How the box itself does: its disk, how long that lasts, and telling the clinic in time."""
