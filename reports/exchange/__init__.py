"""Figures in and out as files: uploads, past attachments, imports; exports and the flat table."""
