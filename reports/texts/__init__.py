"""What is reported in words: who owes which text, its moves, its files."""
