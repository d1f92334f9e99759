"""What every web app here shares: answers to faults, headers, security."""
