"""What whoever runs an installation asks of it: is it ready, how busy, what is wrong, keep a copy of all of it."""
