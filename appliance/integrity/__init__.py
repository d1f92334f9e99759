"""Whether what the box keeps, and what its backups keep, is what was stored: read, proved, repaired, made again."""
