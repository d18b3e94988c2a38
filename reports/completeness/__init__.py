"""报送情况: who has reported and when, who is reminded, and what is still short of its target."""
