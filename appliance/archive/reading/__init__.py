"""What people read of the archive: rows for lists and pages."""
