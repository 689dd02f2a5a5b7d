"""The facts of documents, read from what a step has left in the database."""
