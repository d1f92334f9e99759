"""How long tests wait for what has to happen: far longer than it takes, since a busy machine is slow and not broken."""

PATIENCE = 8.0  # times what it takes on an idle machine
