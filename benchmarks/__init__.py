"""Speed and memory, measured against real peers; run by `make bench`."""
