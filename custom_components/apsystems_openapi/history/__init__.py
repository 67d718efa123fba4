"""Long-term statistics: which rows, and how they reach the recorder."""
