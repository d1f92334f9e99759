"""Devices that may send: unknown senders, approval, the admission file."""
