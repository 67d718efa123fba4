"""What is known of one system, and what follows from it."""
