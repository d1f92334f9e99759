"""Recovery: which kits were printed and who keeps them, and the drills that showed that they open the box."""
