"""The service on a cluster of machines, by Ray Serve: with the extra `cluster`."""
