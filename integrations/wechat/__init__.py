"""WeChat's server API for a mini-program, behind the ports."""
