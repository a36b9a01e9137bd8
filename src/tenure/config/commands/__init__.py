"""The commands of `tenure`, by subject. Each is a thin door: read arguments, call one service, print."""
