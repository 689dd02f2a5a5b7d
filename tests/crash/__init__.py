"""Many cases at once while processes are killed: generator, nemesis, history, checker."""
