"""PostgreSQL and Valkey from Python wheels, and the supervisor that keeps programs running."""
