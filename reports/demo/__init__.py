"""The demonstration: invented people and figures of both campaigns, the same on every machine."""
