"""Sealed arrivals between the receiver and intake."""
