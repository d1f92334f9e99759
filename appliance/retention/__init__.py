"""How long scans are kept, who may end that, and ending it for good."""
