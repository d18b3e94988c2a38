"""Briefs (简报) and summaries: text that is written from the numbers of an edition and stays bound to them."""
