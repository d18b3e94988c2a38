"""审核: what waits for a decision, what is odd about it, and what is asked and answered."""
