"""The process that scanners talk to: it holds a public key and no other."""
