"""What is done with the trail besides keeping it: looked through each day, anchored on paper, sent elsewhere."""
