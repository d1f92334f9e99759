"""From a sealed arrival to a catalogued instance."""
