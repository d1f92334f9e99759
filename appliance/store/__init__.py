"""The store: the encrypted catalogue and the vault of sealed files."""
