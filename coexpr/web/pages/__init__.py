"""One module per page: what it asks, and the template that shows it."""
