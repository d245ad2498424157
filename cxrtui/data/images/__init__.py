"""One file to grey values, and what is said of it on the way."""
