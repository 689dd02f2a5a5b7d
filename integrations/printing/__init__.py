"""Documents on paper: A4, PDF, the font embedded, the same bytes for the same content."""
