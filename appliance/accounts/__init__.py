"""People and machines that may come in: passwords, second factors, sessions, tokens."""
