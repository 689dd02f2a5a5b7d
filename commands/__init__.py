"""What ``zhangban`` can be told to do besides serving and working."""
