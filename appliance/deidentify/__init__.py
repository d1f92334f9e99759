"""What a laboratory gets: studies that were given to it, under pseudonyms."""
