"""In and out: one folder per source or channel. `files` reads people's files into the application store."""
