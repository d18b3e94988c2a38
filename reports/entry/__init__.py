"""填报: one report from the empty form to what is checked in it."""
