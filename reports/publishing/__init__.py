"""What is final: a period signed off, an edition, what a correction moves in it."""
