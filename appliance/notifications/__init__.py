"""What the box tells the clinic, by page, mail and webhook: closed sentences, a number at most, never of a patient."""
